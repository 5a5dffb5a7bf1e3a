"""Second factors: set up, asked for at login, needed by operators, removed by an administrator."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from tests.accounts.conftest import PASSWORD, totp
from tests.dashboard.merchants import Merchant

LogIn = Callable[..., Client]


def set_up_app(client: Client) -> str:
    """Set up an authenticator app. Returns its secret."""
    page = client.get("/account/second-factor/totp/activate/").content.decode()
    (secret,) = re.findall(r'id="totp-secret">(\w+)<', page)
    # An earlier code, so that the current one is unused.
    answer = client.post("/account/second-factor/totp/activate/", {"code": totp(secret, at=time.time() - 30)})
    assert answer.headers["Location"] == "/account/second-factor/recovery-codes/"
    return secret


@pytest.fixture
def secret(acorn: Merchant, log_in: LogIn) -> str:
    """Alice's authenticator app; she has logged out."""
    client = log_in(acorn.owner)
    secret = set_up_app(client)
    client.post("/logout/")
    return secret


def test_code_of_the_app_is_asked_for_and_works_once(acorn: Merchant, client: Client, secret: str) -> None:
    sent = {"username": "alice@acorn.example", "password": PASSWORD, "next": "/s/acorn/issues/"}
    assert client.post("/login/", sent).headers["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/s/acorn/").status_code == 302
    code = totp(secret)
    assert "Incorrect code" in client.post("/account/second-factor/authenticate/", {"code": "000000"}).content.decode()
    answer = client.post("/account/second-factor/authenticate/", {"code": code})
    assert answer.headers["Location"] == "/s/acorn/issues/"
    assert client.get("/s/acorn/").status_code == 200
    assert AuditEvent.objects.get(action="login", detail__steps=["password", "totp"]).ip_address == "127.0.0.1"
    assert AuditEvent.objects.filter(action="second_factor.failed", user=acorn.owner).count() == 1
    client.post("/logout/")
    client.post("/login/", sent)
    assert "Incorrect code" in client.post("/account/second-factor/authenticate/", {"code": code}).content.decode()


def test_recovery_code_works_once_and_secrets_are_encrypted(acorn: Merchant, client: Client, secret: str) -> None:
    app = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(app.data)
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    sent = {"username": "alice@acorn.example", "password": PASSWORD}
    for expected in (302, 200):
        client.post("/login/", sent)
        assert client.post("/account/second-factor/authenticate/", {"code": codes[0]}).status_code == expected
        client.post("/logout/")


def test_guesses_of_codes_are_limited_for_the_account(acorn: Merchant, client: Client, secret: str) -> None:
    client.post("/login/", {"username": "alice@acorn.example", "password": PASSWORD})
    for number in range(5):
        client.post(
            "/account/second-factor/authenticate/", {"code": f"00000{number}"}, REMOTE_ADDR=f"203.0.113.{number}"
        )
    page = client.post("/account/second-factor/authenticate/", {"code": totp(secret)}).content.decode()
    assert "Too many attempts" in page


def test_setting_up_asks_for_the_password_and_is_announced(
    acorn: Merchant, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(acorn.owner)
    answer = client.get("/account/second-factor/totp/activate/")
    assert answer.headers["Location"].startswith("/account/confirm/")
    assert "Incorrect password" in client.post("/account/confirm/", {"password": "guess"}).content.decode()
    assert AuditEvent.objects.filter(action="login.failed").count() == 1
    client.post("/account/confirm/", {"password": PASSWORD})
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client)
    assert {message.subject for message in mail.outbox} >= {"An authenticator app was added"}
    text, html = mail.outbox[0].body, mail.outbox[0].alternatives[0].content
    assert "1. Reset your password: http" in text and "<p>" in html and "/account/sessions/" in html
    assert AuditEvent.objects.filter(action="second_factor.add", user=acorn.owner).exists()


@pytest.fixture
def operator(db: None, settings: Any) -> User:
    settings.OPERATORS_NEED_SECOND_FACTOR = True
    return User.objects.create_user("operator@hub.example", PASSWORD, is_staff=True, is_superuser=True)


def test_operators_set_up_a_second_factor_before_anything_else(operator: User, log_in: LogIn) -> None:
    client = log_in(operator)
    for address in ("/admin/", "/", "/admin/accounts/user/", "/account/notifications/", "/account/invitation/x/"):
        assert client.get(address).headers["Location"] == "/account/second-factor/", address
    assert "Operators need a second factor" in client.get("/account/second-factor/").content.decode()
    set_up_app(client)
    assert client.get("/admin/").status_code == 200
    page = client.post("/account/second-factor/totp/deactivate/").content.decode()
    assert "Operators need a second factor" in page
    assert Authenticator.objects.filter(type="totp").exists()


@pytest.mark.parametrize(
    ("environment", "email", "expected"),
    [("staging", "admin@sellercenter.net", 200), ("live", "admin@sellercenter.net", 302), ("staging", "a@b.c", 302)],
)
def test_only_the_shared_admin_of_staging_is_exempt(
    db: None, settings: Any, client: Client, environment: str, email: str, expected: int
) -> None:
    settings.OPERATORS_NEED_SECOND_FACTOR = True
    settings.ENVIRONMENT = environment
    client.force_login(User.objects.create_user(email, is_staff=True, is_superuser=True))
    assert client.get("/admin/").status_code == expected


def test_administrator_removes_lost_second_factors_and_sessions_end(acorn: Merchant, log_in: LogIn) -> None:
    client = log_in(acorn.owner)
    set_up_app(client)
    chief = Client()
    chief.force_login(User.objects.create_user("chief@hub.example", is_staff=True, is_superuser=True))
    address = reverse("admin:accounts_user_reset_second_factor", args=[acorn.owner.pk])
    chief.post(address, {"_form_submitted": "on"})
    assert not Authenticator.objects.exists()
    assert client.get("/s/acorn/").status_code == 302
    event = AuditEvent.objects.get(action="user.second_factor")
    assert event.user is not None and event.user.email == "chief@hub.example"


def test_command_removes_second_factors(acorn: Merchant, secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reset_second_factor", "Alice@acorn.example")
    assert not Authenticator.objects.exists()
    assert "removed" in capsys.readouterr().out
