"""People are told once when something begins to go wrong, and once when it is over."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from connectors.alerting import evaluate_and_notify
from hub.models import Alert, AlertChannel, AlertDelivery, Job, JobState, Lane, Run
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    AlertChannel.objects.create(medium="email", address="operators@example.com", label="operators")
    return make_job(make_connection(make_seller("acme")), full_schedule="1h")


def alerts_sent(hours: float = 0) -> list[str]:
    """Look at a later time; the subjects of what was sent."""
    mail.outbox.clear()
    evaluate_and_notify(now=timezone.now() + timedelta(hours=hours))
    return [message.subject for message in mail.outbox]


def fail(job: Job, reason: str = "The platform refuses our credentials.") -> None:
    Run.objects.create(job=job, scope="full", trigger="schedule", state="failed", reason=reason)


def test_a_failure_is_reported_once_and_its_end_too(job: Job) -> None:
    assert alerts_sent() == []
    fail(job)
    assert alerts_sent() == ["SyncCenter: 1 new"]
    assert "refuses our credentials" in mail.outbox[0].body
    fail(job)
    assert alerts_sent() == []
    Run.objects.create(job=job, scope="full", trigger="schedule", state="done")
    assert alerts_sent() == ["SyncCenter: 1 over"]
    assert alerts_sent() == []


def test_many_failures_are_one_message(job: Job) -> None:
    for _ in range(30):
        fail(make_job(make_connection(make_seller())))
    assert alerts_sent() == ["SyncCenter: 30 new"]
    assert "… and 10 more." in mail.outbox[0].body


def test_a_job_that_has_not_succeeded_for_too_long_is_reported_though_nothing_failed(job: Job) -> None:
    JobState.objects.filter(job=job).update(last_success_at=timezone.now())
    assert alerts_sent(hours=1.5) == []
    assert alerts_sent(hours=2.5) == ["SyncCenter: 1 new"]
    assert Alert.objects.get().kind == Alert.Kind.OVERDUE


def test_a_paused_connection_alerts_nobody(job: Job) -> None:
    fail(job)
    job.connection.paused_at = timezone.now()
    job.connection.save()
    assert alerts_sent(hours=100) == []


def test_a_platform_that_takes_no_calls_is_reported(job: Job) -> None:
    Lane.objects.filter(pk__in=job.lane_ids).update(failures=6)
    assert alerts_sent() == ["SyncCenter: 1 new"]


def test_a_sellers_channel_hears_of_its_own_alone(job: Job) -> None:
    AlertChannel.objects.all().delete()
    other = make_job(make_connection(make_seller("other")))
    AlertChannel.objects.create(seller=other.connection.seller, medium="email", address="o@example.com", label="o")
    fail(job)
    assert alerts_sent() == []
    fail(other)
    assert alerts_sent() == ["SyncCenter: 1 new"]


def test_a_chat_that_does_not_answer_is_tried_again(job: Job) -> None:
    AlertChannel.objects.all().delete()
    AlertChannel.objects.create(medium="slack", address="http://127.0.0.1:9/hook", label="chat")
    fail(job)
    alerts_sent()
    delivery = AlertDelivery.objects.get()
    assert (delivery.attempts, delivery.sent_at) == (1, None)
