"""Lanes: claiming, leasing and scheduling.

Sellers take turns, and so do the lanes of a seller: the least recently served comes first. The order is defined by
tickets from a sequence. A claim only scans tickets from the low-water mark upwards, because while an old snapshot is
open the index below the mark is full of dead entries. A share that becomes due again gets a ticket at or above the
mark, and the sweeper raises tickets that are below it.
"""

import logging
import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from kombu.exceptions import OperationalError
from kombu.pools import producers

logger = logging.getLogger(__name__)

TURN_TASK = "connectors.turn"
# Timeout for an unresponsive broker, which is then not contacted for a while. The sweeper finds due lanes anyway.
_NOTIFY_TIMEOUT_SECONDS = 1.0
_BROKER_BACKOFF_SECONDS = 5.0
_broker_backoff_until = 0.0


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


def wake(*, lane_ids: Sequence[int]) -> None:
    """Mark lanes as due because they have work. Cheap if they are due already; lanes that back off are left alone."""
    if not lane_ids:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asleep AS (
                SELECT id FROM hub_lane
                WHERE id = ANY(%s) AND NOT due AND (rest_until IS NULL OR rest_until <= now())
                ORDER BY id FOR UPDATE
            )
            UPDATE hub_lane SET due = true FROM asleep WHERE hub_lane.id = asleep.id
            RETURNING share_id, hub_lane.id, NOT paused AND leased_by = '', false
            """,
            [list(lane_ids)],
        )
        woken = [_LaneUpdate(*row) for row in cursor.fetchall()]
        _update_shares(cursor, woken)
        if any(lane.claimable for lane in woken):
            transaction.on_commit(notify_workers)


def notify_workers(task: str = TURN_TASK) -> None:
    """Send `task` to the workers, by default to claim a lane.

    Broker errors are logged, not raised: the sweeper runs anyway.
    """
    global _broker_backoff_until
    if monotonic() < _broker_backoff_until:
        return
    # Own timeouts: those for consuming from the same broker are much longer.
    options = {"socket_timeout": _NOTIFY_TIMEOUT_SECONDS, "socket_connect_timeout": _NOTIFY_TIMEOUT_SECONDS}
    broker = current_app.connection_for_write(transport_options=options)
    try:
        with producers[broker].acquire(block=True, timeout=_NOTIFY_TIMEOUT_SECONDS) as producer:
            current_app.send_task(task, expires=10, producer=producer, retry=False)
    except (OperationalError, OSError) as error:
        _broker_backoff_until = monotonic() + _BROKER_BACKOFF_SECONDS
        logger.warning("Could not notify workers through the broker, the next sweep will: %s", error)


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
                return None  # its lanes are locked by a transaction that will wake them


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

    With `rest_until` (its circuit breaker is open) the lane isn't due before that time, even if new work arrives. Does
    nothing if the lease is lost.
    """
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
        _update_shares(cursor, [_LaneUpdate(*row) for row in cursor.fetchall()])


def abandon(*, claim: Claim, rest_until: datetime) -> None:
    """Release the lane as if its worker had crashed: its batch becomes suspect and the crash is counted."""
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
        _update_shares(cursor, [_LaneUpdate(*row) for row in cursor.fetchall()])


@dataclass(slots=True, frozen=True)
class _LaneUpdate:
    """A lane's new state as its share needs it: `claimable` now, `freed` if its lease has ended."""

    share_id: int
    lane_id: int
    claimable: bool
    freed: bool


def _update_shares(cursor: CursorWrapper, lanes: Sequence[_LaneUpdate]) -> None:
    """Update the shares of lanes that were written in this transaction.

    A share with a claimable lane becomes due; both get tickets that claims can see. Ended leases are subtracted from
    `held`. Rows that don't change are not written.
    """
    if not lanes:
        return
    cursor.execute(
        """
        WITH lane_update AS (
            SELECT share_id, bool_or(claimable) AS claimable, count(*) FILTER (WHERE freed) AS freed
            FROM unnest(%(shares)s::bigint[], %(claimable)s::bool[], %(freed)s::bool[])
                 AS lane (share_id, claimable, freed)
            GROUP BY share_id
        ), share AS (
            SELECT id, due, turn, lane_turn FROM hub_share WHERE id = ANY(%(shares)s) ORDER BY id FOR UPDATE
        ), lifted AS (
            UPDATE hub_lane SET turn = share.lane_turn FROM share
            WHERE hub_lane.id = ANY(%(lanes)s) AND share_id = share.id AND hub_lane.turn < share.lane_turn
        )
        UPDATE hub_share SET
            due = hub_share.due OR claimable,
            turn = CASE WHEN claimable
                THEN GREATEST(hub_share.turn, (SELECT last_value FROM hub_claim_mark)) ELSE hub_share.turn END,
            held = held - freed
        FROM lane_update JOIN share ON share.id = lane_update.share_id
        WHERE hub_share.id = share.id AND (
            freed > 0 OR claimable AND (NOT share.due OR share.turn < (SELECT last_value FROM hub_claim_mark)))
        """,
        {
            "shares": [lane.share_id for lane in lanes],
            "claimable": [lane.claimable for lane in lanes],
            "freed": [lane.freed for lane in lanes],
            "lanes": [lane.lane_id for lane in lanes if lane.claimable],
        },
    )


