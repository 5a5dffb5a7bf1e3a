"""The life of a run, as the engine writes it: begin, count, close exactly once."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection
from django.db.models import Exists, F, OuterRef

from hub import runlog
from hub.kinds import Direction
from hub.models import Change, JobState, Run, RunCounter

_SUCCEEDED = (Run.State.DONE, Run.State.DONE_WITH_ERRORS)


class RunFinished(Exception):
    """Somebody else ended the run (a person cancelled it): whoever works on it stops."""


def start(*, run: Run, now: datetime) -> None:
    """The first turn of a run takes it up. RunEnded if it is over already."""
    lock_preparing(run=run)
    Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(state=Run.State.PREPARING, started_at=now)
    run.refresh_from_db(fields=["state", "started_at"])


def lock_preparing(*, run: Run) -> None:
    """Lock a run that is being prepared until commit, before anything else of it is locked. RunEnded if it is over."""
    states = (Run.State.QUEUED, Run.State.PREPARING)
    if not Run.objects.select_for_update().filter(pk=run.pk, state__in=states).values_list("pk"):
        raise RunFinished(str(run))


def count(*, run_id: int, kind: str, now: datetime, calls: int = 0, **outcomes: int) -> None:
    """Add to the run's counters, and let its log tell them: `count(run_id=1, kind="product", read=250, created=3)`.

    `calls` are those to the platform (B10), over all kinds.
    """
    if calls:
        Run.objects.filter(pk=run_id).update(api_calls=F("api_calls") + calls)
    outcomes = {name: number for name, number in outcomes.items() if number}
    if not outcomes:
        return
    names = list(outcomes)
    columns = ", ".join(names)
    zeros = ", ".join(f'"{name}"' for name in RunCounter.OUTCOMES if name not in outcomes)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO hub_runcounter AS counter (run_id, kind, {columns}, {zeros})
            VALUES (%s, %s{", %s" * len(names)}{", 0" * (len(RunCounter.OUTCOMES) - len(names))})
            ON CONFLICT (run_id, kind) DO UPDATE SET
                {", ".join(f"{name} = counter.{name} + EXCLUDED.{name}" for name in names)}
            RETURNING told_at, {", ".join(RunCounter.OUTCOMES)}
            """,  # noqa: S608 - the names are those of the model
            [run_id, kind, *outcomes.values()],
        )
        logged_at, *numbers = cursor.fetchone()
    counts = dict(zip(RunCounter.OUTCOMES, numbers, strict=True))
    before = counts["read"] - outcomes.get("read", 0)
    runlog.log_progress(run_id=run_id, kind=kind, before=before, counts=counts, logged_at=logged_at, now=now)


def mark_prepared(*, run: Run, total: int, remaining: int) -> None:
    """Preparation is over: so many items in all, so many that wait for their first outcome."""
    Run.objects.filter(pk=run.pk, state=Run.State.PREPARING).update(
        total=total, remaining=remaining, state=Run.State.PREPARED, cursor={}
    )


def lock(*, run_ids: list[int]) -> None:
    """Lock runs before their changes: the order in which every closing transaction takes its locks."""
    list(Run.objects.select_for_update().filter(pk__in=run_ids).order_by("pk").values_list("pk"))


def decrement_remaining(*, first_outcomes: Mapping[int, int], now: datetime) -> list[Run]:
    """Take first outcomes off what remains. Returns the runs that this very call brought to their end (D20).

    Whoever's transaction takes the last one closes the run; no other can see the same zero.
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
    """End a run: well, with errors (some items failed or were skipped), or failed with a reason.

    True if this call closed it; False if it was closed before. A failed run never counts as a full sync.
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
        text=f"The run {run.get_state_display()}" + (f": {failed}" if failed else f".{_closing_note(run)}"),
        level=runlog.Level.ERROR if failed else runlog.Level.INFO,
    )
    return True


def close_check(*, run: Run, now: datetime, found: str, drift: bool = False) -> None:
    """End a preview or a proof, which synced nothing and say what they found. Call `hold` before, in the same
    transaction."""
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.DONE_WITH_ERRORS if drift else Run.State.DONE, finished_at=now, reason=found
    )
    run.refresh_from_db()
    runlog.write(run_id=run.pk, now=now, text=found, level=runlog.Level.WARNING if drift else runlog.Level.INFO)


def _closing_note(run: Run) -> str:
    """What a person may wonder about at the end of an export."""
    if run.job.direction != Direction.EXPORT:
        return ""
    if run.job.connection.read_only:
        return " Read-only: nothing was sent; the counters tell what would have been."
    unchanged = dict.fromkeys(("created", "updated", "disabled", "removed", "skipped", "failed"), 0)
    return "" if run.counters.exclude(**unchanged).exists() else " Nothing had changed, so nothing was sent."


def counts_as_full_sync(run: Run) -> bool:
    """Whether the end of this run means that both sides agree: a dry run sent nothing (D20)."""
    dry = run.job.direction == Direction.EXPORT and run.job.connection.read_only
    return run.scope == Run.Scope.FULL and not dry


def find_stuck_runs() -> list[Run]:
    """Runs that wait for outcomes which no change will bring any more, because the changes were deleted; locked."""
    waiting = Run.objects.filter(state__in=(Run.State.PREPARED, Run.State.SENDING), remaining__isnull=False)
    none_left = ~Exists(Change.objects.filter(run=OuterRef("pk")))
    found = list(waiting.filter(none_left).values_list("pk", flat=True))
    lock(run_ids=found)
    # Once more under the lock: whoever was settling the last of them has closed the run.
    return list(waiting.filter(none_left, pk__in=found).select_related("job__connection").order_by("pk"))
