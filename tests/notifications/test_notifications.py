"""Each person chooses what reaches them, how and when; messages link to the item; alerts are acknowledged (A4)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from hub.kinds import DataType, Direction
from hub.models import Alert
from notifications.models import Acknowledgement, ChatAddress, Preference
from notifications.services import save_preferences, send_due
from synclog.models import Issue
from tests.dashboard.merchants import Merchant, make_merchant

NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def acorn(db: None, settings: Any) -> Merchant:
    settings.PUBLIC_URL = "https://hub.example"
    return make_merchant("acorn")


def want(user: User, **kinds: str) -> None:
    """`issues="at_once email"`, for example."""
    choices = {kind: tuple(words.split()) for kind, words in kinds.items()}
    save_preferences(user=user, choices=choices, chat_url=None, now=NOW)  # type: ignore[arg-type]


def alert(merchant: Merchant | None, kind: str = Alert.Kind.FAILING, **fields: Any) -> Alert:
    job = merchant.job(Direction.IMPORT, DataType.PRODUCTS) if merchant else None
    key = f"{kind}:{Alert.objects.count()}"
    fields = {"key": key, "message": f"{kind} of {merchant.seller if merchant else 'all'}", "opened_at": NOW} | fields
    return Alert.objects.create(kind=kind, job=job, seller=merchant.seller if merchant else None, **fields)


def issue(merchant: Merchant, **fields: Any) -> Issue:
    earlier = merchant.issues[0]
    earlier.pk, earlier.external_id, earlier.resolved_at = None, f"product:new-{Issue.objects.count()}", None
    earlier.opened_at = NOW - timedelta(minutes=5)
    for name, value in fields.items():
        setattr(earlier, name, value)
    earlier.save(force_insert=True)
    return earlier


def links(message: Any) -> list[str]:
    return [link.removeprefix("https://hub.example") for link in re.findall(r"https://\S+", message.body)]


def test_news_are_sent_once_in_one_message_with_links_that_work(acorn: Merchant) -> None:
    want(acorn.owner, issues="at_once email", failures="at_once email")
    assert send_due(now=NOW) == 0, "what was there before is not news"
    found = issue(acorn)
    alert(acorn)
    assert send_due(now=NOW) == 1
    (message,) = mail.outbox
    assert message.to == [acorn.owner.email] and "2 notifications" in message.subject
    client = Client()
    client.force_login(acorn.owner)
    assert f"/s/acorn/issues/{found.pk}/" in links(message)
    assert [client.get(link, follow=True).status_code for link in links(message)] == [200, 200, 200]
    assert send_due(now=NOW + timedelta(minutes=1)) == 0 and len(mail.outbox) == 1


def test_people_hear_of_their_sellers_only_and_operators_of_all(acorn: Merchant) -> None:
    birch = make_merchant("birch")
    operator = User.objects.create_user("olga@hub.example", is_staff=True, is_superuser=True)
    for user in (acorn.owner, birch.owner, operator):
        want(user, failures="at_once email", absence="at_once email", copies="at_once email", issues="at_once email")
    found = issue(acorn)
    alert(acorn)
    alert(acorn, Alert.Kind.OVERDUE)
    alert(None, Alert.Kind.FAILING, key="failing:staging_copy:backup", message="Backup failed")
    assert send_due(now=NOW) == 2
    texts = {message.to[0]: message.body for message in mail.outbox}
    assert set(texts) == {acorn.owner.email, operator.email}
    assert "Backup failed" in texts[operator.email] and "Backup failed" not in texts[acorn.owner.email]
    assert (
        f"/admin/synclog/issue/{found.pk}/" in texts[operator.email]
        and f"/issues/{found.pk}/" in texts[acorn.owner.email]
    )
    assert "absent of Acorn" in texts[acorn.owner.email] and "/admin/hub/alert/" in texts[operator.email]


def test_digest_is_sent_once_a_day_and_repeats_what_nobody_takes_care_of(acorn: Merchant) -> None:
    want(acorn.owner, failures="daily email")
    open_alert = alert(acorn)
    assert send_due(now=NOW) == 0, "not at once: it is noon"
    assert send_due(now=NOW + timedelta(hours=18)) == 0, "before 7:00"
    assert send_due(now=NOW + timedelta(hours=20)) == 1
    assert send_due(now=NOW + timedelta(hours=42)) == 0, "before 7:00 of the next day"
    assert send_due(now=NOW + timedelta(hours=44)) == 1
    address = f"/account/notifications/{open_alert.pk}/acknowledge/"
    client = Client()
    client.force_login(acorn.viewer)
    assert address not in client.post(address, follow=True).content.decode(), "viewers only see it"
    assert not Acknowledgement.objects.exists()
    Membership.objects.filter(user=acorn.viewer).update(role="member")
    assert address in client.get("/account/notifications/").content.decode()
    page = client.post(address, follow=True).content.decode()
    assert "Acknowledged by victor@acorn.example" in page
    assert send_due(now=NOW + timedelta(days=3)) == 0
    alert(acorn)
    assert send_due(now=NOW + timedelta(days=3, hours=1)) == 0, "the digest of that day was empty"
    Alert.objects.exclude(pk=open_alert.pk).delete()
    assert AuditEvent.objects.get(action="alert.acknowledge").user == acorn.viewer
    other = Client()
    other.force_login(make_merchant("birch").owner)
    second = alert(acorn)
    other.post(f"/account/notifications/{second.pk}/acknowledge/")
    assert not Acknowledgement.objects.filter(alert=second).exists()


def test_message_that_fails_is_sent_again_later(acorn: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    want(acorn.owner, failures="at_once email")
    alert(acorn)

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
        assert send_due(now=NOW) == 0
    assert send_due(now=NOW + timedelta(minutes=5)) == 0
    assert send_due(now=NOW + timedelta(minutes=16)) == 1


def test_chat_gets_the_text_and_its_address_is_a_secret(acorn: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr("notifications.services.post_to_chat", lambda url, text, **options: sent.append((url, text)))
    client = Client()
    client.force_login(acorn.owner)
    form = {"failures": "at_once", "failures_medium": "chat", "issues_medium": "email", "absence_medium": "email"}
    assert "Enter the webhook" in client.post("/account/notifications/", form).content.decode()
    http = client.post("/account/notifications/", form | {"chat_url": "http://chat.example/T1"}).content.decode()
    assert "https://" in http and not ChatAddress.objects.exists()
    page = client.post("/account/notifications/", form | {"chat_url": "https://chat.example/T1"}, follow=True)
    assert "Saved." in page.content.decode() and "chat.example" not in page.content.decode()
    alert(acorn)
    assert send_due(now=NOW) == 1 and mail.outbox == []
    ((url, text),) = sent
    assert url == "https://chat.example/T1" and "https://hub.example/s/acorn/runs/" in text
    client.post("/account/notifications/", form | {"failures_medium": "email", "forget_chat": "on"})
    assert not ChatAddress.objects.exists() and Preference.objects.get().medium == "email"


def test_members_cannot_choose_what_concerns_the_installation(acorn: Merchant) -> None:
    client = Client()
    client.force_login(acorn.owner)
    assert "backups" not in client.get("/account/notifications/").content.decode()
    media = {"issues_medium": "email", "failures_medium": "email", "absence_medium": "email"}
    client.post("/account/notifications/", media | {"copies": "at_once", "copies_medium": "email"})
    assert not Preference.objects.exists()


def test_many_issues_are_one_message(acorn: Merchant) -> None:
    want(acorn.viewer, issues="at_once email")
    for _ in range(13):
        issue(acorn)
    issue(acorn, opened_at=timezone.now() + timedelta(days=4000))
    assert send_due(now=NOW) == 1
    assert "New issues with items: 13" in mail.outbox[0].body and "and 3 more" in mail.outbox[0].body
