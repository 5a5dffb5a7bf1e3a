"""The lifecycle of a run: start, count outcomes, close exactly once."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef

from hub import runlog
from hub.kinds import Direction
from hub.models import Change, JobState, Run, RunCounter

_SUCCEEDED = (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
_CLOSING_LINES = {
    Run.State.DONE: "Run succeeded.",
    Run.State.DONE_WITH_ERRORS: "Run completed with errors.",
    Run.State.FAILED: "Run failed: {reason}",
}


class RunFinished(Exception):
    """The run was closed in the meantime, for example canceled by a user. Workers must stop processing it."""


def start(*, run: Run, now: datetime) -> None:
    """Mark a queued run as started. RunFinished if it is closed."""
    lock_preparing(run=run)
    Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(state=Run.State.PREPARING, started_at=now)
    run.refresh_from_db(fields=["state", "started_at"])


def lock_preparing(*, run: Run) -> None:
    """Lock a run in preparation until commit, before any of its other rows are locked. RunFinished if it is closed."""
    states = (Run.State.QUEUED, Run.State.PREPARING)
    if not Run.objects.select_for_update().filter(pk=run.pk, state__in=states).values_list("pk"):
        raise RunFinished(str(run))


def count(
    *, run_id: int, kind: str, now: datetime, calls: int = 0, outcomes: Mapping[RunCounter.Outcome, int] | None = None
) -> None:
    """Add to the run's counters for a kind of item, and log its progress.

    `calls` is the number of API calls to the platform for all kinds (B10).
    """
    if calls:
        Run.objects.filter(pk=run_id).update(api_calls=F("api_calls") + calls)
    added = {name: number for name, number in (outcomes or {}).items() if number}
    if not added:
        return
    names = list(added)
    columns = ", ".join(names)
    zeros = ", ".join(f'"{name}"' for name in RunCounter.Outcome if name not in added)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO hub_runcounter AS counter (run_id, kind, {columns}, {zeros})
            VALUES (%s, %s{", %s" * len(names)}{", 0" * (len(RunCounter.Outcome) - len(names))})
            ON CONFLICT (run_id, kind) DO UPDATE SET
                {", ".join(f"{name} = counter.{name} + EXCLUDED.{name}" for name in names)}
            RETURNING told_at, {", ".join(RunCounter.Outcome)}
            """,  # noqa: S608 - column names of the model
            [run_id, kind, *added.values()],
        )
        logged_at, *numbers = cursor.fetchone()
    counts = dict(zip(RunCounter.Outcome, numbers, strict=True))
    before = counts[RunCounter.Outcome.READ] - added.get(RunCounter.Outcome.READ, 0)
    runlog.log_progress(run_id=run_id, kind=kind, before=before, counts=counts, logged_at=logged_at, now=now)


def mark_prepared(*, run: Run, total: int, remaining: int) -> None:
    """Finish the preparation. `total`: all items of the run. `remaining`: those that have no outcome yet."""
    Run.objects.filter(pk=run.pk, state=Run.State.PREPARING).update(
        total=total, remaining=remaining, state=Run.State.PREPARED, cursor={}
    )


def lock(*, run_ids: list[int]) -> None:
    """Lock runs until commit. Always lock runs before their changes, to avoid deadlocks."""
    list(Run.objects.select_for_update().filter(pk__in=run_ids).order_by("pk").values_list("pk"))


def decrement_remaining(*, first_outcomes: Mapping[int, int], now: datetime) -> list[Run]:
    """Subtract first outcomes (run ID → number) from `remaining`. Returns the runs that this call closed (D20).

    The transaction that reaches zero closes the run. The row lock ensures that only one does.
    """
    finished = []
    for run_id, number in sorted(first_outcomes.items()):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE hub_run SET remaining = remaining - %s,
                    state = CASE WHEN state = 'prepared' THEN 'sending' ELSE state END
                WHERE id = %s AND state IN ('prepared', 'sending') RETURNING remaining
                """,
                [number, run_id],
            )
            row = cursor.fetchone()
        if row and row[0] == 0:
            run = Run.objects.select_related("job__connection").get(pk=run_id)
            close(run=run, now=now)
            finished.append(run)
    return finished


def close(*, run: Run, now: datetime, failed: str = "") -> bool:
    """Close a run: succeeded, completed with errors (some items failed or were skipped) or, with a reason, `failed`.

    Returns False if it was closed before. A failed run doesn't count as a full sync.
    """
    if failed:
        state = Run.State.FAILED
    else:
        with_problems = run.counters.filter(failed__gt=0) | run.counters.filter(skipped__gt=0)
        state = Run.State.DONE_WITH_ERRORS if with_problems.exists() else Run.State.DONE
    closed = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
        state=state, finished_at=now, reason=failed, remaining=0 if not failed else F("remaining")
    )
    if not closed:
        return False
    run.refresh_from_db()
    if state in _SUCCEEDED:
        fields = {"last_success_at": now, "attention": ""}
        if counts_as_full_sync(run):
            fields["last_full_sync_at"] = now
        JobState.objects.filter(job_id=run.job_id).update(**fields)
    runlog.write_summary(run=run, now=now)
    runlog.write(
        run_id=run.pk,
        now=now,
        text=_CLOSING_LINES[state].format(reason=failed) + ("" if failed else _closing_note(run)),
        level=runlog.Level.ERROR if failed else runlog.Level.INFO,
    )
    return True


def close_check(*, run: Run, now: datetime, found: str, drift: bool = False) -> None:
    """Close a preview or comparison with its result, `found`. Call `lock_preparing` before, in the same transaction."""
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.DONE_WITH_ERRORS if drift else Run.State.DONE, finished_at=now, reason=found
    )
    run.refresh_from_db()
    runlog.write(run_id=run.pk, now=now, text=found, level=runlog.Level.WARNING if drift else runlog.Level.INFO)


def _closing_note(run: Run) -> str:
    """Explains why an export sent nothing; empty if it did."""
    if run.job.direction != Direction.EXPORT:
        return ""
    if run.job.connection.read_only:
        return " Dry run: changes were computed, nothing was sent."
    unchanged = dict.fromkeys(("created", "updated", "disabled", "removed", "skipped", "failed"), 0)
    return "" if run.counters.exclude(**unchanged).exists() else " No changes to send."


def counts_as_full_sync(run: Run) -> bool:
    """Whether the platform is in sync after this run. A dry run sends nothing, so it doesn't count (D20)."""
    dry = run.job.direction == Direction.EXPORT and run.job.connection.read_only
    return run.scope == Run.Scope.FULL and not dry


def find_stuck_runs() -> list[Run]:
    """Runs that wait for outcomes of changes that were deleted. The runs are locked until commit."""
    waiting = Run.objects.filter(state__in=(Run.State.PREPARED, Run.State.SENDING), remaining__isnull=False)
    none_left = ~Exists(Change.objects.filter(run=OuterRef("pk")))
    found = list(waiting.filter(none_left).values_list("pk", flat=True))
    lock(run_ids=found)
    # Query again under the lock: a run may have been closed in the meantime.
    return list(waiting.filter(none_left, pk__in=found).select_related("job__connection").order_by("pk"))
