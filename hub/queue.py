"""The queue of changes: enqueue, take, settle. docs/engine.md tells why it cannot lose or double anything.

A row says "look at this item for that job". Every enqueue gives it a new token; a worker notes the token *before* it
reads the item and deletes the row only if the token is still the same, so a change that comes while the item is being
sent survives. There is no in-flight state to get wrong: a worker that dies leaves its rows as they were.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from hub import lanes
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Run

# The error class of a change that was alone in hand when its worker was lost; the next other error begins anew.
WORKER_LOST = "WorkerLost"


class Priority:
    """The lower goes first within a lane."""

    EVENT = 0
    FULL_RUN = 1


@dataclass(slots=True, frozen=True)
class ChangeSnapshot:
    """A change as its worker saw it."""

    id: int
    item_id: int
    token: int
    priority: int
    attempts: int
    run_id: int | None
    sent_at: datetime | None
    batch_limit: int | None = None
    error_class: str = ""
    receipt_id: str = ""
    queued_hash: bytes | None = None


_ENQUEUE = """
INSERT INTO hub_change AS change
    (job_id, lane_id, kind, item_id, token, priority, run_id, state, attempts, error_class, last_error)
SELECT job.id, job.lane_ids[1 + (item.id %% cardinality(job.lane_ids))], %(kind)s, item.id,
       nextval('hub_change_token'), %(priority)s, %(run)s, 'ready', 0, '', ''
FROM unnest(%(items)s::bigint[]) AS item (id)
CROSS JOIN ({jobs}) AS job
ORDER BY job.id, item.id
ON CONFLICT (job_id, kind, item_id) DO UPDATE SET
    token = EXCLUDED.token,
    priority = LEAST(change.priority, EXCLUDED.priority),
    run_id = COALESCE(change.run_id, EXCLUDED.run_id),
    -- What a person was asked about has changed since: that is an answer. What waits for its next try goes on waiting.
    attempts = CASE change.state WHEN 'held' THEN 0 ELSE change.attempts END,
    state = CASE change.state WHEN 'held' THEN 'ready' ELSE change.state END
RETURNING lane_id
"""
_SNAPSHOT_FIELDS = (
    "id", "item_id", "token", "priority", "attempts", "run_id", "sent_at", "batch_limit", "error_class", "receipt_id",
    "queued_hash",
)  # fmt: skip
_EXPORT_JOBS = """
SELECT job.id, job.lane_ids FROM hub_job AS job JOIN hub_connection AS home ON home.id = job.connection_id
WHERE job.direction = 'export' AND job.enabled AND job.item_kind = %(kind)s
  AND (home.seller_id = %(seller)s OR home.seller_id IS NULL
       -- A vendor's ERP hears of the orders of those whom the vendor serves (S9).
       OR job.item_kind = 'order' AND home.role = 'erp' AND home.seller_id IN
          (SELECT vendor_id FROM accounts_dropshipagreement WHERE seller_id = %(seller)s AND active))
  AND home.state <> 'uninstalled' AND home.id IS DISTINCT FROM %(origin)s
  AND NOT EXISTS (SELECT FROM accounts_seller WHERE id IN (%(seller)s, home.seller_id) AND status = 'deleted')
