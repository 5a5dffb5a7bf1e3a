"""Writes the file of an import: the waiting changes of all streams of the lane."""

import os
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

from connectors.engine.deciding import Step, decide
from connectors.engine.feeds.lane import FeedLane
from connectors.engine.feeds.names import ImportNames
from connectors.engine.settling import decided_batch, settle
from connectors.models import FeedImport, FeedItem
from connectors.sdk.feeds import FeedFile
from connectors.sdk.operations import Action
from connectors.sdk.records import Problem
from hub import clock, lanes, queue, runlog
from hub.kinds import DataType
from hub.models import Job
from hub.queue import ChangeSnapshot, Priority

_CHUNK = 1000


def build(lane: FeedLane, feed: FeedImport) -> bool:
    """Write the waiting changes to a file, in constant memory. False if nothing has to be sent.

    An interrupted build starts over; nothing has been sent by then.
    """
    replace_all = feed.mode == FeedImport.Mode.REPLACE
    FeedItem.objects.filter(feed_import=feed).delete()
    Path(settings.FEED_DIR).mkdir(parents=True, exist_ok=True)
    feed.file = f"{lane.turn.connection.slug}-{feed.pk}.gz"
    feed.items = feed.removals = 0
    with lane.feed.open_file(str(feed.path), replace_all=replace_all) as file:
        for job in lane.jobs:
            _add_changes(lane, job, feed, file)
    with lanes.fenced(lane.turn.claim):
        if feed.items == 0 and not replace_all:
            feed.path.unlink(missing_ok=True)
            feed.delete()
            return False
        feed.state = FeedImport.State.SENDING
        feed.save(update_fields=["file", "items", "removals", "state"])
        if feed.run_id:
            what = "full replacement" if replace_all else "incremental"
            size = os.path.getsize(feed.path)
            text = f"Import {feed.pk}: {what}, {feed.items:,} items ({feed.removals:,} removals), {size:,} bytes."
            runlog.write(run_id=feed.run_id, now=clock.now(), text=text)
    return True


def _add_changes(lane: FeedLane, job: Job, feed: FeedImport, file: FeedFile) -> None:
    names = ImportNames(job, lane.target(job))
    for priority in Priority:
        after = 0
        while taken := queue.next_changes(lane_id=lane.id, job_id=job.pk, priority=priority, after=after, limit=_CHUNK):
            after = taken[-1].token
            steps = _settle_unchanged(lane, job, taken)
            warnings = names.unify(steps)
            for step in steps:
                is_removal = step.operation.action is Action.REMOVE
                feed.removals += is_removal
                if is_removal and feed.mode == FeedImport.Mode.REPLACE:
                    continue  # absence from the file removes it
                file.add(DataType(job.data_type), step.operation)
            feed.items += len(steps)
            items = [_feed_item(lane, job, feed, step, warnings.get(step.change.item_id, [])) for step in steps]
            FeedItem.objects.bulk_create(items, ignore_conflicts=True)
            lane.turn.renew()


def _settle_unchanged(lane: FeedLane, job: Job, taken: list[ChangeSnapshot]) -> list[Step]:
    """Settle the changes that need no import; return the steps of the others."""
    decision = decide(lane.target(job), job, taken)
    settle(lane.turn, decided_batch(job, decision), now=clock.now())
    return decision.steps


def _feed_item(lane: FeedLane, job: Job, feed: FeedImport, step: Step, warnings: list[Problem]) -> FeedItem:
    return FeedItem(
        feed_import=feed,
        job=job,
        change_id=step.change.id,
        token=step.change.token,
        item_id=step.change.item_id,
        external_id=step.operation.external_id or lane.target(job).item_key(step.operation),
        action=step.operation.action,
        payload=step.operation.payload,
        payload_hash=step.digest,
        revision=step.revision,
        warnings=[asdict(problem) for problem in warnings],
    )
