"""The queue of changes: no change is lost or duplicated, even with concurrent writers and workers."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from hub import lanes, queue
from hub.kinds import Kind
from hub.models import Change, Job
from hub.queue import Failure, FailureKind, Priority
from hub.services import retry_changes, start_run
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return make_job(make_connection(make_seller()))


def fetch(job: Job, limit: int = 100, priority: int = Priority.EVENT) -> list[queue.ChangeSnapshot]:
    return queue.next_changes(lane_id=job.lane_ids[0], job_id=job.pk, priority=priority, after=0, limit=limit)


def enqueue(job: Job, *items: int) -> None:
    queue.enqueue(seller_id=job.connection.seller_id, kind=Kind.PRODUCT, item_ids=items)


def test_an_item_is_queued_once_however_often_it_changes(job: Job) -> None:
    for _ in range(3):
        enqueue(job, 5, 7)
    assert [change.item_id for change in fetch(job)] == [5, 7]


def test_a_change_made_while_the_item_is_sent_is_kept(job: Job) -> None:
    enqueue(job, 5, 7)
    seen = fetch(job)
    enqueue(job, 5)
    queue.settle(done=seen)
    assert [change.item_id for change in fetch(job)] == [5]


def test_a_change_reaches_every_job_except_its_origin(job: Job) -> None:
    seller = job.connection.seller
    other = make_job(make_connection(seller))
    stranger = make_job(make_connection(make_seller()))
    everybody = make_job(make_connection(None))
    queue.enqueue(seller_id=seller.pk, kind=Kind.PRODUCT, item_ids=[1], origin=other.connection_id)
    assert set(Change.objects.values_list("job", flat=True)) == {job.pk, everybody.pk}
    assert stranger.pk not in Change.objects.values_list("job", flat=True)


def test_a_failed_change_is_retried_after_its_delay(job: Job) -> None:
    now = timezone.now()
    enqueue(job, 5)
    [change] = fetch(job)
    queue.settle(done=[], failed=[Failure(change, FailureKind.UNAVAILABLE, "busy", now + timedelta(minutes=1))])
    assert fetch(job) == []
    assert queue.next_wake(lane_id=job.lane_ids[0]) == now + timedelta(minutes=1)
    queue.wake_delayed(lane_id=job.lane_ids[0], now=now + timedelta(minutes=2))
    [again] = fetch(job)
    assert (again.item_id, again.attempts) == (5, 1)


def test_a_held_change_waits_for_a_user_or_a_newer_change(job: Job) -> None:
    enqueue(job, 5, 6)
    queue.settle(done=[], failed=[Failure(change, FailureKind.INTERNAL, "a bug", None) for change in fetch(job)])
    assert fetch(job) == []
    enqueue(job, 5)
    assert [change.item_id for change in fetch(job)] == [5]
    retry_changes(changes=Change.objects.filter(job=job), by=None)
    assert {change.item_id for change in fetch(job)} == {5, 6}


def test_a_newer_change_does_not_shorten_the_delay(job: Job) -> None:
    enqueue(job, 5)
    queue.settle(
        done=[],
        failed=[Failure(fetch(job)[0], FailureKind.UNAVAILABLE, "busy", timezone.now() + timedelta(hours=1))],
    )
    enqueue(job, 5)
    assert fetch(job) == []


def test_an_event_goes_before_the_full_run_and_counts_for_it(job: Job) -> None:
    run, _ = start_run(job=job, trigger="button")
    queue.enqueue_for_run(run=run, kind=Kind.PRODUCT, item_ids=[1, 2])
    enqueue(job, 2)
    assert [change.item_id for change in fetch(job)] == [2]
    assert queue.settle(done=fetch(job)) == {run.pk: 1}
    assert [change.item_id for change in fetch(job, priority=Priority.FULL_RUN)] == [1]


def test_only_the_first_outcome_counts_for_a_run(job: Job) -> None:
    run, _ = start_run(job=job, trigger="button")
    queue.enqueue_for_run(run=run, kind=Kind.PRODUCT, item_ids=[1])
    [change] = fetch(job, priority=Priority.FULL_RUN)
    failure = Failure(change, FailureKind.UNAVAILABLE, "busy", timezone.now() - timedelta(seconds=1))
    assert queue.settle(done=[], failed=[failure]) == {run.pk: 1}
    queue.wake_delayed(lane_id=job.lane_ids[0], now=timezone.now())
    assert queue.settle(done=fetch(job, priority=Priority.FULL_RUN)) == {}


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_and_workers_lose_nothing() -> None:
    """Writers keep incrementing counters while workers copy them to a target. In the end both are equal."""
    job = make_job(make_connection(make_seller()))
    items = range(1, 41)
    source, target, writes = dict.fromkeys(items, 0), {}, []

    def write(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(150):
            chosen = rng.sample(items, 5)
            with transaction.atomic():
                for item in chosen:
                    source[item] += 1
                enqueue(job, *chosen)
        connection.close()

    def work(name: str) -> None:
        idle = 0
        while idle < 50:
            claim = lanes.claim(holder=name, workers=4)
            if claim is None:
                idle += 1
                continue
            idle = 0
            seen = fetch(job, limit=7)
            for change in seen:
                target[change.item_id] = source[change.item_id]
                writes.append(change.item_id)
            with transaction.atomic():
                lanes.fence(claim=claim)
                queue.settle(done=seen)
            lanes.release(claim=claim, more=bool(seen))
        connection.close()

    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(write, seed) for seed in (1, 2)]
        futures += [pool.submit(work, f"worker {number}") for number in (1, 2, 3)]
        for future in futures:
            future.result()
    claim = lanes.claim(holder="last", workers=4)
    while seen := fetch(job):
        target |= {change.item_id: source[change.item_id] for change in seen}
        queue.settle(done=seen)
    assert target == source
    assert claim is None or claim.epoch > 0
    assert Change.objects.count() == 0


def test_batches_are_filled_across_lanes_that_nobody_holds() -> None:
    job = make_job(make_connection(make_seller()), shards=3)
    run, _ = start_run(job=job, trigger="button")
    queue.enqueue_for_run(run=run, kind=Kind.PRODUCT, item_ids=range(30))
    lanes.wake(lane_ids=job.lane_ids[2:])
    held = lanes.claim(holder="another", workers=10)
    assert held.lane_id == job.lane_ids[2]
    assert queue.fill_batches(job=job, size=8, own_lane=job.lane_ids[0]) == 2
    waiting = [Change.objects.filter(lane_id=lane).count() for lane in job.lane_ids]
    assert waiting == [12, 8, 10]
    lanes.release(claim=held, more=True)
    queue.fill_batches(job=job, size=8, own_lane=job.lane_ids[0])
    assert sorted(
        n % 8 for n in Change.objects.values_list("lane_id").annotate(n=Count("pk")).values_list("n", flat=True)
    ) == [0, 0, 6]
