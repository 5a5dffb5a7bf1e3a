"""An adapter may replace the retry policy: attempts, delays, and limits during outages and for queued items."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors.adapters import registry
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.retry import RetryPolicy
from hub.models import Change, Job, Lane, Run
from hub.services import start_run
from synclog.models import Issue
from tests.engine.queueing_target import QueueingPlatform, QueueingProducts, Vendor
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)

FailureKind = Change.FailureKind


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    monkeypatch.setattr(QueueingPlatform, "vendor", Vendor())
    there = registry.adapters() | {QueueingPlatform.key: QueueingPlatform}
    monkeypatch.setattr(registry, "adapters", lambda: there)
    return QueueingPlatform.vendor


def send_one(monkeypatch: pytest.MonkeyPatch, policy: RetryPolicy) -> Job:
    """Send a product, with this policy."""
    monkeypatch.setattr(QueueingPlatform, "retry", policy)
    job = make_job(make_connection(make_seller("acme"), platform=QueueingPlatform.key, credentials={}))
    make_products(job.connection.seller, 1)
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    return job


def test_an_item_is_held_after_as_many_attempts_as_the_policy_allows(
    monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    def send(self: QueueingProducts, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        return [Outcome(error=TryAgainLater("Not now.")) for _ in operations]

    monkeypatch.setattr(QueueingProducts, "send", send)
    send_one(monkeypatch, RetryPolicy(max_attempts=3, base_delay=timedelta(minutes=10)))
    for attempts in (1, 2):
        [change] = Change.objects.all()
        assert (change.state, change.failure_kind) == (Change.State.DELAYED, FailureKind.UNAVAILABLE)
        assert change.attempts == attempts and change.not_before < timezone.now() + timedelta(minutes=40)
        skip_delays()
    [change] = Change.objects.all()
    assert (change.state, change.attempts) == (Change.State.HELD, 3)


def test_an_outage_pauses_the_lane_and_holds_the_item_as_the_policy_says(
    monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    def send(self: QueueingProducts, operations: Sequence[Operation[Any]]) -> list[Outcome]:
        raise TryAgainLater("It answered 502.")

    monkeypatch.setattr(QueueingProducts, "send", send)
    pause = timedelta(minutes=20)
    job = send_one(monkeypatch, RetryPolicy(max_attempts=1, outage_max_attempts=2, min_pause=pause, max_pause=pause))
    rest_until = Lane.objects.get(pk=job.lane_ids[0]).rest_until
    assert timezone.now() + pause / 3 <= rest_until <= timezone.now() + pause
    assert Change.objects.get().state == Change.State.DELAYED
    skip_delays()
    assert Change.objects.get().state == Change.State.HELD


def test_an_item_that_stays_queued_too_long_is_held_with_an_issue(
    monkeypatch: pytest.MonkeyPatch, vendor: Vendor
) -> None:
    send_one(monkeypatch, RetryPolicy(max_queued_age=timedelta(hours=2)))
    Change.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    skip_delays()
    assert Change.objects.get().state == Change.State.DELAYED
    Change.objects.update(sent_at=timezone.now() - timedelta(hours=3))
    skip_delays()
    [change] = Change.objects.all()
    assert (change.state, change.failure_kind) == (Change.State.HELD, FailureKind.QUEUED)
    assert Issue.objects.get(resolved_at=None).code == "not_sent"


def test_limits_and_delays_of_the_defaults() -> None:
    policy, now = RetryPolicy(), timezone.now()
    delays = [policy.next_attempt(attempts=attempts, now=now) for attempts in range(1, 9)]
    assert all(at is not None and at - now <= timedelta(seconds=2 * 2**n) for n, at in enumerate(delays[:7], 1))
    assert delays[7] is None
    assert policy.next_attempt(attempts=1, now=now, not_before=now + timedelta(hours=3)) == now + timedelta(hours=3)
    exhausted = [policy.is_exhausted(attempts=40, outage=True, event=event) for event in (False, True)]
    assert exhausted == [True, False] and policy.is_exhausted(attempts=300, outage=True, event=True)
    assert policy.next_check(queued_at=None, now=now) == now + timedelta(minutes=1)
    assert policy.next_check(queued_at=now - timedelta(hours=25), now=now) is None
