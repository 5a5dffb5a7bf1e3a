"""Lanes: who may work where, for how long, and who is next.

Sellers are served in turn, and the lanes of a seller in turn: the one served least recently comes first. The order is
kept by tickets from a sequence. A claim looks from the low-water mark upwards, because under an old snapshot the index
below it is full of dead entries; whoever becomes due again gets a ticket at the mark or above, and the sweeper lifts
any that fell below.
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
# A broker that keeps silent costs this much, and is then left alone for a while: the sweeper looks at the rows anyway.
_NOTIFY_TIMEOUT_SECONDS = 1.0
_BROKER_BACKOFF_SECONDS = 5.0
_broker_backoff_until = 0.0


class LeaseLost(Exception):
    """Another worker has the lane now: this one must write nothing more."""


@dataclass(slots=True, frozen=True)
class Claim:
    """A worker's hold on a lane. `orphans` are the changes that a predecessor had in hand when it was lost."""

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
    """There is work in these lanes. Cheap when they are due already; a resting lane goes on resting."""
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
    """Ask some worker to look at the lanes, or at what else the task is about. A broker that does not answer is no
    reason to fail: the sweeper looks."""
    global _broker_backoff_until
    if monotonic() < _broker_backoff_until:
        return
    # With time limits of its own: a worker listens to the same broker with much more patience.
    options = {"socket_timeout": _NOTIFY_TIMEOUT_SECONDS, "socket_connect_timeout": _NOTIFY_TIMEOUT_SECONDS}
    broker = current_app.connection_for_write(transport_options=options)
    try:
        with producers[broker].acquire(block=True, timeout=_NOTIFY_TIMEOUT_SECONDS) as producer:
            current_app.send_task(task, expires=10, producer=producer, retry=False)
    except (OperationalError, OSError) as error:
        _broker_backoff_until = monotonic() + _BROKER_BACKOFF_SECONDS
        logger.warning("No worker could be nudged, the sweeper will: %s", error)


@contextmanager
def asynchronous_commit() -> Iterator[None]:
    """A transaction that does not wait for the disk: what it writes may be lost when PostgreSQL crashes, and is then
    merely done again. Claims and leases are such writes; the holder's name guards an epoch that was lost."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = %s",
                [_idle_in_transaction_timeout_ms()],
            )
        yield


def _idle_in_transaction_timeout_ms() -> int:
    """Milliseconds after which a worker that fell silent inside a transaction loses it with all its locks: otherwise
    nobody could take its lane while it sleeps, or while its machine is gone."""
    return 1000 * settings.LEASE_SECONDS


def claim(*, holder: str, workers: int) -> Claim | None:
    """The lane whose turn it is, leased to `holder`, or None if nothing is due that may be served.

    `workers` is the number of workers alive: one seller never holds more than half of them (rounded up). What decides
    that stands in the row of the seller's share, which is locked: no count is taken while others claim.
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
                return None  # somebody writes to its lanes at this moment, and will wake them


# Under an old snapshot the way to a row through its index leads past every version of it that had a place of its own
# there. Hence straight to where the locked row lies; and a seller with nobody beside it keeps its ticket, so that its
# row is written in place.
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
    """Whether a lane is due that a free worker could serve now, or (`yielding_claim`) the holder of that claim
    instead."""
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
    """How many lanes of one seller may be served at a time: half of the workers, rounded up."""
    return max(1, math.ceil(workers / 2))


def renew(*, claim: Claim, batch: Collection[int] = (), progressed: bool = False) -> None:
    """Extend the lease at a point of progress, naming the changes about to be sent. Fenced if it is lost.

    `progressed`: something was settled since the claim, so that crashes of the past are not counted on.
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
    """A settling transaction: all that a worker writes about what it did in its lane, or Fenced and nothing (N6).

    The lane is looked at first, so that a late worker does no work in vain, and locked last, with nothing left to do
    but commit: whoever wakes the lane meanwhile (a webhook, a person's request) never waits for a page or a batch.
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
    """Hold the lane until commit, or raise Fenced: the last statement of a settling transaction."""
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
    """Give the lane back. `more`: it has work left; `wake_at`: when its next delayed work is ready.

    A resting lane (its breaker is open) is not due before `rest_until`, whatever comes in. Nothing happens if the lane
    is another's by now.
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
    """Give the lane back as if its worker had been lost: what it has in hand is in doubt, and the crash counts."""
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
    """What a share must know of one of its lanes: whether it can be claimed now, whether it was held until now."""

    share_id: int
    lane_id: int
    claimable: bool
    freed: bool


def _update_shares(cursor: CursorWrapper, lanes: Sequence[_LaneUpdate]) -> None:
    """After lanes were written, in the same transaction: a share with one that can be claimed becomes due, both with
    tickets that a claim will see, and leases that ended count no more. What is so already is not written again."""
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
    """Put right what no message told: leases that ran out, lanes whose waiting is over, tickets below the mark.

    Returns how many lanes became due. Two sweepers at once do no harm.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # By the database's clock, which set the leases: those of the workers may differ.
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
    """Lanes with ready changes or an open run that nobody was told of (a crash between commit and waking).

    Looks at every idle lane, so it is for once in a while.
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
    """Bring shares in line with their lanes where somebody wrote to lanes without telling them: a connection that was
    deleted while it was served, a copy to staging. Looks at all of them, so it is for once in a while."""
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
