"""Login, logout, password change and error pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts import hashers, throttle
from accounts.client_address import client_address
from accounts.models import AuditEvent, User
from tests.dashboard.merchants import Merchant

PASSWORD = "a long pass phrase"


@pytest.fixture
def alice(acorn: Merchant) -> User:
    acorn.owner.set_password(PASSWORD)
    acorn.owner.save()
    return acorn.owner


def log_in(client: Client, password: str, email: str = "alice@acorn.example") -> object:
    return client.post("/login/?next=/s/acorn/issues/", {"username": email, "password": password})


def test_login_redirects_to_the_requested_page(client: Client, alice: User) -> None:
    response = client.post(
        "/login/", {"username": "Alice@Acorn.example", "password": PASSWORD, "next": "/s/acorn/issues/"}
    )
    assert response.headers["Location"] == "/s/acorn/issues/"
    assert client.get("/s/acorn/issues/").status_code == 200


def test_a_wrong_password_does_not_reveal_whether_the_account_exists(client: Client, alice: User) -> None:
    known = log_in(client, "wrong").content.decode()  # type: ignore[attr-defined]
    unknown = log_in(client, "wrong", "nobody@acorn.example").content.decode()  # type: ignore[attr-defined]
    assert "Incorrect email or password." in known and "Incorrect email or password." in unknown


def fail(client: Client, email: str, ip_address: str, times: int = 1) -> int:
    """Log in with a wrong password from this address. Returns the status of the last response."""
    for _ in range(times):
        response = client.post("/login/", {"username": email, "password": "wrong"}, REMOTE_ADDR=ip_address)
    return response.status_code


def test_after_ten_failures_the_right_password_is_rejected_too(client: Client, alice: User) -> None:
    for _ in range(throttle.FAILURES):
        assert log_in(client, "wrong").status_code == 200  # type: ignore[attr-defined]
    response = log_in(client, PASSWORD)
    assert response.status_code == 429  # type: ignore[attr-defined]
    assert 880 < int(response.headers["Retry-After"]) <= 900  # type: ignore[attr-defined]
    assert "Wait 15 minutes" in response.content.decode()  # type: ignore[attr-defined]
    # Another user at the same IP address is not locked, and the lock ends.
    assert throttle.wait_time("bob@acorn.example", "127.0.0.1") <= timedelta(0)
    AuditEvent.objects.update(at=AuditEvent.objects.latest("at").at - timedelta(minutes=16))
    assert log_in(client, PASSWORD).status_code == 302  # type: ignore[attr-defined]


def test_all_spellings_of_an_address_share_a_limit(alice: User) -> None:
    for _ in range(throttle.FAILURES):
        throttle.record_failure("ALıCE@acorn.example")  # PostgreSQL's upper case of this is that of alice
    assert throttle.wait_time(alice.email, None) > timedelta(0)


def test_failures_are_recorded_without_the_email_address(client: Client, alice: User) -> None:
    log_in(client, "wrong")
    log_in(client, "wrong", "nobody@acorn.example")
    unknown, known = AuditEvent.objects.filter(action="login.failed").order_by("-pk")
    assert "alice" not in known.target and known.detail == {"account": f"user {alice.pk}"}
    assert unknown.detail == {} and unknown.ip_address == "127.0.0.1"


def test_strangers_cannot_lock_an_account_but_slow_each_other_down(client: Client, alice: User) -> None:
    for number in range(3):
        fail(client, alice.email, f"203.0.113.{number}", times=9)
    assert fail(client, alice.email, "203.0.113.0") == 429
    assert timedelta(0) < throttle.wait_time(alice.email, "203.0.113.0") <= throttle.SLOW_DOWN
    # An address that has not failed may always try.
    assert (
        client.post("/login/", {"username": alice.email, "password": PASSWORD}, REMOTE_ADDR="198.51.100.7").status_code
        == 302
    )


@pytest.mark.parametrize("addresses", [["203.0.113.5"], [f"2001:db8:0:7::{n:x}" for n in range(1, 9)]])
def test_one_client_that_tries_many_accounts_meets_a_limit(client: Client, alice: User, addresses: list[str]) -> None:
    answers = [fail(client, f"person{n}@acorn.example", addresses[n % len(addresses)]) for n in range(31)]
    assert answers == [200] * 30 + [429]
    assert throttle.wait_time(alice.email, "2001:db8:0:8::1") <= timedelta(0)


def test_limits_count_the_client_behind_trusted_proxies(client: Client, alice: User, settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    sent = {"username": alice.email, "password": "wrong"}
    for number in range(11):
        # The first entry is the client's own invention; the proxy appends the second.
        answer = client.post(
            "/login/", sent, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, 203.0.113.9"
        )
    assert answer.status_code == 429
    assert set(AuditEvent.objects.values_list("ip_address", flat=True)) == {"203.0.113.9"}
    assert throttle.wait_time(alice.email, "10.0.0.1") <= timedelta(0)


@pytest.mark.parametrize(
    ("depth", "forwarded", "remote", "expected"),
    [
        (0, "192.0.2.1", "10.0.0.1", "10.0.0.1"),
        (1, "192.0.2.1, 203.0.113.9", "10.0.0.1", "203.0.113.9"),
        (2, "192.0.2.1, 203.0.113.9, 10.0.0.2", "10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1", "10.0.0.1"),
        (1, "203.0.113.9:4711", "10.0.0.1", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "10.0.0.1", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "10.0.0.1", "203.0.113.9"),
        (1, "unknown", "10.0.0.1", "10.0.0.1"),
        (1, "", "", None),
    ],
)
def test_client_address(settings: Any, depth: int, forwarded: str, remote: str, expected: str | None) -> None:
    settings.TRUSTED_PROXY_COUNT = depth
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


def test_console_has_the_same_login(client: Client, alice: User) -> None:
    response = client.get("/admin/login/?next=/admin/hub/run/")
    assert response.headers["Location"] == "/login/?next=/admin/hub/run/"
    assert client.post("/admin/login/", {"username": alice.email, "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session
    client.force_login(alice)
    assert client.get("/admin/login/?next=/admin/").status_code == 403
    assert client.get("/admin/password_change/").headers["Location"] == "/password/"


def test_guesses_of_the_current_password_are_limited(client: Client, alice: User) -> None:
    client.force_login(alice)
    new = {"new_password1": "quite another phrase", "new_password2": "quite another phrase"}
    for _ in range(throttle.FAILURES):
        client.post("/password/", {"old_password": "guess", **new})
    page = client.post("/password/", {"old_password": PASSWORD, **new}).content.decode()
    assert "Too many attempts." in page
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert AuditEvent.objects.filter(action="login.failed").count() == throttle.FAILURES


def test_a_login_that_would_wait_for_hashing_is_answered_at_once(
    client: Client, alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than two parallel logins in a process: the others get 503, so that threads remain for webhooks."""
    settings.PASSWORD_HASHERS = ["accounts.hashers.PBKDF2Hasher", *settings.PASSWORD_HASHERS]
    alice.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    alice.save()
    monkeypatch.setattr(hashers, "_admitted", 2)
    with CaptureQueriesContext(connection) as queries:
        response = log_in(client, PASSWORD)
    monkeypatch.setattr(hashers, "_admitted", 0)
    assert len(queries) == 0
    assert response.status_code == 503 and response.headers["Retry-After"] == "2"  # type: ignore[attr-defined]
    assert not AuditEvent.objects.filter(action="login.failed").exists()
    assert log_in(client, PASSWORD).status_code == 302  # type: ignore[attr-defined]


def test_weak_password_of_an_administrator_is_rejected() -> None:
    with pytest.raises(ValidationError, match="too short"):
        User.objects.create_superuser("root@acorn.example", "short")


def test_logout_needs_a_post(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/s/acorn/").status_code == 302


def test_the_password_can_be_changed(client: Client, alice: User) -> None:
    client.force_login(alice)
    form = {"old_password": PASSWORD, "new_password1": "quite another phrase", "new_password2": "quite another phrase"}
    page = client.post("/password/", form, follow=True).content.decode()
    assert "Password changed." in page
    alice.refresh_from_db()
    assert alice.check_password("quite another phrase")


@pytest.mark.parametrize("path", ["/nowhere/", "/s/nobody/"])
def test_not_found_pages(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    response = client.get(path)
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_a_server_error_shows_the_static_page(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("dashboard.views.overview.overview", broken)
    client.force_login(alice)
    client.raise_request_exception = False
    response = client.get("/s/acorn/")
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
