"""Channels are notified once when something starts to fail, and once when it recovers."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from connectors.alerts.notifications import evaluate_and_notify
from hub.models import Alert, AlertChannel, AlertDelivery, Job, JobState, Lane, Run
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


def test_a_paused_connection_opens_no_alert(job: Job) -> None:
    fail(job)
    job.connection.paused_at = timezone.now()
    job.connection.save()
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
    alerts_sent()
    delivery = AlertDelivery.objects.get()
    assert (delivery.attempts, delivery.sent_at) == (1, None)
