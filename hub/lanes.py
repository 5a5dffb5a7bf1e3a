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
_NUDGE_SECONDS = 1.0
_SILENT_SECONDS = 5.0
_silent_until = 0.0


class Fenced(Exception):
    """Another worker has the lane now: this one must write nothing more."""


@dataclass(slots=True, frozen=True)
class Claim:
    """A worker's hold on a lane. `orphans` are the changes that a predecessor had in hand when it was lost."""

    lane_id: int
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
            UPDATE hub_lane SET due = true FROM asleep WHERE hub_lane.id = asleep.id RETURNING share_id
            """,
            [list(lane_ids)],
        )
        if _mark_shares_due(cursor, [share for (share,) in cursor.fetchall()]):
            transaction.on_commit(nudge)


def nudge(task: str = TURN_TASK) -> None:
    """Ask some worker to look at the lanes, or at what else the task is about. A broker that does not answer is no
    reason to fail: the sweeper looks."""
    global _silent_until
    if monotonic() < _silent_until:
        return
    # With time limits of its own: a worker listens to the same broker with much more patience.
    options = {"socket_timeout": _NUDGE_SECONDS, "socket_connect_timeout": _NUDGE_SECONDS}
    broker = current_app.connection_for_write(transport_options=options)
    try:
        with producers[broker].acquire(block=True, timeout=_NUDGE_SECONDS) as producer:
            current_app.send_task(task, expires=10, producer=producer, retry=False)
    except (OperationalError, OSError) as error:
        _silent_until = monotonic() + _SILENT_SECONDS
        logger.warning("No worker could be nudged, the sweeper will: %s", error)


@contextmanager
def quick_commit() -> Iterator[None]:
    """A transaction that does not wait for the disk: what it writes may be lost when PostgreSQL crashes, and is then
    merely done again. Claims and leases are such writes; the holder's name guards an epoch that was lost."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = %s",
                [_frozen_after()],
            )
        yield


def _frozen_after() -> int:
    """Milliseconds after which a worker that fell silent inside a transaction loses it with all its locks: otherwise
    nobody could take its lane while it sleeps, or while its machine is gone."""
    return 1000 * settings.LEASE_SECONDS