"""
_ONE_JOB = "SELECT id, lane_ids FROM hub_job WHERE id = %(job)s"


def enqueue(*, seller_id: int | None, kind: Kind, item_ids: Collection[int], origin: int | None = None) -> None:
    """A change for every enabled export job that listens to this kind, in the transaction that changed the items.

    `origin` is the connection that the change came from: it is not sent back there. What belongs to a deleted seller
    goes nowhere (L13). Workers are woken after commit.
    """
    _insert(
        _EXPORT_JOBS,
        kind,
        item_ids,
        {"seller": seller_id, "origin": origin, "priority": Priority.EVENT, "run": None},
    )


def enqueue_for_run(*, run: Run, kind: Kind, item_ids: Collection[int]) -> None:
    """A change for one job on behalf of its full run, which counts the first outcome of each. Nobody is woken for it:
    sending begins when the run has been planned."""
    _insert(_ONE_JOB, kind, item_ids, {"job": run.job_id, "priority": Priority.FULL_RUN, "run": run.pk}, wake=False)


def enqueue_for_job(*, job: Job, kind: Kind, item_ids: Collection[int]) -> None:
    """A change for one job alone, with the priority of an event: something about its target is in doubt."""
    _insert(_ONE_JOB, kind, item_ids, {"job": job.pk, "priority": Priority.EVENT, "run": None})


def _insert(
    jobs: str, kind: Kind, item_ids: Collection[int], values: dict[str, int | None], *, wake: bool = True
) -> None:
    if not item_ids:
        return
    items = sorted(set(item_ids))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENQUEUE.format(jobs=jobs), {**values, "kind": kind, "items": items})
        woken = sorted({lane for (lane,) in cursor.fetchall()})
        if wake:
            transaction.on_commit(lambda: lanes.wake(lane_ids=woken))


def fill_batches(*, job: Job, size: int, own_lane: int) -> int:
    """Put together what would go out as the last, partly filled batch of each lane, so that a full run makes no more
    calls than its number of changes needs. Returns how many changes moved; each stays where it went until settled.

    A change may move only while nobody can have it in hand: between lanes that no worker holds or was lost with,
    locked until commit, and the caller's own, whose holder has nothing in hand.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM hub_lane WHERE id = ANY(%s) AND (leased_by = '' AND batch = '{}' OR id = %s)
            ORDER BY array_position(%s, id) FOR UPDATE SKIP LOCKED
            """,
            [job.lane_ids, own_lane, job.lane_ids],
        )
        free = [lane for (lane,) in cursor.fetchall()]
        if len(free) < 2:
            return 0
        cursor.execute(
            """
            WITH waiting AS (
                SELECT id, token,
                       row_number() OVER (PARTITION BY lane_id ORDER BY token) AS place,
                       count(*) OVER (PARTITION BY lane_id) AS number
                FROM hub_change
                WHERE job_id = %(job)s AND lane_id = ANY(%(lanes)s) AND priority = %(priority)s AND state = 'ready'
            ), moved AS (
                SELECT id, (%(lanes)s)[1 + (row_number() OVER (ORDER BY token) - 1) / %(size)s] AS lane_id
                FROM waiting WHERE place > number - number %% %(size)s
            ), locked AS (
                SELECT change.id, moved.lane_id FROM hub_change AS change JOIN moved USING (id)
                WHERE change.lane_id <> moved.lane_id ORDER BY change.item_id FOR UPDATE OF change
            )
            UPDATE hub_change SET lane_id = locked.lane_id FROM locked WHERE hub_change.id = locked.id
            """,
            {"job": job.pk, "lanes": free, "size": size, "priority": Priority.FULL_RUN},
        )
        return cursor.rowcount


def wake_delayed(*, lane_id: int, now: datetime) -> int:
    """Changes whose waiting time is over become ready."""
    expired = Change.objects.filter(lane_id=lane_id, state=Change.State.DELAYED, not_before__lte=now)
    with transaction.atomic():
        return expired.filter(pk__in=_locked(expired)).update(state=Change.State.READY, not_before=None)


def make_ready(*, connection: Connection, kind: Kind, item_ids: Collection[int], held_for: str) -> None:
    """What waits at this connection for its next try, or is held for that class of error, is tried now: something has
    come that may help."""
    waiting = Change.objects.filter(
        Q(state=Change.State.DELAYED) | Q(state=Change.State.HELD, error_class=held_for),
        job__connection=connection,
        kind=kind,
        item_id__in=item_ids,
    )
    with transaction.atomic():
        chosen = _locked(waiting)
        waiting.filter(pk__in=chosen).update(state=Change.State.READY, not_before=None)
        woken = set(Change.objects.filter(pk__in=chosen).values_list("lane_id", flat=True))
        transaction.on_commit(lambda: lanes.wake(lane_ids=sorted(woken)))


def detach_run(*, run: Run) -> None:
    """The run is over before its changes were: they stay, and count for it no more."""
    own = Change.objects.filter(run=run)
    with transaction.atomic():
        own.filter(pk__in=_locked(own)).update(run=None)


def _locked(changes: QuerySet[Change]) -> list[int]:
    """Ids of the changes, locked in the order that everybody keeps."""
    return list(changes.order_by("job_id", "item_id").select_for_update(of=("self",)).values_list("pk", flat=True))


def next_changes(*, lane_id: int, job_id: int, priority: int, after: int, limit: int) -> list[ChangeSnapshot]:
    """The next ready changes of a job in a lane, by token. `after` is the last token taken in this turn.

    The keyset matters: rows that were settled a moment ago leave dead index entries behind, and while an old snapshot
    is open (a backup) nothing may clear them away.
    """
    rows = Change.objects.filter(
        lane_id=lane_id, job_id=job_id, priority=priority, state=Change.State.READY, token__gt=after
    ).order_by("token")
    batch: list[ChangeSnapshot] = []
    for row in rows.values_list(*_SNAPSHOT_FIELDS)[:limit]:
        change = ChangeSnapshot(*row)
        limit = min(limit, change.batch_limit or limit)
        if len(batch) >= limit:
            break
        batch.append(change)
    return batch


def mark_suspect(*, ids: Sequence[int]) -> list[int]:
    """The changes that a lost worker had in hand: each is sent in half as large a batch from now on, so that the one
    that kills its worker is soon alone, and only then counts it. Returns those that still exist.
    """
    isolated = len(ids) == 1
    found = _locked(Change.objects.filter(pk__in=ids))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_change SET
                batch_limit = %(limit)s,
                attempts = CASE WHEN NOT %(alone)s THEN attempts
                                WHEN error_class = %(lost)s THEN attempts + 1 ELSE 1 END,
                error_class = CASE WHEN %(alone)s THEN %(lost)s ELSE error_class END
            WHERE id = ANY(%(ids)s)
            """,
            {"limit": max(1, len(ids) // 2), "alone": isolated, "lost": WORKER_LOST, "ids": found},
        )
    return found


def reload_changes(ids: Iterable[int]) -> list[ChangeSnapshot]:
    """The changes as they are now, those that are gone left out."""
    rows = Change.objects.filter(pk__in=list(ids))
    return [ChangeSnapshot(*row) for row in rows.order_by("token").values_list(*_SNAPSHOT_FIELDS)]


def next_wake(*, lane_id: int) -> datetime | None:
    """When the earliest delayed change of the lane is to be tried again."""
    delayed = Change.objects.filter(lane_id=lane_id, state=Change.State.DELAYED)
    return delayed.aggregate(Min("not_before"))["not_before__min"]


@dataclass(slots=True)
class Failure:
    """Why a change stays in the queue. `not_before` None: it is held for a person; `isolated`: it failed with no other
    in the same call, and goes alone from now on. `receipt_id` and `queued_hash` say what the target has queued.
    """

    change: ChangeSnapshot
    error_class: str
    error: str
    not_before: datetime | None
    isolated: bool = False
    receipt_id: str = ""
    queued_hash: bytes | None = None


def settle(
    *, done: Sequence[ChangeSnapshot], failed: Sequence[Failure] = (), possibly_sent: Sequence[ChangeSnapshot] = ()
) -> dict[int, int]:
    """Take what is done off the queue and write down why the rest stays. Runs inside the caller's transaction, which
    has checked its lane's epoch. `possibly_sent`: the target may have these all the same, so that what is decided about
    them next must not take them for absent.

    A row whose token changed meanwhile stays, ready for another look. Returns run id → how many items of that run had
    their first outcome here; later outcomes of the same item count no more.
    """
    ids = {change.id for change in done} | {failure.change.id for failure in failed}
    possibly_sent_ids = [change.id for change in possibly_sent]
    first_outcomes: Counter[int] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, run_id FROM hub_change WHERE id = ANY(%s) ORDER BY job_id, item_id FOR UPDATE",
            [[*ids, *possibly_sent_ids]],
        )
        first_outcomes.update(run for pk, run in cursor.fetchall() if run is not None and pk in ids)
        if done:
            cursor.execute(
                "DELETE FROM hub_change WHERE id = ANY(%s) AND token = ANY(%s)",
                [[change.id for change in done], [change.token for change in done]],
            )
        if failed:
            cursor.execute(
                """
                UPDATE hub_change AS change SET
                    state = CASE WHEN failure.not_before IS NULL THEN 'held' ELSE 'delayed' END,
                    not_before = failure.not_before,
                    attempts = change.attempts + 1,
                    sent_at = CASE failure.error_class
                        WHEN 'Queued' THEN COALESCE(change.sent_at, now()) ELSE change.sent_at END,
                    batch_limit = CASE WHEN failure.alone THEN 1 ELSE change.batch_limit END,
                    error_class = failure.error_class,
                    last_error = failure.error,
                    receipt_id = failure.receipt_id,
                    queued_hash = failure.queued_hash,
                    token = nextval('hub_change_token')
                FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bool[], %s::text[], %s::text[],
                            %s::text[], %s::bytea[])
                     AS failure (id, token, not_before, alone, error_class, error, receipt_id, queued_hash)
                WHERE change.id = failure.id AND change.token = failure.token
                """,
                [
                    [failure.change.id for failure in failed],
                    [failure.change.token for failure in failed],
                    [failure.not_before for failure in failed],
                    [failure.isolated for failure in failed],
                    [failure.error_class for failure in failed],
                    [failure.error[:2000] for failure in failed],
                    [failure.receipt_id[:200] for failure in failed],
                    [failure.queued_hash for failure in failed],
                ],
            )
        if first_outcomes:
            cursor.execute("UPDATE hub_change SET run_id = NULL WHERE id = ANY(%s) AND run_id IS NOT NULL", [list(ids)])
        if possibly_sent:
            cursor.execute(
                "UPDATE hub_change SET sent_at = now() WHERE id = ANY(%s) AND sent_at IS NULL", [possibly_sent_ids]
            )
    return first_outcomes
