"""Runs that only look: previews (N13) and proofs (N9). They read, decide and compare, and write nothing anywhere but
what they found.

They come last in their lane, go on in slices like everything else, and each page or chunk is one transaction that also
moves the run's cursor. A target that does not let itself be read delays its proof alone: lane and breaker, which real
work depends on, are left out of it.
"""

from datetime import datetime
from time import monotonic

from django.utils import timezone

from connectors.engine import retry
from connectors.engine.checks import comparing, previewing
from connectors.engine.turn import Turn
from connectors.sdk.errors import TryAgainLater
from hub import lanes, runlog, runs
from hub.models import Job, Run

# How long what is more urgent in the lane waits.
SLICE_SECONDS = 0.5

_START = {Run.Scope.PREVIEW: previewing.start, Run.Scope.COMPARISON: comparing.start}
_ADVANCE = {Run.Scope.PREVIEW: previewing.advance, Run.Scope.COMPARISON: comparing.advance}


class Unreadable(Exception):
    """The target could not be read to the end, for too long."""


def work(turn: Turn, job: Job, run: Run) -> None:
    """Go on with a preview or a proof for a slice of time.

    Raises Unreadable when trying again has not helped; NeedsAttention where only a person can.
    """
    scope = Run.Scope(run.scope)
    if run.state == Run.State.QUEUED:
        with lanes.fenced(turn.claim):
            runs.start(run=run, now=timezone.now())
            _START[scope](job, run)
    deadline = monotonic() + SLICE_SECONDS
    try:
        while _ADVANCE[scope](turn, job, run):
            turn.progressed = True
            if monotonic() >= deadline or turn.should_stop():
                break
    except TryAgainLater as error:
        _delay(turn, run, error, timezone.now())


def _delay(turn: Turn, run: Run, error: TryAgainLater, now: datetime) -> None:
    """Try again later; what was read until now stays read. A used-up budget of our own is no failed try."""
    ours = not error.sent and error.not_before is not None
    attempts = run.attempts if ours else run.attempts + 1
    not_before = error.not_before if ours else retry.next_try(attempts=attempts, now=now, not_before=error.not_before)
    if not_before is None:
        raise Unreadable(f"It could not be read to the end: {error} Nothing is concluded from a part.")
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        Run.objects.filter(pk=run.pk).update(attempts=attempts, not_before=not_before)
        runlog.log_repeated(run_id=run.pk, event=runlog.RepeatedEvent.WAIT, texts=[f"Waits: {error}"], now=now)
    turn.wake_no_later_than(not_before)
