"""Password reset, change of the email address, and sessions."""

import re
from collections.abc import Callable
from smtplib import SMTPException
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, User
from tests.dashboard.merchants import Merchant

LogIn = Callable[..., Client]
NEW = {"password1": "quite another phrase", "password2": "quite another phrase"}


def link_in(message: Any) -> str:
    """The path of the only link in an email, which is the same in text and HTML."""
    (link,) = re.findall(r"https?://\S+", message.body)
    assert f'href="{link}"' in message.alternatives[0].content
    assert link.startswith("https://hub.example/")
    return link.removeprefix("https://hub.example")


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "https://hub.example"


def test_password_is_reset_by_email(acorn: Merchant, client: Client, log_in: LogIn) -> None:
    elsewhere = Client()
    elsewhere.force_login(acorn.owner)
    client.post("/account/password/reset/", {"email": "Alice@Acorn.example"}, headers={"host": "127.0.0.1"})
    address = client.get(link_in(mail.outbox[0])).headers["Location"]
    assert "too short" in client.post(address, {"password1": "short", "password2": "short"}).content.decode()
    assert client.post(address, NEW).headers["Location"] == "/account/password/reset/done/"
    acorn.owner.refresh_from_db()
    assert acorn.owner.check_password(NEW["password1"])
    assert AuditEvent.objects.get(action="password.reset").user == acorn.owner
    assert [message.subject for message in mail.outbox] == ["Reset your password", "Your password was reset"]
    assert elsewhere.get("/s/acorn/").status_code == 302
    assert "has expired" in client.get(link_in(mail.outbox[0])).content.decode()


def test_reset_does_not_reveal_whether_an_account_exists(acorn: Merchant, client: Client) -> None:
    answers = {
        client.post("/account/password/reset/", {"email": email}).headers["Location"]
        for email in ("alice@acorn.example", "nobody@acorn.example")
    }
    assert answers == {"/account/password/reset/sent/"}
    known, unknown = mail.outbox
    assert known.subject == unknown.subject and "There is no account" in unknown.body


def test_reset_emails_are_limited_per_account(acorn: Merchant, client: Client) -> None:
    sent = [client.post("/account/password/reset/", {"email": "alice@acorn.example"}).status_code for _ in range(6)]
    assert sent == [302] * 5 + [429] and len(mail.outbox) == 5


def test_failing_mail_server_is_reported(acorn: Merchant, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise SMTPException("down")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    page = client.post("/account/password/reset/", {"email": "alice@acorn.example"}, follow=True).content.decode()
    assert "could not be sent" in page


def test_email_changes_when_the_new_address_is_confirmed(acorn: Merchant, log_in: LogIn) -> None:
    client = log_in(acorn.owner)
    client.post("/account/email/", {"action_add": "", "email": "Alice@New.example"})
    acorn.owner.refresh_from_db()
    assert acorn.owner.email == "alice@acorn.example"
    (message,) = mail.outbox
    assert message.to == ["alice@new.example"]
    client.post(link_in(message))
    acorn.owner.refresh_from_db()
    assert acorn.owner.email == "alice@new.example"
    assert EmailAddress.objects.filter(user=acorn.owner).values_list("email", "verified").get() == (
        "alice@new.example",
        True,
    )
    assert AuditEvent.objects.get(action="email.change").user == acorn.owner
    assert ["alice@acorn.example"] in [message.to for message in mail.outbox[1:]]
    client.post("/logout/")
    acorn.owner.refresh_from_db()
    assert "_auth_user_id" in log_in(acorn.owner).session


def test_address_of_another_account_is_not_taken(acorn: Merchant, log_in: LogIn) -> None:
    log_in(acorn.owner).post("/account/email/", {"action_add": "", "email": acorn.viewer.email})
    acorn.owner.refresh_from_db()
    assert acorn.owner.email == "alice@acorn.example"
    assert not EmailAddress.objects.filter(email=acorn.viewer.email, verified=True).exclude(user=acorn.viewer).exists()


def test_sessions_are_listed_and_ended(acorn: Merchant, log_in: LogIn) -> None:
    client = log_in(acorn.owner)
    other, third, stranger = Client(), Client(), Client()
    for each in (other, third):
        each.force_login(acorn.owner)
        each.get("/s/acorn/", HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari/600", REMOTE_ADDR="203.0.113.9")
    stranger.force_login(acorn.viewer)
    stranger.get("/s/acorn/")
    client.get("/s/acorn/", HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux) Firefox/140.0")
    page = client.get("/account/sessions/").content.decode()
    assert "Firefox, Linux" in page and page.count("Safari, iPhone</th>") == 2 and "203.0.113.9" in page
    theirs = UserSession.objects.get(user=acorn.viewer)
    client.post("/account/sessions/", {"session": str(theirs.pk)})
    assert stranger.get("/s/acorn/").status_code == 200
    chosen = UserSession.objects.get(session_key=other.session.session_key)
    client.post("/account/sessions/", {"session": str(chosen.pk)})
    assert (other.get("/s/acorn/").status_code, third.get("/s/acorn/").status_code) == (302, 200)
    client.post("/account/sessions/")
    assert (third.get("/s/acorn/").status_code, client.get("/s/acorn/").status_code) == (302, 200)
    assert AuditEvent.objects.filter(action="session.end").count() == 3


def test_account_without_a_password_sets_one(acorn: Merchant, client: Client, log_in: LogIn) -> None:
    """For example of somebody who logs in with single sign-on."""
    client.force_login(acorn.viewer)
    assert client.get("/password/").headers["Location"] == "/account/password/set/"


def test_deactivated_account_gets_no_reset_link(acorn: Merchant, client: Client) -> None:
    User.objects.filter(pk=acorn.owner.pk).update(is_active=False)
    client.post("/account/password/reset/", {"email": "alice@acorn.example"})
    assert "There is no account" in mail.outbox[0].body
