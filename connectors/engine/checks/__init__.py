"""Read-only runs: previews (N13) and comparisons (N9). They read, decide and compare, and store only their results.

They come last in their lane and are processed in time slices; each page or chunk is one transaction that also advances
the run's cursor. If a target cannot be read, only its comparison is delayed: the lane and its breaker are not affected.
"""

from datetime import datetime
from time import monotonic
from typing import Any

from connectors.engine.checks import comparing, previewing, previewing_imports
from connectors.engine.turn import Turn
from connectors.sdk.errors import ConnectorError, TryAgainLater
from hub import clock, lanes, runlog, runs
from hub.clock import at_most_a_day_ahead
from hub.kinds import Direction
from hub.models import Job, Run

# How long more urgent work in the lane waits at most, in seconds.
SLICE_SECONDS = 0.5


class Unreadable(ConnectorError):
    """The target could not be read completely, even after several attempts."""


def work(turn: Turn, job: Job, run: Run) -> None:
    """Advance a preview or a comparison for a slice of time.

    Raises Unreadable after the last attempt, and NeedsAttention for errors that only a person can fix.
    """
    check = _module(job, run)
    if run.state == Run.State.QUEUED:
        with lanes.fenced(turn.claim):
            runs.start(run=run, now=clock.now())
            check.start(job, run)
    deadline = monotonic() + SLICE_SECONDS
    try:
        while check.advance(turn, job, run):
            turn.progressed = True
            if monotonic() >= deadline or turn.should_stop():
                break
    except TryAgainLater as error:
        _delay(turn, run, error, clock.now())


def _module(job: Job, run: Run) -> Any:
    """The module with `start` and `advance` for the run."""
    if run.scope == Run.Scope.COMPARISON:
        return comparing
    return previewing_imports if job.direction == Direction.IMPORT else previewing


def _delay(turn: Turn, run: Run, error: TryAgainLater, now: datetime) -> None:
    """Retry later from the run's cursor. A used-up rate budget does not count as a failed attempt."""
    not_before: datetime | None
    if not error.sent and error.not_before is not None:
        attempts, not_before = run.attempts, at_most_a_day_ahead(error.not_before, now=now)
    else:
        attempts = run.attempts + 1
        not_before = turn.retry.next_attempt(attempts=attempts, now=now, not_before=error.not_before)
    if not_before is None:
        raise Unreadable(f"The target could not be read completely: {error} There is no partial result.")
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        Run.objects.filter(pk=run.pk).update(attempts=attempts, not_before=not_before)
        runlog.log_repeated(run_id=run.pk, event=runlog.RepeatedEvent.WAIT, texts=[f"Waiting: {error}"], now=now)
    turn.wake_no_later_than(not_before)
