"""Recovery after a lost worker: the first thing that the next worker of the lane does."""

import logging
from collections.abc import Sequence
from datetime import datetime

from connectors.engine import loading
from connectors.engine.settling import Batch, settle
from connectors.engine.settling.in_doubt import mark_in_doubt
from connectors.engine.settling.results import worker_lost
from connectors.engine.turn import Turn
from hub import clock, lanes, queue, runlog
from hub.models import Change, Job

logger = logging.getLogger(__name__)

# A change that was processed alone each time its worker was lost is held after this many times in a row.
MAX_LONE_CRASHES = 3


def take_over(turn: Turn) -> None:
    """Mark what the lost worker may have sent as in doubt, halve the batch, and hold an item that keeps crashing."""
    orphans = turn.claim.orphans
    if not orphans:
        return
    logger.warning("lane %s: taken over from a lost worker with %d changes", turn.claim.lane_id, len(orphans))
    now = clock.now()
    with lanes.fenced(turn.claim):
        _log_worker_loss(orphans, now)
        suspects = queue.mark_suspect(ids=orphans)
        # Paused jobs too: the target's state of their items is in doubt just the same.
        jobs = Job.objects.filter(changes__in=suspects).distinct().select_related("connection")
        for job in jobs:
            mark_in_doubt(job, list(job.changes.filter(pk__in=suspects).values_list("item_id", flat=True)), now)
    if len(orphans) == 1:
        for job in jobs:
            _hold_crashing_change(turn, job)
    turn.renew()


def _log_worker_loss(orphans: Sequence[int], now: datetime) -> None:
    runs = Change.objects.filter(pk__in=orphans, run__isnull=False).order_by("run_id")
    text = f"A worker was lost while sending {len(orphans):,} items; they are retried in batches of half that size."
    for run_id in runs.values_list("run_id", flat=True).distinct():
        runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.LOST, texts=[text], now=now)


def _hold_crashing_change(turn: Turn, job: Job) -> None:
    [change] = queue.reload_changes(turn.claim.orphans)
    if change.failure_kind == Change.FailureKind.WORKER_LOST and change.attempts >= MAX_LONE_CRASHES:
        item = loading.load(job.item_kind, [change.item_id]).get(change.item_id)
        settle(turn, Batch(job, [worker_lost(change, item, job)]), now=clock.now())
