"""No vendor can stop a lane, a budget or an item for longer than a day; long waits are reported and can be reset."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from connectors.alerts.notifications import evaluate_and_notify
from connectors.sdk.retry import RetryPolicy
from hub import budgets, clock, lanes, queue, workers
from hub.kinds import Kind
from hub.models import Alert, Change, Job, Lane, RateBudget, Worker
from hub.services import reset_budgets, reset_waits
from tests.factories import make_connection, make_job, make_seller
from tests.two_sellers import make_person

pytestmark = pytest.mark.django_db

IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)


def in_a_day() -> datetime:
    return clock.now() + timedelta(days=1, seconds=5)


@pytest.fixture
def job() -> Job:
    return make_job(make_connection(make_seller("acme")))


def claim(job: Job) -> lanes.Claim:
    lanes.wake(lane_ids=job.lane_ids)
    claimed = lanes.claim(holder="worker", workers=2)
    assert claimed is not None
    return claimed


def test_a_lane_never_waits_for_longer_than_a_day(job: Job) -> None:
    lanes.release(claim=claim(job), more=False, rest_until=IN_2099)
    lane = Lane.objects.get(pk=job.lane_ids[0])
    assert lane.rest_until is not None and lane.rest_until == lane.wake_at < in_a_day()
    Lane.objects.update(rest_until=None)
    lanes.abandon(claim=claim(job), rest_until=IN_2099)
    lane.refresh_from_db()
    assert lane.rest_until is not None and lane.rest_until == lane.wake_at < in_a_day()
    Lane.objects.update(rest_until=None)
    lanes.release(claim=claim(job), more=False)
    lane.refresh_from_db()
    assert (lane.rest_until, lane.wake_at) == (None, None)


def test_a_budget_is_never_blocked_for_longer_than_a_day() -> None:
    for _ in range(2):
        budgets.block(key="vendor:acme", until=IN_2099)
        assert RateBudget.objects.get().blocked_until < in_a_day()
    # As an earlier version stored it.
    RateBudget.objects.update(blocked_until=IN_2099)
    budgets.block(key="vendor:acme", until=clock.now())
    assert RateBudget.objects.get().blocked_until < in_a_day()


def test_an_item_is_never_delayed_for_longer_than_a_day(job: Job) -> None:
    change = Change.objects.create(job=job, lane_id=job.lane_ids[0], kind=Kind.PRODUCT, item_id=1, token=1)
    (snapshot,) = queue.reload_changes([change.pk])
    queue.settle(done=[], failed=[queue.Failure(snapshot, Change.FailureKind.UNAVAILABLE, "busy", IN_2099)])
    change.refresh_from_db()
    assert change.state == Change.State.DELAYED
    assert change.not_before is not None and change.not_before < in_a_day()
    now = clock.now()
    for at in (
        RetryPolicy().next_attempt(attempts=1, now=now, not_before=IN_2099),
        RetryPolicy().pause_until(failures=1, now=now, not_before=IN_2099),
        RetryPolicy().next_check(queued_at=now, now=now, not_before=IN_2099),
    ):
        assert at == now + timedelta(days=1)


def test_long_waits_are_reported_and_can_be_reset(job: Job) -> None:
    person = make_person("operator@hub.example", is_staff=True)
    lanes.release(claim=claim(job), more=False, rest_until=clock.now() + timedelta(hours=5))
    budgets.block(key="vendor:acme", until=clock.now() + timedelta(hours=5))
    budgets.block(key="vendor:short", until=clock.now() + timedelta(minutes=5))
    evaluate_and_notify(now=clock.now())
    assert [alert.kind for alert in Alert.objects.filter(resolved_at=None)] == [Alert.Kind.RESTING] * 2
    assert reset_waits(rested=Lane.objects.all(), by=person) == 1
    assert reset_budgets(blocked=RateBudget.objects.filter(key="vendor:acme"), by=person) == 1
    lane = Lane.objects.get(pk=job.lane_ids[0])
    assert (lane.rest_until, lane.due) == (None, True)
    assert budgets.acquire(key="vendor:acme", requests=10, seconds=60) is None
    evaluate_and_notify(now=clock.now())
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert {event.action for event in AuditEvent.objects.all()} >= {"lane.reset_wait", "budget.reset_wait"}


def test_a_clock_that_differs_is_reported_once_for_each_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "difference", lambda: timedelta(seconds=15))
    for name in ("alpha:1", "alpha:2"):
        workers.record_heartbeat(name=name, now=clock.now())
    monkeypatch.setattr(clock, "difference", lambda: timedelta(seconds=-1))
    workers.record_heartbeat(name="beta:1", now=clock.now())
    evaluate_and_notify(now=clock.now())
    alert = Alert.objects.get()
    assert alert.kind == Alert.Kind.CLOCK and "alpha" in alert.message and "+15" in alert.message
    Worker.objects.update(clock_ahead_seconds=0.1)
    evaluate_and_notify(now=clock.now())
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_the_clock_is_that_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    class FastClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(days=1000)

    monkeypatch.setattr(clock, "datetime", FastClock)
    clock.synchronize()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=10)
    assert abs(clock.difference() - timedelta(days=1000)) < timedelta(seconds=10)
    monkeypatch.setattr(clock, "_reading", None)
    # A process that never asked the database, such as one that only signs a request, has its own clock.
    assert clock.latest() > datetime.now(UTC) + timedelta(days=999)
