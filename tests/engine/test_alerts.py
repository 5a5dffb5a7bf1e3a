"""Channels are notified once when something starts to fail, and once when it recovers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Seller
from connectors.alerts.notifications import evaluate_and_notify
from connectors.sdk.http import HttpClient
from hub.alerts import is_overdue
from hub.models import Alert, AlertChannel, AlertDelivery, Job, JobState, Lane, Run
from hub.services import pause_connection, pause_platform
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    AlertChannel.objects.create(medium="email", address="operators@example.com", label="operators")
    return make_job(make_connection(make_seller("acme")), full_schedule="1h")


def alerts_sent(hours: float = 0) -> list[str]:
    """Evaluate the alerts at a later time. Returns the subjects of the mails sent."""
    mail.outbox.clear()
    evaluate_and_notify(now=timezone.now() + timedelta(hours=hours))
    return [message.subject for message in mail.outbox]


def fail(job: Job, reason: str = "The platform rejected our credentials.") -> None:
    Run.objects.create(job=job, scope="full", trigger="schedule", state="failed", reason=reason)


def test_a_failure_and_its_recovery_are_each_reported_once(job: Job) -> None:
    assert alerts_sent() == []
    fail(job)
    assert alerts_sent() == ["SyncCenter: 1 new alert"]
    assert "rejected our credentials" in mail.outbox[0].body
    fail(job)
    assert alerts_sent() == []
    Run.objects.create(job=job, scope="full", trigger="schedule", state="done")
    assert alerts_sent() == ["SyncCenter: 1 resolved alert"]
    assert alerts_sent() == []


def test_many_failures_share_one_message(job: Job) -> None:
    for _ in range(30):
        fail(make_job(make_connection(make_seller())))
    assert alerts_sent() == ["SyncCenter: 30 new alerts"]
    assert "… and 10 more." in mail.outbox[0].body


def test_an_overdue_job_is_reported_although_nothing_failed(job: Job) -> None:
    JobState.objects.filter(job=job).update(last_success_at=timezone.now())
    assert alerts_sent(hours=1.5) == []
    assert alerts_sent(hours=2.5) == ["SyncCenter: 1 new alert"]
    assert Alert.objects.get().kind == Alert.Kind.OVERDUE


@pytest.mark.parametrize(
    ("schedule", "success", "in_time", "overdue"),
    [
        ("0 9 * * 1-5", "2026-11-27 09:01", "2026-12-01 09:05", "2026-12-01 09:15"),  # a Friday
        ("0 8-18 * * *", "2026-11-27 18:01", "2026-11-28 09:05", "2026-11-28 09:15"),
        ("0 9 31 2 *", "2026-11-27 09:01", "2036-11-27 09:01", None),
    ],
    ids=["working days", "office hours", "never"],
)
def test_a_job_is_overdue_when_its_schedule_has_fired_twice(
    job: Job, schedule: str, success: str, in_time: str, overdue: str | None
) -> None:
    def at(time: str) -> datetime:
        return datetime.fromisoformat(time).replace(tzinfo=UTC)

    job.full_schedule = schedule
    job.state.last_success_at = at(success)
    assert not is_overdue(job=job, now=at(in_time))
    assert overdue is None or is_overdue(job=job, now=at(overdue))


def pause(job: Job) -> None:
    pause_connection(connection=job.connection, by=None)


def stop_platform(job: Job) -> None:
    pause_platform(platform=job.connection.platform, reason="Outage", by=None)


def suspend_seller(job: Job) -> None:
    Seller.objects.update(status=Seller.Status.SUSPENDED)


@pytest.mark.parametrize("stop", [pause, stop_platform, suspend_seller])
def test_what_was_stopped_on_purpose_opens_no_alert(job: Job, stop: Callable[[Job], None]) -> None:
    fail(job)
    stop(job)
    assert alerts_sent(hours=100) == []


def test_an_unavailable_platform_is_reported(job: Job) -> None:
    Lane.objects.filter(pk__in=job.lane_ids).update(failures=6)
    assert alerts_sent() == ["SyncCenter: 1 new alert"]


def test_a_sellers_channel_gets_only_its_own_alerts(job: Job) -> None:
    AlertChannel.objects.all().delete()
    other = make_job(make_connection(make_seller("other")))
    AlertChannel.objects.create(seller=other.connection.seller, medium="email", address="o@example.com", label="o")
    fail(job)
    assert alerts_sent() == []
    fail(other)
    assert alerts_sent() == ["SyncCenter: 1 new alert"]


def test_an_unanswered_chat_delivery_is_retried(job: Job) -> None:
    AlertChannel.objects.all().delete()
    AlertChannel.objects.create(medium="slack", address="http://127.0.0.1:9/hook", label="chat")
    fail(job)
    # After 0, 1, 3, 7 and 15 minutes, so that an outage of some hours loses nothing.
    for minute in range(20):
        alerts_sent(hours=minute / 60)
    delivery = AlertDelivery.objects.get()
    assert (delivery.attempts, delivery.sent_at) == (5, None)


def test_titles_cannot_address_people_or_disguise_links_in_slack(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    AlertChannel.objects.all().delete()
    AlertChannel.objects.create(medium="slack", address="https://hooks.example/hook", label="chat")
    posted: list[str] = []
    monkeypatch.setattr(HttpClient, "request", lambda self, method, path, *, body: posted.append(body["text"]))
    fail(job, reason="Size <10 & <!channel> <https://evil.example|log in>")
    alerts_sent()
    [text] = posted
    assert "Size &lt;10 &amp; &lt;!channel&gt; &lt;https://evil.example|log in&gt;" in text
    assert "<" not in text
