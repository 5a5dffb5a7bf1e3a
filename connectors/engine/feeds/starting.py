"""Decides whether an import starts now, and whether it replaces everything or contains only changes."""

from datetime import datetime, timedelta

from django.db.models import Max

from connectors.engine.feeds.lane import FeedLane
from connectors.models import FeedImport
from hub import lanes
from hub.kinds import Direction
from hub.models import Job, Run
from hub.services import start_run


def start(lane: FeedLane, now: datetime) -> FeedImport | None:
    """Start an import if changes wait and the interval since the last one is over, or if a full run needs one."""
    if lane.full_runs(Run.State.QUEUED, Run.State.PREPARING) or not lane.has_changes:
        return None
    runs = lane.full_runs(Run.State.PREPARED, Run.State.SENDING)
    if not runs:
        last_sent = FeedImport.objects.filter(lane=lane.id).aggregate(at=Max("sent_at"))["at"]
        due_at = last_sent and last_sent + timedelta(seconds=lane.feed.drain_seconds)
        if due_at is not None and due_at > now:
            lane.turn.wake_no_later_than(due_at)
            return None
        if not lane.has_current_import():
            _start_full_runs(lane)
            return None
    resent = {run.job_id for run in runs if run.resend}
    idle = [job for job in lane.jobs if job.pk not in {run.job_id for run in runs}]
    if resent and idle and lane.is_complete:
        # A replacement has to contain the items of all streams.
        for job in idle:
            start_run(job=job, trigger=Run.Trigger.EVENT, resend=True)
        return None
    replace_all = lane.is_complete and resent == {job.pk for job in lane.jobs}
    with lanes.fenced(lane.turn.claim):
        return FeedImport.objects.create(
            lane_id=lane.id,
            run=runs[0] if runs else None,
            format=lane.feed.format,
            mode=FeedImport.Mode.REPLACE if replace_all else FeedImport.Mode.CHANGE,
            created_at=now,
        )


def _start_full_runs(lane: FeedLane) -> None:
    """Start full runs: the first import replaces everything, because what the platform holds is unknown.

    While the sources are still being imported, nothing is started: the import would be incomplete, and the runs that
    follow the imports are early enough.
    """
    if not any(_is_being_imported(job) for job in lane.jobs):
        for job in lane.jobs:
            start_run(job=job, trigger=Run.Trigger.EVENT)


def _is_being_imported(job: Job) -> bool:
    reading = Run.objects.filter(
        job__direction=Direction.IMPORT,
        job__data_type=job.data_type,
        job__connection__seller=job.connection.seller,
        scope=Run.Scope.FULL,
        state__in=Run.OPEN,
    )
    return reading.exists()
