"""People are told once when something begins to go wrong, and once when it is over."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from connectors.alerting import look_and_tell
from hub.models import Alert, AlertChannel, AlertDelivery, Job, JobState, Lane, Run
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    AlertChannel.objects.create(medium="email", address="operators@example.com", label="operators")
    return make_job(make_connection(make_seller("acme")), full_schedule="1h")


def look(hours: float = 0) -> list[str]:
    """Look at a later time; the subjects of what was sent."""
    mail.outbox.clear()
    look_and_tell(now=timezone.now() + timedelta(hours=hours))
    return [message.subject for message in mail.outbox]


def fail(job: Job, reason: str = "The platform refuses our credentials.") -> None:
    Run.objects.create(job=job, scope="full", trigger="schedule", state="failed", reason=reason)


def test_a_failure_is_told_once_and_its_end_too(job: Job) -> None:
    assert look() == []
    fail(job)
    assert look() == ["SyncCenter: 1 new"]
    assert "refuses our credentials" in mail.outbox[0].body
    fail(job)
    assert look() == []
    Run.objects.create(job=job, scope="full", trigger="schedule", state="done")
    assert look() == ["SyncCenter: 1 over"]
    assert look() == []


def test_many_failures_are_one_message(job: Job) -> None:
    for _ in range(30):
        fail(make_job(make_connection(make_seller())))
    assert look() == ["SyncCenter: 30 new"]
    assert "… and 10 more." in mail.outbox[0].body


def test_a_job_that_has_not_succeeded_for_too_long_is_told_though_nothing_failed(job: Job) -> None:
    JobState.objects.filter(job=job).update(last_success_at=timezone.now())
    assert look(hours=1.5) == []
    assert look(hours=2.5) == ["SyncCenter: 1 new"]
    assert Alert.objects.get().kind == Alert.Kind.ABSENT


def test_a_paused_connection_alerts_nobody(job: Job) -> None:
    fail(job)
    job.connection.paused_at = timezone.now()
    job.connection.save()
    assert look(hours=100) == []


def test_a_platform_that_takes_no_calls_is_told(job: Job) -> None:
    Lane.objects.filter(pk__in=job.lane_ids).update(failures=6)
    assert look() == ["SyncCenter: 1 new"]


def test_a_sellers_channel_hears_of_its_own_alone(job: Job) -> None:
    AlertChannel.objects.all().delete()
    other = make_job(make_connection(make_seller("other")))
    AlertChannel.objects.create(seller=other.connection.seller, medium="email", address="o@example.com", label="o")
    fail(job)
    assert look() == []
    fail(other)
    assert look() == ["SyncCenter: 1 new"]


def test_a_chat_that_does_not_answer_is_tried_again(job: Job) -> None:
    AlertChannel.objects.all().delete()
    AlertChannel.objects.create(medium="slack", address="http://127.0.0.1:9/hook", label="chat")
    fail(job)
    look()
    delivery = AlertDelivery.objects.get()
    assert (delivery.attempts, delivery.sent_at) == (1, None)