def sweep(*, now: datetime | None = None) -> int:
    """Handle expired leases, lanes whose `wake_at` has passed and tickets below the low-water mark.

    Returns how many lanes became due. Safe to run concurrently.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Leases are set by the database's clock. The workers' clocks may differ.
        cursor.execute("SELECT COALESCE(%s, now())", [now])
        [now] = cursor.fetchone()
        cursor.execute(
            """
            WITH chosen AS (
                SELECT id, leased_by <> '' AND lease_until < %(now)s AS lost FROM hub_lane
                WHERE (leased_by <> '' AND lease_until < %(now)s)
                   OR (wake_at IS NOT NULL AND wake_at <= %(now)s)
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE hub_lane SET
                due = true,
                crashes = crashes + CASE WHEN lost THEN 1 ELSE 0 END,
                epoch = epoch + CASE WHEN lost THEN 1 ELSE 0 END,
                leased_by = CASE WHEN lost THEN '' ELSE leased_by END,
                lease_until = CASE WHEN lost THEN NULL ELSE lease_until END,
                wake_at = CASE WHEN wake_at <= %(now)s THEN NULL ELSE wake_at END
            FROM chosen WHERE hub_lane.id = chosen.id
            RETURNING share_id, hub_lane.id, NOT paused AND leased_by = '', lost
            """,
            {"now": now},
        )
        woken = [_LaneUpdate(*row) for row in cursor.fetchall()]
        _update_shares(cursor, woken)
        cursor.execute(
            """
            WITH below AS (
                SELECT id FROM hub_share WHERE due AND turn < (SELECT last_value FROM hub_claim_mark)
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE hub_share SET turn = (SELECT last_value FROM hub_claim_mark)
            FROM below WHERE hub_share.id = below.id
            """
        )
    return len(woken)


def wake_missed_lanes() -> int:
    """Wake idle lanes that have ready changes or an open run, after a crash between commit and waking.

    Returns how many were woken. Scans all idle lanes, so run it only now and then.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT lane.id FROM hub_lane AS lane
            WHERE NOT due AND NOT paused AND lease_until IS NULL AND (rest_until IS NULL OR rest_until <= now())
              AND EXISTS (
                SELECT FROM hub_job AS job
                WHERE job.connection_id = lane.connection_id AND lane.id = ANY(job.lane_ids)
                  AND job.enabled AND NOT job.paused
                  AND (EXISTS (SELECT FROM hub_change
                               WHERE lane_id = lane.id AND job_id = job.id AND state = 'ready')
                    OR (job.lane_ids[1] = lane.id
                        AND EXISTS (SELECT FROM hub_run
                                    WHERE job_id = job.id AND state IN ('queued', 'preparing')))))
            """
        )
        lane_ids = [lane for (lane,) in cursor.fetchall()]
    wake(lane_ids=lane_ids)
    return len(lane_ids)


def reconcile_shares() -> None:
    """Correct shares whose lanes were changed without updating them, by a deleted connection or a copy to staging.

    Scans all lanes, so run it only now and then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM hub_share LEFT JOIN (
                SELECT share_id, count(*) AS leases FROM hub_lane WHERE leased_by <> '' GROUP BY share_id
            ) AS counted ON counted.share_id = id
            WHERE held <> COALESCE(leases, 0) ORDER BY id FOR UPDATE OF hub_share
            """
        )
        if incorrect := [share for (share,) in cursor.fetchall()]:
            cursor.execute(
                """
                UPDATE hub_share SET
                    held = (SELECT count(*) FROM hub_lane WHERE share_id = hub_share.id AND leased_by <> '')
                WHERE id = ANY(%s)
                """,
                [incorrect],
            )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT share_id, lane.id, true, false FROM hub_lane AS lane JOIN hub_share AS share ON share.id = share_id
            WHERE lane.due AND NOT paused AND leased_by = '' AND (NOT share.due OR lane.turn < lane_turn)
            ORDER BY lane.id FOR UPDATE OF lane SKIP LOCKED
            """
        )
        _update_shares(cursor, [_LaneUpdate(*row) for row in cursor.fetchall()])
