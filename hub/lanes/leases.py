"""Leases: one worker at a time claims a lane, renews its lease, writes under it and releases the lane."""

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from hub import clock
from hub.lanes.shares import LaneUpdate, update_shares


class LeaseLost(Exception):
    """Another worker holds the lane now, so this one must not write anything else."""


@dataclass(slots=True, frozen=True)
class Claim:
    """A worker's lease of a lane. `orphans` are IDs of changes that a lost worker was processing."""

    lane_id: int
    share_id: int
    connection_id: int
    epoch: int
    holder: str
    batch_limit: int | None
    failures: int
    orphans: tuple[int, ...]
    crashes: int = 0


@contextmanager
def asynchronous_commit() -> Iterator[None]:
    """A transaction that doesn't wait for the disk: its writes may be lost if PostgreSQL crashes.

    For claims and leases, which are then just repeated. Checks compare the holder as well as the epoch, in case a new
    epoch was lost.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = %s",
                [_idle_in_transaction_timeout_ms()],
            )
        yield


def _idle_in_transaction_timeout_ms() -> int:
    """The timeout in milliseconds for a worker that hangs inside a transaction.

    Without it, its locks would keep other workers from taking over the lane.
    """
    return 1000 * settings.LEASE_SECONDS


def claim(*, holder: str, workers: int) -> Claim | None:
    """Lease the next due lane to `holder`. None if no lane is due or all due sellers are at their limit.

    `workers` is the number of workers alive. A seller may hold lanes of at most half of them (rounded up). The number
    that it holds is stored in its share, which is locked, so concurrent claims can't exceed the limit.
    """
    locked = set()
    with asynchronous_commit(), connection.cursor() as cursor:
        while True:
            cursor.execute(_NEXT_SHARE, {"most": _max_lanes_per_seller(workers)})
            share = cursor.fetchone()
            if share is None:
                return None
            share_id, place, turn, lane_turn = share
            values = {"share": share_id, "place": place, "turn": turn, "lane_turn": lane_turn}
            cursor.execute(_TAKE_LANE, values | {"holder": holder, "lease": settings.LEASE_SECONDS})
            still_due, _, lane_id, connection_id, epoch, batch_limit, failures, batch, crashes = cursor.fetchone()
            if lane_id is not None:
                return Claim(
                    lane_id, share_id, connection_id, epoch, holder, batch_limit, failures, tuple(batch), crashes
                )
            if still_due:
                # Its lanes are locked for a moment, by what wakes or pauses them. If they stay due, the next sweep
                # notifies workers at the latest. The other sellers do not wait for that.
                if share_id in locked:
                    return None
                locked.add(share_id)


# While an old snapshot is open, an index scan visits every dead version of a row that has an index entry. So the locked
# row is updated by its ctid, and a seller that is due alone keeps its ticket, which makes the update heap-only (HOT).
_NEXT_SHARE = """
SELECT id, ctid::text, turn, lane_turn FROM hub_share
WHERE due AND held < %(most)s AND turn >= (SELECT last_value FROM hub_claim_mark)
ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_TAKE_LANE = """
WITH chosen AS (
    SELECT ctid AS place FROM hub_lane
    WHERE share_id = %(share)s AND turn >= %(lane_turn)s AND due AND NOT paused AND leased_by = ''
    ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED
), lane AS (
    UPDATE hub_lane SET
        due = false, epoch = epoch + 1, leased_by = %(holder)s, lease_until = now() + make_interval(secs => %(lease)s),
        turn = nextval('hub_turn'), wake_at = NULL
    WHERE ctid = (SELECT place FROM chosen)
    RETURNING id, connection_id, epoch, batch_limit, failures, batch, crashes
), share AS (
    UPDATE hub_share SET
        turn = CASE WHEN turn > (SELECT last_value FROM hub_claim_mark)
                AND NOT EXISTS (SELECT FROM hub_share WHERE due AND turn >= %(turn)s AND id <> %(share)s)
            THEN turn ELSE nextval('hub_turn') END,
        held = held + (SELECT count(*) FROM lane),
        lane_turn = COALESCE((
            SELECT min(turn) FROM hub_lane
            WHERE share_id = %(share)s AND turn >= %(lane_turn)s AND due AND NOT paused AND leased_by = ''), lane_turn),
        due = EXISTS (
            SELECT FROM hub_lane
            WHERE share_id = %(share)s AND turn >= %(lane_turn)s AND due AND NOT paused AND leased_by = ''
              AND id NOT IN (SELECT id FROM lane))
    WHERE ctid = %(place)s::tid
    RETURNING due
)
SELECT share.due, setval('hub_claim_mark', GREATEST(%(turn)s - 1, (SELECT last_value FROM hub_claim_mark))), lane.*
FROM share LEFT JOIN lane ON true
"""


