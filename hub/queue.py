"""The queue of changes: enqueue, fetch, settle. docs/engine.md explains why changes are neither lost nor duplicated.

A row means "sync this item for that job". Every enqueue gives it a new token. A worker reads the token *before* it
reads the item and deletes the row only if the token is unchanged, so a change made while the item is being sent is
kept. There is no in-flight state: if a worker crashes, its rows are unchanged.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from hub import clock, lanes
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Run

Priority = Change.Priority
FailureKind = Change.FailureKind


@dataclass(slots=True, frozen=True)
class ChangeSnapshot:
    """A change as read by a worker."""

    id: int
    item_id: int
    token: int
    priority: int
    attempts: int
    run_id: int | None
    sent_at: datetime | None
    batch_limit: int | None = None
    failure_kind: str = ""
    receipt_id: str = ""
    queued_hash: bytes | None = None


_ENQUEUE = """
INSERT INTO hub_change AS change
    (job_id, lane_id, kind, item_id, token, priority, run_id, state, attempts, failure_kind, last_error)
SELECT job.id, job.lane_ids[1 + (item.id %% cardinality(job.lane_ids))], %(kind)s, item.id,
       nextval('hub_change_token'), %(priority)s, %(run)s, 'ready', 0, '', ''
FROM unnest(%(items)s::bigint[]) AS item (id)
CROSS JOIN ({jobs}) AS job
ORDER BY job.id, item.id
ON CONFLICT (job_id, kind, item_id) DO UPDATE SET
    token = EXCLUDED.token,
    priority = LEAST(change.priority, EXCLUDED.priority),
    run_id = COALESCE(change.run_id, EXCLUDED.run_id),
    -- A new change releases a held item. A delayed one keeps waiting for its retry.
    attempts = CASE change.state WHEN 'held' THEN 0 ELSE change.attempts END,
    state = CASE change.state WHEN 'held' THEN 'ready' ELSE change.state END
RETURNING lane_id
"""
_SNAPSHOT_FIELDS = (
    "id", "item_id", "token", "priority", "attempts", "run_id", "sent_at", "batch_limit", "failure_kind", "receipt_id",
    "queued_hash",
)  # fmt: skip
_EXPORT_JOBS = """
SELECT job.id, job.lane_ids FROM hub_job AS job JOIN hub_connection AS home ON home.id = job.connection_id
WHERE job.direction = 'export' AND job.enabled AND job.item_kind = %(kind)s
  AND (home.seller_id = %(seller)s OR home.seller_id IS NULL
       -- A vendor's ERP gets the orders of the sellers that the vendor serves (S9).
       OR job.item_kind = 'order' AND home.role = 'erp' AND home.seller_id IN
          (SELECT vendor_id FROM accounts_dropshipagreement WHERE seller_id = %(seller)s AND active))
  AND home.state <> 'uninstalled' AND home.id IS DISTINCT FROM %(origin)s
  AND NOT EXISTS (SELECT FROM accounts_seller WHERE id IN (%(seller)s, home.seller_id) AND status = 'deleted')
"""
_ONE_JOB = "SELECT id, lane_ids FROM hub_job WHERE id = %(job)s"


def enqueue(*, seller_id: int | None, kind: Kind, item_ids: Collection[int], origin: int | None = None) -> None:
    """Enqueue changed items for every enabled export job of this kind. Call it in the transaction that changed them.

    `origin` is the connection that the change came from; it isn't sent back there. Items of deleted sellers are not
    enqueued (L13). Workers are woken after commit.
    """
    _insert(
        _EXPORT_JOBS,
        kind,
        item_ids,
        {"seller": seller_id, "origin": origin, "priority": Priority.EVENT, "run": None},
    )


def enqueue_for_run(*, run: Run, kind: Kind, item_ids: Collection[int]) -> None:
    """Enqueue items for a full run, which counts the first outcome of each. Wakes no worker: sending starts once the
    run is prepared."""
    _insert(_ONE_JOB, kind, item_ids, {"job": run.job_id, "priority": Priority.FULL_RUN, "run": run.pk}, wake=False)


def enqueue_for_job(*, job: Job, kind: Kind, item_ids: Collection[int]) -> None:
    """Enqueue items for one job with event priority, for example because their state at the target is unknown."""
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
    """Merge the last, partly filled batches of the lanes, so that a full run makes as few calls as possible.

    Returns how many changes were moved to another lane; they stay there until settled. Changes move only between lanes
    that no worker is processing: `own_lane`, held by the caller, and lanes without lease and batch, which are locked
    until commit.
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
    """Make delayed changes ready whose time has come. Returns how many."""
    expired = Change.objects.filter(lane_id=lane_id, state=Change.State.DELAYED, not_before__lte=now)
    with transaction.atomic():
        return expired.filter(pk__in=_locked(expired)).update(state=Change.State.READY, not_before=None)


