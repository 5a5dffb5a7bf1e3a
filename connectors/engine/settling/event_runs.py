"""The partial run that counts changes caused by events. It stays open while there are more of them."""

from datetime import datetime

from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import Unchanged
from connectors.engine.turn import Turn
from hub import lanes, runlog, runs
from hub.models import Change, Job, Run
from hub.queue import Priority


def run_for(batch: Batch, now: datetime) -> Run | None:
    """The run for the changes of the batch that belong to no full run. None if the target needed none of them."""
    if all(result.change.run_id or isinstance(result, Unchanged) for result in batch.results):
        return None
    job = batch.job
    open_runs = Run.objects.filter(job=job, scope=Run.Scope.PARTIAL, state__in=Run.OPEN)
    run = open_runs.first()
    if run is None:
        run = Run(
            job=job,
            scope=Run.Scope.PARTIAL,
            trigger=Run.Trigger.EVENT,
            state=Run.State.SENDING,
            started_at=now,
        )
        Run.objects.bulk_create([run], ignore_conflicts=True)
        run = open_runs.get()
        runlog.write(run_id=run.pk, now=now, text=f"Sending changed items to {job.connection}.")
    return run


def close(turn: Turn, job: Job, now: datetime) -> None:
    """Close the run if all changes caused by events have been sent."""
    if Change.objects.filter(job=job, state=Change.State.READY, priority=Priority.EVENT).exists():
        return
    run = Run.objects.filter(
        job=job, scope=Run.Scope.PARTIAL, state=Run.State.SENDING, trigger=Run.Trigger.EVENT
    ).first()
    if run is not None:
        with lanes.fenced(turn.claim):
            runs.close(run=run, now=now)