def has_waiting_work(*, workers: int, yielding_claim: Claim | None = None) -> bool:
    """Whether a free worker could claim a lane now. With `yielding_claim`: after releasing that lane."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM hub_share
                WHERE due AND turn >= (SELECT last_value FROM hub_claim_mark)
                  AND held - CASE id WHEN %s THEN 1 ELSE 0 END < %s)
            """,
            [yielding_claim.share_id if yielding_claim else 0, _max_lanes_per_seller(workers)],
        )
        return bool(cursor.fetchone()[0])


def _max_lanes_per_seller(workers: int) -> int:
    """The most lanes that one seller may hold: half of the workers, rounded up."""
    return max(1, math.ceil(workers / 2))


def renew(*, claim: Claim, batch: Collection[int] = (), progressed: bool = False) -> None:
    """Extend the lease. `batch` holds the IDs of the changes that will be sent next. LeaseLost if the lease is lost.

    `progressed`: changes were settled since the claim, so the crash count is reset.
    """
    with asynchronous_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_lane SET
                lease_until = now() + make_interval(secs => %s), batch = %s,
                crashes = CASE WHEN %s THEN 0 ELSE crashes END
            WHERE id = %s AND epoch = %s AND leased_by = %s
            """,
            [
                settings.LEASE_SECONDS,
                list(batch),
                progressed,
                claim.lane_id,
                claim.epoch,
                claim.holder,
            ],
        )
        if cursor.rowcount == 0:
            raise LeaseLost(f"lane {claim.lane_id}, epoch {claim.epoch}")


@contextmanager
def fenced(claim: Claim) -> Iterator[None]:
    """A transaction that commits only if the worker still holds the lane, else raises LeaseLost (N6).

    The lane is checked first, so that a worker without a lease stops early. It is locked only at the end, right before
    commit, so that webhooks and user requests that wake the lane don't wait for the whole transaction.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT set_config('idle_in_transaction_session_timeout', %s, true) FROM hub_lane
                WHERE id = %s AND epoch = %s AND leased_by = %s
                """,
                [str(_idle_in_transaction_timeout_ms()), claim.lane_id, claim.epoch, claim.holder],
            )
            if cursor.fetchone() is None:
                raise LeaseLost(f"lane {claim.lane_id}, epoch {claim.epoch}")
        yield
        fence(claim=claim)


def fence(*, claim: Claim) -> None:
    """Lock the lane until commit, or raise LeaseLost. Should be the last statement before commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM hub_lane WHERE id = %s AND epoch = %s AND leased_by = %s FOR SHARE",
            [claim.lane_id, claim.epoch, claim.holder],
        )
        if cursor.fetchone() is None:
            raise LeaseLost(f"lane {claim.lane_id}, epoch {claim.epoch}")


def release(
    *,
    claim: Claim,
    more: bool,
    wake_at: datetime | None = None,
    batch_limit: int | None = None,
    failures: int = 0,
    rest_until: datetime | None = None,
) -> None:
    """Release the lane. `more`: it has work left. `wake_at`: when its next delayed change is ready.

    With `rest_until` (its circuit breaker is open) the lane isn't due before that time, even if new work arrives, but
    never for longer than a day. Does nothing if the lease is lost.
    """
    rest_until = clock.at_most_a_day_ahead(rest_until, now=clock.now())
    if rest_until is not None:
        more, wake_at = False, rest_until
    with asynchronous_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_lane SET
                lease_until = NULL, leased_by = '', batch = '{}', crashes = 0,
                due = CASE WHEN %(rest)s::timestamptz IS NOT NULL THEN false ELSE due OR %(more)s END,
                wake_at = %(wake)s, batch_limit = %(limit)s, failures = %(failures)s, rest_until = %(rest)s
            WHERE id = %(lane)s AND epoch = %(epoch)s AND leased_by = %(holder)s
            RETURNING share_id, id, due AND NOT paused, true
            """,
            {
                "more": more,
                "wake": wake_at,
                "limit": batch_limit,
                "failures": failures,
                "rest": rest_until,
                "lane": claim.lane_id,
                "epoch": claim.epoch,
                "holder": claim.holder,
            },
        )
        update_shares(cursor, [LaneUpdate(*row) for row in cursor.fetchall()])


def abandon(*, claim: Claim, rest_until: datetime) -> None:
    """Release the lane as if its worker had crashed: its batch becomes suspect and the crash is counted."""
    rest_until = clock.at_most_a_day_ahead(rest_until, now=clock.now())
    with asynchronous_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_lane SET
                lease_until = NULL, leased_by = '', epoch = epoch + 1, crashes = crashes + 1,
                due = false, rest_until = %s, wake_at = %s
            WHERE id = %s AND epoch = %s AND leased_by = %s
            RETURNING share_id, id, false, true
            """,
            [rest_until, rest_until, claim.lane_id, claim.epoch, claim.holder],
        )
        update_shares(cursor, [LaneUpdate(*row) for row in cursor.fetchall()])
