"""Lanes: one worker at a time, sellers take turns, and a worker without a lease can't write."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone

from hub import lanes
from hub.lanes import LeaseLost
from hub.models import Job, Lane, Share
from hub.services import pause_connection, pause_platform, resume_connection, resume_platform
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


def due_job(seller=None, **fields) -> Job:
    job = make_job(make_connection(seller or make_seller(), **fields))
    lanes.wake(lane_ids=job.lane_ids)
    return job


def claim(workers: int = 10) -> lanes.Claim | None:
    return lanes.claim(holder="worker", workers=workers)


def test_a_lane_is_served_by_one_worker_at_a_time() -> None:
    due_job()
    first = claim()
    assert first is not None
    assert claim() is None
    lanes.release(claim=first, more=True)
    second = claim()
    assert second is not None and second.epoch == first.epoch + 1


def test_work_that_arrives_during_a_turn_keeps_the_lane_due() -> None:
    job = due_job()
    first = claim()
    lanes.wake(lane_ids=job.lane_ids)
    lanes.release(claim=first, more=False)
    assert claim() is not None


def test_sellers_take_turns_however_many_lanes_one_has() -> None:
    big, small = make_seller("big"), make_seller("small")
    for _ in range(5):
        due_job(big)
    due_job(small)
    served = []
    for _ in range(4):
        turn = claim()
        served.append(Lane.objects.get(pk=turn.lane_id).connection.seller.slug)
        lanes.release(claim=turn, more=True)
    assert sorted(served[:2]) == sorted(served[2:]) == ["big", "small"]


def test_the_lanes_of_a_seller_take_turns_too() -> None:
    seller = make_seller()
    for _ in range(3):
        due_job(seller)
    served = []
    for _ in range(6):
        turn = claim()
        served.append(turn.lane_id)
        lanes.release(claim=turn, more=True)
    assert len(set(served[:3])) == 3
    assert served[:3] == served[3:]


def test_an_idle_seller_goes_before_one_that_was_just_served() -> None:
    busy = due_job()
    for _ in range(5):
        lanes.release(claim=claim(), more=True)
    idle = due_job()
    assert claim().lane_id == idle.lane_ids[0]
    assert claim().lane_id == busy.lane_ids[0]


@pytest.mark.parametrize(("workers", "limit"), [(1, 1), (2, 1), (4, 2), (5, 3)])
def test_a_seller_uses_at_most_half_of_the_workers(workers: int, limit: int) -> None:
    seller = make_seller()
    for _ in range(6):
        due_job(seller)
    claims = [claim(workers) for _ in range(6)]
    assert sum(turn is not None for turn in claims) == limit


def test_a_lane_over_the_sellers_limit_is_served_after_another_is_released() -> None:
    seller = make_seller()
    first, second = due_job(seller), due_job(seller)
    turn = claim(workers=2)
    assert claim(workers=2) is None
    lanes.release(claim=turn, more=False)
    assert {turn.lane_id, claim(workers=2).lane_id} == {*first.lane_ids, *second.lane_ids}


@pytest.mark.django_db(transaction=True)
def test_concurrent_claims_respect_the_sellers_limit() -> None:
    seller = make_seller()
    for _ in range(8):
        due_job(seller)

    def claim_and_release() -> int:
        most = 0
        try:
            for _ in range(25):
                if turn := claim(workers=4):
                    most = max(most, Lane.objects.exclude(leased_by="").count())
                    lanes.release(claim=turn, more=True)
        finally:
            connection.close()
        return most

    with ThreadPoolExecutor(6) as workers:
        held = [worker.result() for worker in [workers.submit(claim_and_release) for _ in range(6)]]
    assert 1 <= max(held) <= 2
    assert Share.objects.get(seller=seller).held == 0


@pytest.mark.django_db(transaction=True)
def test_a_seller_whose_lane_is_locked_keeps_nobody_waiting() -> None:
    locked, other = due_job(), due_job()
    with closing(psycopg2.connect(**connection.get_connection_params())) as elsewhere:
        elsewhere.cursor().execute("SELECT FROM hub_lane WHERE id = %s FOR UPDATE", locked.lane_ids)
        assert claim().lane_id == other.lane_ids[0]
        assert claim() is None
        elsewhere.rollback()  # closing alone is noticed by the server some time later
    assert claim().lane_id == locked.lane_ids[0]


def test_a_lane_that_was_idle_for_long_is_the_sellers_next() -> None:
    seller = make_seller()
    idle = due_job(seller)
    lanes.release(claim=claim(), more=False)
    for _ in range(2):
        due_job(seller)
    for _ in range(5):
        lanes.release(claim=claim(), more=True)
    lanes.wake(lane_ids=idle.lane_ids)
    assert claim().lane_id == idle.lane_ids[0]


def test_shares_that_disagree_with_their_lanes_are_corrected() -> None:
    job = due_job()
    Share.objects.update(due=False, held=5, lane_turn=10**6)
    assert claim(workers=2) is None
    lanes.reconcile_shares()
    assert Share.objects.get().held == 0
    assert claim(workers=2).lane_id == job.lane_ids[0]
    assert Share.objects.get().held == 1


def test_a_worker_that_lost_its_lease_cannot_write() -> None:
    due_job()
    stale = claim()
    late = timezone.now() + timedelta(hours=1)
    assert lanes.sweep(now=late) == 1
    successor = claim()
    assert successor.epoch > stale.epoch
    for late_write in (
        lambda: lanes.fence(claim=stale),
        lambda: lanes.renew(claim=stale, batch=[1]),
    ):
        with pytest.raises(LeaseLost):
            late_write()
    lanes.release(claim=stale, more=False)
    lanes.fence(claim=successor)


def test_the_next_worker_gets_the_batch_of_a_lost_one() -> None:
    due_job()
    lost = claim()
    lanes.renew(claim=lost, batch=[3, 4])
    lanes.sweep(now=timezone.now() + timedelta(hours=1))
    assert claim().orphans == (3, 4)


def test_a_released_lane_has_no_orphans() -> None:
    due_job()
    turn = claim()
    lanes.renew(claim=turn, batch=[3, 4])
    lanes.release(claim=turn, more=True)
    assert claim().orphans == ()


def test_a_lane_that_backs_off_ignores_new_work_until_its_time() -> None:
    job = due_job()
    now = timezone.now()
    lanes.release(claim=claim(), more=True, failures=3, rest_until=now + timedelta(minutes=1))
    lanes.wake(lane_ids=job.lane_ids)
    assert claim() is None
    lanes.sweep(now=now + timedelta(minutes=2))
    turn = claim()
    assert turn is not None and turn.failures == 3


def test_paused_connections_and_platforms_are_not_served() -> None:
    job = due_job()
    pause_connection(connection=job.connection, by=None, reason="holiday")
    lanes.wake(lane_ids=job.lane_ids)
    assert claim() is None
    pause_platform(platform="rest", by=None, reason="outage")
    resume_connection(connection=job.connection, by=None)
    assert claim() is None
    # Nor are those that are connected meanwhile.
    assert list(Lane.objects.filter(pk__in=due_job().lane_ids).values_list("paused", flat=True)) == [True]
    resume_platform(platform="rest", by=None)
    assert claim() is not None


def test_the_sweeper_raises_tickets_below_the_low_water_mark() -> None:
    first = due_job()
    for _ in range(3):
        lanes.release(claim=claim(), more=True)
    turn = claim()
    lanes.release(claim=turn, more=False)
    Share.objects.update(due=True, turn=0)
    Lane.objects.update(due=True)
    lanes.sweep()
    assert claim().lane_id == first.lane_ids[0]
