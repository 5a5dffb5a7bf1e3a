"""What follows from the end of a full export."""

from datetime import datetime

from hub import runs
from hub.models import Run
from synclog import services as synclog
from synclog.models import Issue


def finish_full_run(run: Run, now: datetime) -> None:
    """Record in the sync log that a full sync is complete; called after the run's last first outcome (D2, D20)."""
    job = run.job
    seller_id = job.connection.seller_id
    if seller_id is None or not runs.counts_as_full_sync(run):
        return
    log = synclog.log_for(job=job, seller_id=seller_id)
    started = run.started_at or run.created_at
    synclog.resolve_unseen(log=log, job=job, since=started, severities=[Issue.Severity.ERROR], now=now)
    synclog.record_full_sync_finished(log=log, succeeded=True, now=now)
