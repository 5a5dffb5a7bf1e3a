"""Single sign-on with a real OpenID Connect provider, in a process of its own (A2)."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client, RequestFactory

from accounts.models import AuditEvent, Membership, User
from accounts.roles import Role, write_role_groups
from accounts.single_sign_on import SingleSignOnAdapter, parse_roles
from tests.accounts.conftest import PASSWORD, use_provider
from tests.dashboard.merchants import Merchant

ROLES = ["chiefs=administrator", "staff=operator", "acorn team=acorn:member", "acorn board=acorn:owner"]


@pytest.fixture
def sso(db: None, issuer: str, settings: Any) -> Callable[..., tuple[Client, str]]:
    """`sso(sub, **claims)`: a client in which the person has logged in at the provider, and where it was sent then."""
    use_provider(settings, issuer)
    write_role_groups()

    def log_in(sub: str, **claims: Any) -> tuple[Client, str]:
        client = Client()
        claims = {"email": f"{sub}@acorn.example", "email_verified": True, "name": sub.capitalize()} | claims
        requests.put(f"{issuer}/users/{sub}", json=claims, timeout=60).raise_for_status()
        at_provider = client.get("/account/oidc/sso/login/?next=/s/acorn/").headers["Location"]
        assert at_provider.startswith(issuer) and "code_challenge=" in at_provider
        back = requests.post(at_provider, data={"sub": sub}, allow_redirects=False, timeout=60).headers["Location"]
        answer = client.get(urlsplit(back)._replace(scheme="", netloc="").geturl())
        return client, answer.headers["Location"]

    return log_in


def test_login_page_offers_it(client: Client, db: None, settings: Any) -> None:
    settings.OIDC_NAME = "Acme ID"
    assert "Log in with Acme ID" not in client.get("/login/").content.decode()
    settings.OIDC_ISSUER = "https://id.example"
    assert "Log in with Acme ID" in client.get("/login/").content.decode()


def test_person_with_an_account_logs_in_and_keeps_it_when_the_address_changes(acorn: Merchant, sso: Any) -> None:
    client, target = sso("alice", email="Alice@Acorn.example")
    assert target == "/s/acorn/" and client.get("/s/acorn/").status_code == 200
    assert AuditEvent.objects.get(action="login").detail["steps"] == ["socialaccount"]
    client, _target = sso("alice", email="alice.married@acorn.example")
    assert client.get("/s/acorn/").status_code == 200
    acorn.owner.refresh_from_db()
    assert acorn.owner.email == "alice@acorn.example" and acorn.owner.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"email": "alice@elsewhere.example"}, "your domain"),
        ({"email": "alice@sub.acorn.example"}, "your domain"),
        ({"email": ""}, "your domain"),
        ({"email_verified": False}, "not confirmed"),
    ],
)
def test_strangers_are_rejected(acorn: Merchant, sso: Any, claims: dict[str, Any], text: str) -> None:
    client, target = sso("alice", **claims)
    assert target == "/login/" and text in client.get("/login/").content.decode()
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.filter(action="sso.rejected").exists()
    assert User.objects.filter(email__startswith="alice").count() == 1


def test_groups_give_and_take_roles(acorn: Merchant, sso: Any, settings: Any) -> None:
    settings.OIDC_ROLES = ROLES
    client, _target = sso("nora", groups=["staff", "acorn team", "unknown"])
    nora = User.objects.get(email="nora@acorn.example")
    assert (nora.is_staff, nora.is_superuser, nora.has_usable_password()) == (True, False, False)
    assert [group.name for group in nora.groups.all()] == [Role.OPERATOR]
    assert Membership.objects.get(user=nora).role == "member"
    assert client.get("/s/acorn/").status_code == 200
    sso("nora", groups=["chiefs", "acorn board", "acorn team"])
    nora.refresh_from_db()
    assert (nora.is_staff, nora.is_superuser, nora.groups.count()) == (True, True, 0)
    assert Membership.objects.get(user=nora).role == "owner"
    client, _target = sso("nora", groups=[])
    nora.refresh_from_db()
    assert (nora.is_staff, nora.is_superuser) == (False, False)
    assert not Membership.objects.filter(user=nora).exists()
    assert AuditEvent.objects.filter(action="sso.roles", user=nora).count() == 3
    # The last owner stays.
    sso("alice", groups=[])
    assert Membership.objects.get(user=acorn.owner).role == "owner"


def test_deactivated_account_stays_out(acorn: Merchant, sso: Any) -> None:
    User.objects.filter(pk=acorn.owner.pk).update(is_active=False)
    client, target = sso("alice")
    assert target == "/account/inactive/" and "_auth_user_id" not in client.session


def test_with_required_sign_on_passwords_of_the_domains_do_not_work(
    acorn: Merchant, sso: Any, settings: Any, client: Client
) -> None:
    settings.OIDC_REQUIRED = True
    sent = {"username": "alice@acorn.example", "password": PASSWORD}
    page = client.post("/login/", sent, follow=True).content.decode()
    assert "Log in with" in page and "_auth_user_id" not in client.session
    own, _target = sso("alice")
    assert "_auth_user_id" in own.session
    # Nor once the address of a linked account is another one, which the person can't bring about alone.
    change = own.post("/account/email/", {"action_add": "", "email": "alice@elsewhere.example"})
    assert "manages this address" in change.content.decode()
    assert not EmailAddress.objects.filter(email="alice@elsewhere.example").exists()
    User.objects.filter(pk=acorn.owner.pk).update(email="alice@elsewhere.example")
    client.post("/login/", sent | {"username": "alice@elsewhere.example"})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("required", "has_password"), [(False, True), (True, True), (False, False)])
def test_account_can_be_unlinked_by_whoever_can_still_log_in(
    acorn: Merchant, sso: Any, settings: Any, required: bool, has_password: bool
) -> None:
    acorn.owner.set_password(PASSWORD if has_password else None)
    acorn.owner.save()
    client, _target = sso("alice")
    assert "Your account is linked to" in client.get("/account/sessions/").content.decode()
    settings.OIDC_REQUIRED = required
    client.post("/account/sessions/unlink/")
    may = has_password and not required
    assert SocialAccount.objects.filter(user=acorn.owner).exists() != may
    assert AuditEvent.objects.filter(action="sso.unlink").exists() == may


def test_address_that_was_given_to_somebody_else_gives_no_access(acorn: Merchant, sso: Any) -> None:
    sso("alice")
    client, target = sso("alice2", email="alice@acorn.example")
    assert target == "/login/" and "Another account" in client.get("/login/").content.decode()
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.get(action="sso.rejected").detail["reason"] == "linked"


@pytest.mark.parametrize(("userinfo", "is_rejected"), [({"email": "alice@acorn.example"}, True), ({}, False)])
def test_confirmation_of_the_address_comes_from_where_the_address_does(
    acorn: Merchant, rf: RequestFactory, settings: Any, userinfo: dict[str, Any], is_rejected: bool
) -> None:
    use_provider(settings, "https://id.example")
    request = rf.get("/")
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    id_token = {"email": "ALICE@acorn.example", "email_verified": True}
    account = SocialAccount(provider="sso", uid="7", extra_data={"userinfo": userinfo, "id_token": id_token})
    login = SocialLogin(user=User(), account=account)
    with context.request_context(request), pytest.raises(ImmediateHttpResponse) if is_rejected else nullcontext():
        SingleSignOnAdapter(request).pre_social_login(request, login)
    assert SocialAccount.objects.filter(user=acorn.owner).exists() == (not is_rejected)


@pytest.mark.parametrize(("counts", "expected"), [(True, 200), (False, 302)])
def test_second_factor_of_the_provider(sso: Any, settings: Any, counts: bool, expected: int) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR, settings.OIDC_HAS_SECOND_FACTOR = True, counts
    settings.OIDC_ROLES = ROLES
    client, _target = sso("olga", email="olga@hub.example", groups=["chiefs"])
    assert client.get("/admin/").status_code == expected


def test_provider_that_does_not_know_the_login_is_not_believed(acorn: Merchant, sso: Any, client: Client) -> None:
    """A callback that this browser did not ask for."""
    assert client.get("/account/oidc/sso/login/callback/?code=forged&state=forged").headers["Location"] == "/login/"
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("word", ["staff", "staff=emperor", "=operator", "staff=acorn:operator"])
def test_invalid_roles_are_reported(word: str, settings: Any) -> None:
    with pytest.raises(ValueError, match="OIDC_ROLES"):
        parse_roles([word])
    settings.OIDC_ISSUER, settings.OIDC_ROLES, settings.OIDC_DOMAINS = "https://id.example", [word], []
    with pytest.raises(SystemCheckError, match=r"OIDC_ROLES[\s\S]*"):
        call_command("check")