def make_ready(*, connection: Connection, kind: Kind, item_ids: Collection[int], held_for: FailureKind) -> None:
    """Make delayed changes of these items ready now, and those held with the failure `held_for`.

    Call it when the cause of their failure may be gone.
    """
    waiting = Change.objects.filter(
        Q(state=Change.State.DELAYED) | Q(state=Change.State.HELD, failure_kind=held_for),
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
    """Detach the changes of a run that is closed. They stay queued, but no longer count for it."""
    own = Change.objects.filter(run=run)
    with transaction.atomic():
        own.filter(pk__in=_locked(own)).update(run=None)


def _locked(changes: QuerySet[Change]) -> list[int]:
    """IDs of the changes, locked in the order used everywhere, to avoid deadlocks."""
    return list(changes.order_by("job_id", "item_id").select_for_update(of=("self",)).values_list("pk", flat=True))


def next_changes(*, lane_id: int, job_id: int, priority: int, after: int, limit: int) -> list[ChangeSnapshot]:
    """The next ready changes of a job in a lane, by token. `after` is the last token fetched in this turn.

    Keyset pagination matters here: settled rows leave dead index entries, which can't be removed while an old snapshot
    is open, for example during a backup.
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
    """Halve the batch size for the changes that a lost worker was processing. Returns the IDs that still exist.

    This isolates a change that crashes its worker. Crashes are counted only for a change that was sent alone, and only
    those in a row: another failure resets the attempts.
    """
    isolated = len(ids) == 1
    found = _locked(Change.objects.filter(pk__in=ids))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_change SET
                batch_limit = %(limit)s,
                attempts = CASE WHEN NOT %(isolated)s THEN attempts
                                WHEN failure_kind = %(lost)s THEN attempts + 1 ELSE 1 END,
                failure_kind = CASE WHEN %(isolated)s THEN %(lost)s ELSE failure_kind END
            WHERE id = ANY(%(ids)s)
            """,
            {"limit": max(1, len(ids) // 2), "isolated": isolated, "lost": FailureKind.WORKER_LOST, "ids": found},
        )
    return found


def reload_changes(ids: Iterable[int]) -> list[ChangeSnapshot]:
    """Read the changes again. Deleted ones are left out."""
    rows = Change.objects.filter(pk__in=list(ids))
    return [ChangeSnapshot(*row) for row in rows.order_by("token").values_list(*_SNAPSHOT_FIELDS)]


def next_wake(*, lane_id: int) -> datetime | None:
    """When the earliest delayed change of the lane is due for its retry. None if there is none."""
    delayed = Change.objects.filter(lane_id=lane_id, state=Change.State.DELAYED)
    return delayed.aggregate(Min("not_before"))["not_before__min"]


@dataclass(slots=True)
class Failure:
    """Why a change stays in the queue. `not_before` is at most a day ahead; None: it is held until a user retries it or
    the item changes.

    `isolated`: it failed without others in the same call, and is sent alone from now on. `receipt_id` and `queued_hash`
    identify what the target has queued.
    """

    change: ChangeSnapshot
    kind: FailureKind
    error: str
    not_before: datetime | None
    isolated: bool = False
    receipt_id: str = ""
    queued_hash: bytes | None = None


def settle(
    *, done: Sequence[ChangeSnapshot], failed: Sequence[Failure] = (), possibly_sent: Sequence[ChangeSnapshot] = ()
) -> dict[int, int]:
    """Remove `done` changes from the queue and store the errors of `failed` ones.

    Runs in the caller's transaction, which has checked the epoch of its lane. `possibly_sent`: changes whose items the
    target may have received, so they must not be treated as absent.

    A row whose token has changed stays ready. Returns run ID → number of items with their first outcome. Later outcomes
    of the same item are not counted.
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
            now = clock.now()
            cursor.execute(
                """
                UPDATE hub_change AS change SET
                    state = CASE WHEN failure.not_before IS NULL THEN 'held' ELSE 'delayed' END,
                    not_before = failure.not_before,
                    attempts = change.attempts + 1,
                    sent_at = CASE failure.kind
                        WHEN %s THEN COALESCE(change.sent_at, now()) ELSE change.sent_at END,
                    batch_limit = CASE WHEN failure.isolated THEN 1 ELSE change.batch_limit END,
                    failure_kind = failure.kind,
                    last_error = failure.error,
                    receipt_id = failure.receipt_id,
                    queued_hash = failure.queued_hash,
                    token = nextval('hub_change_token')
                FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bool[], %s::text[], %s::text[],
                            %s::text[], %s::bytea[])
                     AS failure (id, token, not_before, isolated, kind, error, receipt_id, queued_hash)
                WHERE change.id = failure.id AND change.token = failure.token
                """,
                [
                    FailureKind.QUEUED,
                    [failure.change.id for failure in failed],
                    [failure.change.token for failure in failed],
                    [clock.at_most_a_day_ahead(failure.not_before, now=now) for failure in failed],
                    [failure.isolated for failure in failed],
                    [failure.kind for failure in failed],
                    [failure.error[:2000] for failure in failed],
                    [failure.receipt_id for failure in failed],
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
