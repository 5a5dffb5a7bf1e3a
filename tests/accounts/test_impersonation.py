"""Support views the dashboard as a member of a seller, and the audit log says who did what."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, AuditEvent, User
from tests.dashboard.merchants import Merchant


@pytest.fixture
def support(db: None) -> Client:
    user = User.objects.create_user("sue@hub.example", is_staff=True)
    for name in ("view_user", "impersonate_user"):
        user.user_permissions.add(Permission.objects.get(content_type__app_label="accounts", codename=name))
    client = Client()
    client.force_login(user)
    return client


OWNERS_PAGES = ("begin", "mapping/save", "transformation/change", "authorize")


def start(client: Client, user: User, **answers: Any) -> int:
    address = reverse("admin:accounts_user_impersonate", args=[user.pk])
    return client.post(address, {"_form_submitted": "on", "reason": "ticket 7"} | answers).status_code


def test_support_looks_but_changes_nothing(acorn: Merchant, support: Client) -> None:
    assert support.get("/s/acorn/").status_code == 404
    start(support, acorn.owner)
    page = support.get("/s/acorn/issues/").content.decode()
    assert "alice@acorn.example</strong>" in page and "Read-only." in page
    assert support.post("/s/acorn/issues/act/", {"action": "resolve", "issue": acorn.issues[0].pk}).status_code == 403
    event = AuditEvent.objects.get(action="impersonation.start")
    assert event.detail == {"reason": "ticket 7", "may_change": False}
    # The console and the operator's own account stay the operator's.
    assert support.get("/admin/accounts/apikey/").status_code == 403
    assert "sue@hub.example" in support.get("/account/email/").content.decode()
    support.post("/account/impersonation/end/")
    assert support.get("/s/acorn/").status_code == 404
    assert AuditEvent.objects.filter(action="impersonation.end").exists()


def test_changes_are_recorded_in_the_operators_name_and_keys_stay_closed(acorn: Merchant, support: Client) -> None:
    start(support, acorn.owner, may_change="on")
    sent = {"action": "resolve", "issue": acorn.issues[0].pk}
    assert support.post("/s/acorn/issues/act/", sent).status_code == 302
    event = AuditEvent.objects.get(action="issue.resolve")
    assert (str(event.user), event.detail["as"]) == ("sue@hub.example", f"user {acorn.owner.pk}")
    sent = {"name": "mine", "scopes": ["sync:read"], "days": 90}
    assert support.post("/s/acorn/settings/keys/", sent).status_code == 403
    assert support.post("/s/acorn/team/invite/", {"email": "x@y.example", "role": "owner"}).status_code == 403
    assert not ApiKey.objects.exists()
    for page in OWNERS_PAGES:
        assert support.post(f"/s/acorn/connections/acorn-shop/{page}/").status_code == 403, page
    assert support.post(f"/s/acorn/customers/{acorn.customer.pk}/erase/").status_code == 403


def test_personal_data_are_not_taken_away(acorn: Merchant, support: Client) -> None:
    start(support, acorn.owner)
    assert support.get(f"/s/acorn/customers/{acorn.customer.pk}/").status_code == 200
    assert support.get(f"/s/acorn/customers/{acorn.customer.pk}/export/").status_code == 403
    assert not AuditEvent.objects.filter(action="privacy.export").exists()


def test_reason_is_required_and_it_ends_after_an_hour(
    acorn: Merchant, support: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(support, acorn.owner, reason="")
    assert support.get("/s/acorn/").status_code == 404
    start(support, acorn.owner)
    assert support.get("/s/acorn/").status_code == 200
    monkeypatch.setattr("accounts.impersonation.time.time", lambda: 4_000_000_000.0)
    assert support.get("/s/acorn/").status_code == 404


def test_nobody_gains_rights(acorn: Merchant, support: Client) -> None:
    colleague = User.objects.create_user("chief@hub.example", is_staff=True)
    assert start(support, colleague) == 403
    start(support, acorn.owner)
    User.objects.filter(pk=acorn.owner.pk).update(is_staff=True)
    assert support.get("/s/acorn/").status_code == 404
    other = Client()
    other.force_login(colleague)
    assert start(other, acorn.viewer) == 403


def test_audit_log_is_searched_and_downloaded(acorn: Merchant) -> None:
    admin_client = Client()
    admin_client.force_login(User.objects.create_user("chief@hub.example", is_staff=True, is_superuser=True))
    AuditEvent.objects.create(action="login", target="user 5", ip_address="203.0.113.9", detail={"text": "=1+1"})
    AuditEvent.objects.create(action="sync.start", target="job 1", ip_address="198.51.100.1")
    for query in ("203.0.113", '"user 5"', "login"):
        page = admin_client.get("/admin/accounts/auditevent/", {"q": query}).content.decode()
        assert "203.0.113.9" in page and "198.51.100.1" not in page, query
    rows = [str(event.pk) for event in AuditEvent.objects.all()]
    answer = admin_client.post("/admin/accounts/auditevent/", {"action": "export_selected", "_selected_action": rows})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "203.0.113.9" in text and "198.51.100.1" in text and "sync.start" in text
    assert AuditEvent.objects.filter(action="audit.export").exists()
    assert admin_client.post("/admin/accounts/auditevent/1/delete/", {"post": "yes"}).status_code == 403
