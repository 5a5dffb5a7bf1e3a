"""Login, logout, password change and error pages."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from dashboard import throttle
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


def test_after_ten_failures_the_right_password_is_rejected_too(client: Client, alice: User) -> None:
    for _ in range(throttle.FAILURES):
        assert log_in(client, "wrong").status_code == 200  # type: ignore[attr-defined]
    response = log_in(client, PASSWORD)
    assert response.status_code == 429  # type: ignore[attr-defined]
    assert response.headers["Retry-After"] == "900"  # type: ignore[attr-defined]
    assert "Wait 15 minutes" in response.content.decode()  # type: ignore[attr-defined]
    # Another user at the same IP address is not locked, and the lock ends.
    assert not throttle.is_locked("bob@acorn.example", "127.0.0.1")
    AuditEvent.objects.update(at=AuditEvent.objects.latest("at").at - timedelta(minutes=16))
    assert log_in(client, PASSWORD).status_code == 302  # type: ignore[attr-defined]


def test_failures_are_recorded_without_the_email_address(client: Client, alice: User) -> None:
    log_in(client, "wrong")
    event = AuditEvent.objects.get(action="login.failed")
    assert "alice" not in event.target and event.detail == {}


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
