"""What each role may do on every page of the console, from the table in accounts/roles.py, and what only
administrators may do: nobody gains rights there, or takes over a stronger account."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.admin_access import SCOPE_PERMISSIONS
from accounts.models import ApiKey, AuditEvent, Membership, User
from accounts.roles import ROLE_PERMISSIONS, Role, write_role_groups
from accounts.services import SCOPES, create_api_key, find_api_key
from tests.admin.conftest import Console
from tests.admin.sample_rows import fill
from tests.two_sellers import TwoSellers, make_person

OWN_APPS = ("accounts", "auth", "catalog", "connectors", "hub", "orders", "staging_copy", "synclog")
# Only administrators change these, whatever permissions somebody has.
ADMINISTRATORS_CHANGE = {"auth.group"}
PASSWORD = "correct horse battery"


def log_in(user: User) -> Console:
    client = Console()
    client.force_login(user)
    return client


def staff(*permissions: str, email: str = "staff@hub.example") -> Console:
    user = make_person(email, is_staff=True)
    pairs = [permission.split(".") for permission in permissions]
    for app, name in pairs:
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=name))
    return log_in(user)


def staff_with_every_permission() -> Console:
    user = make_person("strong@hub.example", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return log_in(user)


def page(model: Any, what: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


def detail_actions(page_admin: Any) -> Iterator[tuple[str, bool]]:
    """Name of each detail action, and whether it needs more than the permission to view."""
    for entry in getattr(page_admin, "actions_detail", ()):
        for name in entry["items"] if isinstance(entry, dict) else [entry]:
            yield name, "view" not in getattr(page_admin, name).allowed_permissions


@pytest.mark.parametrize("role", Role)
def test_role_may_do_what_the_table_says_on_every_page(two_sellers: TwoSellers, role: Role) -> None:
    fill(two_sellers)
    write_role_groups()
    user = make_person("person@hub.example", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = log_in(user)
    request = client.get("/admin/").wsgi_request
    for model, page_admin in admin.site._registry.items():
        verbs = ROLE_PERMISSIONS[role].get(model._meta.label_lower, "").split()
        expected = {
            "list": 200 if "view" in verbs else 403,
            "add": 200 if "add" in verbs and page_admin.has_add_permission(request) else 403,
        }
        found = {
            "list": client.get(page(model, "changelist")).status_code,
            "add": client.get(page(model, "add")).status_code,
        }
        assert found == expected, (role, model)
        if "add" not in verbs:
            assert not page_admin.has_add_permission(request), model
        row = model._default_manager.first()
        if row is None or model._meta.app_label not in OWN_APPS:
            continue
        for name in page_admin.actions:
            needed = set(getattr(page_admin, name).allowed_permissions)
            if "change" not in verbs and not needed <= {"view", *verbs}:
                before = AuditEvent.objects.count()
                client.post(page(model, "changelist"), {"action": name, "_selected_action": [row.pk]})
                assert name not in page_admin.get_actions(request), (model, name)
                assert AuditEvent.objects.count() == before, (model, name)
        shown = client.get(page(model, "change", row.pk))
        assert shown.status_code == expected["list"], model
        if "change" not in verbs:
            assert b'name="_save"' not in shown.content and b'name="action"' not in shown.content, model
            assert client.post(page(model, "change", row.pk), {}).status_code == 403, model
        if "delete" not in verbs:
            assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
        for name, changes in detail_actions(page_admin):
            if "change" not in verbs and (changes or "view" not in verbs):
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=[row.pk])
                assert client.post(address, {"_form_submitted": "on"}).status_code == 403, (model, name)


def test_table_names_only_models_of_the_console_and_no_change_reserved_for_administrators() -> None:
    registered = {model._meta.label_lower for model in admin.site._registry}
    for role, table in ROLE_PERMISSIONS.items():
        assert table.keys() <= registered, role
        changed = {label for label, verbs in table.items() if set(verbs.split()) - {"view", "export"}}
        assert not changed & (ADMINISTRATORS_CHANGE | {"accounts.user", "accounts.apikey", "accounts.auditevent"})


def test_operators_may_do_all_that_pages_offer_but_what_is_reserved() -> None:
    """What alerts and documents tell people to do, they do by actions of these pages."""
    reserved = ADMINISTRATORS_CHANGE | {"accounts.user", "accounts.apikey"}
    # A permission of their own.
    reserved |= {f"staging_copy.{name}" for name in ("backup", "copy", "copyschedule", "dryrun")}
    for model, page_admin in admin.site._registry.items():
        label = model._meta.label_lower
        if model._meta.app_label not in OWN_APPS or label in reserved:
            continue
        actions = [name for name, changes in detail_actions(page_admin) if changes]
        actions += [name for name in page_admin.actions if "operate" in getattr(page_admin, name).allowed_permissions]
        assert not actions or "change" in ROLE_PERMISSIONS[Role.OPERATOR].get(label, "").split(), (label, actions)


@pytest.mark.django_db
def test_migrate_creates_the_groups_and_takes_back_added_permissions() -> None:
    write_role_groups()
    group = Group.objects.get(name=Role.SUPPORT)
    group.permissions.add(Permission.objects.get(codename="change_user", content_type__app_label="accounts"))
    write_role_groups()
    names = {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}
    assert "synclog.change_issue" in names and "accounts.change_user" not in names
    assert len(names) == sum(len(verbs.split()) for verbs in ROLE_PERMISSIONS[Role.SUPPORT].values())


def test_groups_and_beat_tasks_are_for_administrators(two_sellers: TwoSellers) -> None:
    write_role_groups()
    client = staff_with_every_permission()
    group = Group.objects.create(name="mine")
    for address in (page(Group, "add"), page(Group, "change", group.pk), page(Group, "delete", group.pk)):
        assert client.post(address, {"name": "mine", "permissions": []}).status_code == 403, address
    for model in (each for each in admin.site._registry if each._meta.app_label == "django_celery_beat"):
        assert client.get(page(model, "changelist")).status_code == 403, model


def test_built_in_role_is_read_only_even_for_an_administrator(operator: Console) -> None:
    write_role_groups()
    group = Group.objects.get(name=Role.AUDITOR)
    assert operator.post(page(Group, "change", group.pk), {"name": "mine"}).status_code == 403


def test_administrator_changes_groups_and_it_is_audited(operator: Console) -> None:
    permission = Permission.objects.get(codename="view_run")
    operator.post(page(Group, "add"), {"name": "watchers", "permissions": [permission.pk]}, REMOTE_ADDR="203.0.113.9")
    event = AuditEvent.objects.get(action="group.add")
    assert event.detail["permissions"] == ["hub.view_run"] and event.ip_address == "203.0.113.9"
    assert event.user is not None and event.user.email == "operator@hub.example"


@pytest.mark.parametrize("strength", ["staff", "administrator", "group", "permission"])
def test_accounts_with_rights_in_the_console_are_for_administrators(two_sellers: TwoSellers, strength: str) -> None:
    flags = {"is_staff": strength == "staff", "is_superuser": strength == "administrator"}
    colleague = make_person("colleague@hub.example", **flags)
    if strength == "group":
        colleague.groups.add(Group.objects.create(name="strong"))
    if strength == "permission":
        colleague.user_permissions.add(Permission.objects.get(codename="view_run"))
    client = staff_with_every_permission()
    assert client.post(page(User, "change", colleague.pk), {"name": "Hijacked"}).status_code == 403
    _assert_password_is_kept(client, colleague)


def test_staff_change_only_name_and_activity_of_members(two_sellers: TwoSellers) -> None:
    owner = two_sellers.north.owner
    client = staff_with_every_permission()
    before = owner.email
    sent = {"name": "Renamed", "email": "thief@x.example", "is_superuser": "on", "is_staff": "on", "is_active": "on"}
    memberships = {
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": str(owner.pk),
        "memberships-0-seller": str(two_sellers.south.seller.pk),
        "memberships-0-role": "owner",
    }
    assert client.post(page(User, "change", owner.pk), sent | memberships).status_code == 302
    owner.refresh_from_db()
    assert (owner.name, owner.email, owner.is_staff, owner.is_superuser) == ("Renamed", before, False, False)
    assert not Membership.objects.filter(user=owner, seller=two_sellers.south.seller).exists()
    assert "pbkdf2" not in client.get(page(User, "change", owner.pk)).content.decode()
    _assert_password_is_kept(client, owner)
    assert client.get(page(User, "add")).status_code == 403


def _assert_password_is_kept(client: Console, user: User) -> None:
    before = User.objects.get(pk=user.pk).password
    sent = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert client.post(f"/admin/accounts/user/{user.pk}/password/", sent).status_code == 403
    assert User.objects.get(pk=user.pk).password == before


def test_staff_cannot_make_themselves_a_member_of_a_seller(two_sellers: TwoSellers) -> None:
    client = staff_with_every_permission()
    me = User.objects.get(email="strong@hub.example")
    address = page(type(two_sellers.north.seller), "change", two_sellers.north.seller.pk)
    sent = client.form_of(address) | {
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": str(me.pk),
        "memberships-0-role": "owner",
        "phone": "123",
    }
    assert client.post(address, sent).status_code == 302
    assert not Membership.objects.filter(user=me).exists()


def test_administrator_sets_rights_and_passwords_and_it_is_audited(operator: Console, two_sellers: TwoSellers) -> None:
    person = make_person("new@hub.example")
    address = page(User, "change", person.pk)
    sent = operator.form_of(address) | {
        "is_staff": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-seller": str(two_sellers.north.seller.pk),
        "memberships-0-role": "viewer",
    }
    assert operator.post(address, sent).status_code == 302
    event = AuditEvent.objects.get(action="user.change")
    assert event.detail["is_staff"] is True and event.detail["fields"] == ["is_staff"]
    added = AuditEvent.objects.get(action="membership.add")
    assert (added.seller, added.detail["role"]) == (two_sellers.north.seller, "viewer")
    address = f"/admin/accounts/user/{person.pk}/password/"
    assert operator.post(address, {"password1": "short", "password2": "short"}).status_code == 200
    operator.post(address, {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert AuditEvent.objects.get(action="user.password").target == f"user {person.pk}"


@pytest.mark.parametrize(
    ("fields", "field", "fix"),
    [
        ({"user": "administrator", "scopes": ["sync:read"]}, "user", "yourself"),
        ({"scopes": ["sync:read"]}, "seller", "Choose a seller"),
        ({"seller": "north", "scopes": ["sync:read", "sync:trigger"]}, "scopes", "ask an administrator"),
    ],
)
def test_staff_cannot_give_a_key_more_than_they_have(
    two_sellers: TwoSellers, fields: dict[str, Any], field: str, fix: str
) -> None:
    people = {"administrator": make_person("chief@hub.example", is_staff=True, is_superuser=True).pk}
    sellers = {"north": two_sellers.north.seller.pk}
    sent = {
        name: (people | sellers).get(value, value) if isinstance(value, str) else value
        for name, value in fields.items()
    }
    client = staff("accounts.add_apikey", "accounts.view_apikey", "hub.view_run")
    answer = client.post(page(ApiKey, "add"), {"name": "mine"} | sent)
    errors = client.errors_of(answer)
    assert list(errors) == [field] and fix in errors[field][0]
    assert not ApiKey.objects.filter(name="mine").exists()


def test_staff_create_a_key_of_a_seller_within_their_own_rights(two_sellers: TwoSellers) -> None:
    client = staff("accounts.add_apikey", "accounts.view_apikey", "hub.view_run")
    sent = {"name": "ours", "seller": two_sellers.north.seller.pk, "scopes": ["sync:read"]}
    assert client.post(page(ApiKey, "add"), sent).status_code == 200
    assert ApiKey.objects.get(name="ours").scopes == ["sync:read"]
    assert SCOPE_PERMISSIONS.keys() == SCOPES.keys()


def test_keys_for_the_installation_and_of_colleagues_are_revoked_by_administrators(two_sellers: TwoSellers) -> None:
    chief = make_person("chief@hub.example", is_staff=True, is_superuser=True)
    keys = {
        "platform": create_api_key(name="platform", scopes=["sync:read"])[0],
        "chief": create_api_key(name="chief", scopes=["sync:read"], user=chief)[0],
        "seller": create_api_key(name="seller", scopes=["sync:read"], seller=two_sellers.north.seller)[0],
    }
    client = staff("accounts.change_apikey", "accounts.view_apikey")
    for name in ("platform", "chief"):
        assert client.do(f"/admin/accounts/apikey/{keys[name].pk}/revoke/").status_code == 403
    client.post(
        page(ApiKey, "changelist"), {"action": "revoke_selected", "_selected_action": [key.pk for key in keys.values()]}
    )
    assert list(ApiKey.objects.exclude(revoked_at=None).values_list("name", flat=True)) == ["seller"]


def test_key_in_an_administrators_name_cannot_be_made_by_calling_the_form_again(two_sellers: TwoSellers) -> None:
    """The check belongs to the form of the request, not to a class that all requests share."""
    chief = make_person("chief@hub.example", is_staff=True, is_superuser=True)
    sent = {"name": "key", "user": chief.pk, "scopes": ["sync:read"]}
    answer = log_in(chief).post(page(ApiKey, "add"), sent)
    (text,) = set(re.findall(r"sc_[0-9a-f]{8}_[\w-]+", answer.content.decode()))
    assert find_api_key(text) is not None
    client = staff("accounts.add_apikey", "hub.view_run")
    assert client.errors_of(client.post(page(ApiKey, "add"), sent)).keys() == {"user"}
