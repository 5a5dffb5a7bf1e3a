"""Settles the items of an import: exactly those that its file contained (F9)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.engine.deciding import Step
from connectors.engine.feeds.lane import FeedLane
from connectors.engine.feeds.names import ImportNames
from connectors.engine.settling import Batch, settle
from connectors.engine.settling.results import Accepted, ChangeResult, failed, skipped
from connectors.models import FeedImport, FeedItem
from connectors.sdk import issues
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.feeds import ImportResult
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import Problem
from hub import links, queue
from hub.models import Job, Link
from hub.queue import ChangeSnapshot

_CHUNK = 1000


def settle_accepted(lane: FeedLane, feed: FeedImport, now: datetime) -> None:
    """The import has succeeded: settle its items, chunk by chunk. A crash repeats one chunk."""
    after = 0
    while chunk := list(FeedItem.objects.filter(feed_import=feed, pk__gt=after).order_by("pk")[:_CHUNK]):
        after = chunk[-1].pk
        for job, items in _by_job(lane, chunk):
            current = {change.id: change for change in queue.reload_changes(item.change_id for item in items)}
            linked = links.by_item(job, [item.item_id for item in items])
            results: list[ChangeResult] = [
                _accepted(item, current[item.change_id], linked.get(item.item_id))
                for item in items
                if item.change_id in current
            ]
            ImportNames(job, lane.target(job)).save_names(item.payload for item in items)
            settle(lane.turn, Batch(job, results), now=now)
            lane.turn.renew()
    FeedItem.objects.filter(feed_import=feed).delete()


def settle_rejected(lane: FeedLane, feed: FeedImport, answer: ImportResult, now: datetime) -> None:
    """The import was rejected: open an issue for each item that the response names; the others are sent with the next
    import (N11). If it names none, all are delayed, and held after the last attempt."""
    feed_items = list(FeedItem.objects.filter(feed_import=feed))
    named = [item for item in feed_items if item.external_id in answer.item_errors]
    for job, items in _by_job(lane, named or feed_items):
        current = {change.id: change for change in queue.reload_changes(item.change_id for item in items)}
        results: list[ChangeResult] = []
        for item in items:
            change = current.get(item.change_id)
            if change is None or change.token != item.token:
                continue
            if named:
                problem = issues.REJECTED(reason=answer.item_errors[item.external_id])
                results.append(skipped(change, None, job, problem))
            else:
                error = TryAgainLater(answer.reason or "The import was rejected without a reason.")
                not_before = lane.turn.retry.next_attempt(attempts=change.attempts + 1, now=now)
                results.append(failed(change, None, job, error, not_before=not_before))
        settle(lane.turn, Batch(job, results), now=now)


def _by_job(lane: FeedLane, items: Sequence[FeedItem]) -> Iterator[tuple[Job, list[FeedItem]]]:
    """The items of each stream, also of a job that was paused in the meantime."""
    # Items of imports that the previous release has built have no job; it had one job in each lane.
    by_job: dict[int, list[FeedItem]] = defaultdict(list)
    for item in items:
        by_job[item.job_id or lane.jobs[0].pk].append(item)
    jobs = Job.objects.select_related("connection__seller").in_bulk(by_job)
    for job_id in sorted(by_job):
        yield jobs[job_id], by_job[job_id]


def _accepted(feed_item: FeedItem, current: ChangeSnapshot, link: Link | None) -> Accepted:
    """The result for an item as it was written to the file: a change that is newer keeps its newer token."""
    change = replace(current, token=feed_item.token)
    previous = getattr(getattr(link, "payload", None), "sent", None)
    operation = Operation(
        Action(feed_item.action), feed_item.item_id, feed_item.external_id, feed_item.payload, previous
    )
    digest = bytes(feed_item.payload_hash) if feed_item.payload_hash else None
    step = Step(change, operation, digest, None, link, feed_item.revision)
    outcome = Outcome(external_id=feed_item.external_id, warnings=[Problem(**each) for each in feed_item.warnings])
    return Accepted(change, None, step, outcome)
