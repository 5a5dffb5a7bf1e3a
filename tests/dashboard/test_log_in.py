"""Coming in and going out."""

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


def test_the_right_password_leads_to_the_page_asked_for(client: Client, alice: User) -> None:
    response = client.post(
        "/login/", {"username": "Alice@Acorn.example", "password": PASSWORD, "next": "/s/acorn/issues/"}
    )
    assert response.headers["Location"] == "/s/acorn/issues/"
    assert client.get("/s/acorn/issues/").status_code == 200


def test_a_wrong_one_does_not_reveal_whether_the_address_exists(client: Client, alice: User) -> None:
    known = log_in(client, "wrong").content.decode()  # type: ignore[attr-defined]
    unknown = log_in(client, "wrong", "nobody@acorn.example").content.decode()  # type: ignore[attr-defined]
    assert "do not go together" in known and "do not go together" in unknown


def test_after_ten_failures_even_the_right_one_must_wait(client: Client, alice: User) -> None:
    for _ in range(throttle.FAILURES):
        assert log_in(client, "wrong").status_code == 200  # type: ignore[attr-defined]
    response = log_in(client, PASSWORD)
    assert response.status_code == 429  # type: ignore[attr-defined]
    assert response.headers["Retry-After"] == "900"  # type: ignore[attr-defined]
    assert "Wait 15 minutes" in response.content.decode()  # type: ignore[attr-defined]
    # Another person at the same place is not held up, and the wait ends.
    assert not throttle.is_locked("bob@acorn.example", "127.0.0.1")
    AuditEvent.objects.update(at=AuditEvent.objects.latest("at").at - timedelta(minutes=16))
    assert log_in(client, PASSWORD).status_code == 302  # type: ignore[attr-defined]


def test_failures_are_kept_without_the_address(client: Client, alice: User) -> None:
    log_in(client, "wrong")
    event = AuditEvent.objects.get(action="login.failed")
    assert "alice" not in event.target and event.detail == {}


def test_logging_out_takes_a_button(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/s/acorn/").status_code == 302


def test_the_password_can_be_changed(client: Client, alice: User) -> None:
    client.force_login(alice)
    form = {"old_password": PASSWORD, "new_password1": "quite another phrase", "new_password2": "quite another phrase"}
    page = client.post("/password/", form, follow=True).content.decode()
    assert "Your password is changed" in page
    alice.refresh_from_db()
    assert alice.check_password("quite another phrase")


@pytest.mark.parametrize("path", ["/nowhere/", "/s/nobody/"])
def test_errors_have_pages_of_their_own(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    response = client.get(path)
    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()


def test_a_bug_has_a_page_that_needs_nothing(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("dashboard.views.overview.overview", broken)
    client.force_login(alice)
    client.raise_request_exception = False
    response = client.get("/s/acorn/")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