def claim(*, holder: str, workers: int) -> Claim | None:
    """The lane whose turn it is, leased to `holder`, or None if nothing is due that may be served.

    `workers` is the number of workers alive: one seller never holds more than half of them (rounded up).
    """
    with quick_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT share.id, share.turn FROM hub_share AS share
            WHERE share.due AND share.turn >= (SELECT last_value FROM hub_claim_mark)
              AND EXISTS (SELECT FROM hub_lane WHERE share_id = share.id AND due AND NOT paused AND lease_until IS NULL)
              AND (SELECT count(*) FROM hub_lane WHERE share_id = share.id AND lease_until IS NOT NULL) < %s
            ORDER BY share.turn LIMIT 1 FOR UPDATE SKIP LOCKED
            """,
            [_most(workers)],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        share_id, turn = row
        cursor.execute(
            """
            UPDATE hub_lane SET
                due = false, epoch = epoch + 1, leased_by = %s, lease_until = now() + make_interval(secs => %s),
                turn = nextval('hub_turn'), wake_at = NULL
            WHERE id = (
                SELECT id FROM hub_lane
                WHERE share_id = %s AND due AND NOT paused AND lease_until IS NULL
                ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED
            )
            RETURNING id, connection_id, epoch, batch_limit, failures, batch, crashes
            """,
            [holder, settings.LEASE_SECONDS, share_id],
        )
        lane = cursor.fetchone()
        cursor.execute(
            """
            UPDATE hub_share SET turn = nextval('hub_turn'), due = EXISTS (
                SELECT FROM hub_lane WHERE share_id = hub_share.id AND due AND NOT paused AND lease_until IS NULL)
            WHERE id = %s
            """,
            [share_id],
        )
        cursor.execute("SELECT setval('hub_claim_mark', GREATEST(%s, last_value)) FROM hub_claim_mark", [max(turn, 1)])
    if lane is None:
        return None
    lane_id, connection_id, epoch, batch_limit, failures, batch, crashes = lane
    return Claim(lane_id, connection_id, epoch, holder, batch_limit, failures, tuple(batch), crashes)


def someone_waits(*, workers: int, giving_way: Claim | None = None) -> bool:
    """Whether a lane is due that a free worker could serve now, or (`giving_way`) the holder of that claim instead."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM hub_share AS share
                WHERE share.due AND share.turn >= (SELECT last_value FROM hub_claim_mark)
                  AND EXISTS (SELECT FROM hub_lane
                              WHERE share_id = share.id AND due AND NOT paused AND lease_until IS NULL)
                  AND (SELECT count(*) FROM hub_lane
                       WHERE share_id = share.id AND lease_until IS NOT NULL AND id <> %s) < %s)
            """,
            [giving_way.lane_id if giving_way else 0, _most(workers)],
        )
        return bool(cursor.fetchone()[0])


def _most(workers: int) -> int:
    """How many lanes of one seller may be served at a time: half of the workers, rounded up."""
    return max(1, math.ceil(workers / 2))


def renew(*, claim: Claim, batch: Collection[int] = (), progressed: bool = False) -> None:
    """Extend the lease at a point of progress, naming the changes about to be sent. Fenced if it is lost.

    `progressed`: something was settled since the claim, so that crashes of the past are not counted on.
    """
    with quick_commit(), connection.cursor() as cursor:
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
            raise Fenced(f"lane {claim.lane_id}, epoch {claim.epoch}")


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
                [str(_frozen_after()), claim.lane_id, claim.epoch, claim.holder],
            )
            if cursor.fetchone() is None:
                raise Fenced(f"lane {claim.lane_id}, epoch {claim.epoch}")
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
            raise Fenced(f"lane {claim.lane_id}, epoch {claim.epoch}")


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
    with quick_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_lane SET
                lease_until = NULL, leased_by = '', batch = '{}', crashes = 0,
                due = CASE WHEN %(rest)s::timestamptz IS NOT NULL THEN false ELSE due OR %(more)s END,
                wake_at = %(wake)s, batch_limit = %(limit)s, failures = %(failures)s, rest_until = %(rest)s
            WHERE id = %(lane)s AND epoch = %(epoch)s AND leased_by = %(holder)s
            RETURNING share_id
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
        _mark_shares_due(cursor, [share for (share,) in cursor.fetchall()])


def abandon(*, claim: Claim, rest_until: datetime) -> None:
    """Give the lane back as if its worker had been lost: what it has in hand is in doubt, and the crash counts."""
    with quick_commit(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_lane SET
                lease_until = NULL, leased_by = '', epoch = epoch + 1, crashes = crashes + 1,
                due = false, rest_until = %s, wake_at = %s
            WHERE id = %s AND epoch = %s AND leased_by = %s
            """,
            [rest_until, rest_until, claim.lane_id, claim.epoch, claim.holder],
        )


def _mark_shares_due(cursor: CursorWrapper, share_ids: Sequence[int]) -> int:
    """Shares with a lane that can be claimed become due, with a ticket that a claim will see. Returns how many."""
    if not share_ids:
        return 0
    cursor.execute(
        """
        WITH chosen AS (SELECT id FROM hub_share WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
        UPDATE hub_share SET due = true, turn = GREATEST(turn, (SELECT last_value FROM hub_claim_mark))
        FROM chosen WHERE hub_share.id = chosen.id AND EXISTS (
            SELECT FROM hub_lane WHERE share_id = hub_share.id AND due AND NOT paused AND lease_until IS NULL)
        """,
        [sorted(set(share_ids))],
    )
    return cursor.rowcount


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
                SELECT id FROM hub_lane
                WHERE (lease_until IS NOT NULL AND lease_until < %(now)s)
                   OR (wake_at IS NOT NULL AND wake_at <= %(now)s)
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE hub_lane SET
                due = true,
                crashes = crashes + CASE WHEN lease_until < %(now)s THEN 1 ELSE 0 END,
                epoch = epoch + CASE WHEN lease_until < %(now)s THEN 1 ELSE 0 END,
                leased_by = CASE WHEN lease_until < %(now)s THEN '' ELSE leased_by END,
                lease_until = CASE WHEN lease_until < %(now)s THEN NULL ELSE lease_until END,
                wake_at = CASE WHEN wake_at <= %(now)s THEN NULL ELSE wake_at END
            FROM chosen WHERE hub_lane.id = chosen.id
            RETURNING share_id
            """,
            {"now": now},
        )
        woken = cursor.fetchall()
        _mark_shares_due(cursor, [share for (share,) in woken])
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


def wake_forgotten() -> int:
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
