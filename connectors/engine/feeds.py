"""Search feeds: waiting changes are sent as one atomic import at a time (F7–F15).

States of an import: building (changes are written to a file, chunk by chunk) → sending → polling → success, rejected or
harmful. The state is always in the database, so any worker can continue; the file and the list of its items are
written before it is sent.
"""

import logging
import os
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from connectors.engine import retry
from connectors.engine.deciding import Step, decide
from connectors.engine.import_names import ImportNames
from connectors.engine.settling import COUNTER_FOR_ACTION, Batch, ChangeResult, failed_result, settle, skipped_result
from connectors.engine.turn import Turn
from connectors.models import FeedImport, FeedItem
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.feeds import FeedTarget, ImportResult, ImportState
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import Problem
from hub import lanes, links, queue, runlog
from hub.kinds import Direction
from hub.models import Change, Job, Link, Run
from hub.queue import ChangeSnapshot, Priority
from hub.services import start_run

logger = logging.getLogger(__name__)

_CHUNK = 1000
_POLL_INTERVAL = timedelta(seconds=2)
_BUSY_RETRY_DELAY = timedelta(seconds=10)
_FULL_IMPORT_INTERVAL = timedelta(days=7)
_FORMAT_CHANGED = "The connection now uses another version of the API, so everything is sent again in the new format."


def work(turn: Turn, job: Job) -> None:
    """Advance the job's import by one state, or start one if changes are waiting and it is due."""
    feed = FeedImport.objects.filter(job=job, state__in=FeedImport.OPEN).first()
    now = timezone.now()
    if feed is not None and feed.format != _target(turn, job).format:
        # Its file is in a format that the connection no longer uses. The changes in it are still in the queue.
        _finish(turn, feed, FeedImport.State.REJECTED, ImportResult(ImportState.REJECTED, reason=_FORMAT_CHANGED), now)
        feed = None
    if feed is None:
        feed = _start(turn, job, now)
        if feed is None:
            return
    if feed.state == FeedImport.State.BUILDING and not _build(turn, job, feed):
        return
    if feed.state == FeedImport.State.POLLING:
        replace_all = feed.mode == FeedImport.Mode.REPLACE
        result = _target(turn, job).poll_import(feed.remote_id, path=str(feed.path), replace_all=replace_all)
        _handle_result(turn, job, feed, result)
    else:
        _send(turn, job, feed)


def _target(turn: Turn, job: Job) -> FeedTarget[Any, Any, Any]:
    return cast(FeedTarget[Any, Any, Any], turn.target(job))


def _start(turn: Turn, job: Job, now: datetime) -> FeedImport | None:
    """Start an import if changes wait and the interval since the last one is over, or if a full run needs one."""
    run = Run.objects.filter(job=job, scope=Run.Scope.FULL, state__in=(Run.State.PREPARED, Run.State.SENDING)).first()
    preparing = Run.objects.filter(
        job=job, scope=Run.Scope.FULL, state__in=(Run.State.QUEUED, Run.State.PREPARING)
    ).exists()
    if preparing or not Change.objects.filter(job=job, state=Change.State.READY).exists():
        return None
    last_sent = FeedImport.objects.filter(job=job).aggregate(at=Max("sent_at"))["at"]
    interval = timedelta(seconds=_target(turn, job).drain_seconds)
    if run is None and last_sent is not None and last_sent + interval > now:
        turn.wake_no_later_than(last_sent + interval)
        return None
    if run is None and not has_current_import(turn, job):
        _start_full_run(job)
        return None
    replace_all = run is not None and run.resend
    with lanes.fenced(turn.claim):
        return FeedImport.objects.create(
            job=job,
            run=run,
            format=_target(turn, job).format,
            mode=FeedImport.Mode.REPLACE if replace_all else FeedImport.Mode.CHANGE,
            created_at=now,
        )


def has_current_import(turn: Turn, job: Job) -> bool:
    """Whether the cluster holds our data in the current format (F16). If not, everything is sent."""
    last = FeedImport.objects.filter(job=job, state=FeedImport.State.SUCCESS).order_by("-pk").first()
    return last is not None and last.format == _target(turn, job).format


def is_full_import_due(turn: Turn, job: Job, now: datetime) -> bool:
    """Whether a full run has to send everything, changed or not: the first time and once a week, so that differences
    cannot accumulate unnoticed (F3)."""
    full_imports = FeedImport.objects.filter(job=job, state=FeedImport.State.SUCCESS, mode=FeedImport.Mode.REPLACE)
    return (
        not has_current_import(turn, job) or not full_imports.filter(sent_at__gt=now - _FULL_IMPORT_INTERVAL).exists()
    )


def _start_full_run(job: Job) -> None:
    """Start a full run: the first import replaces everything, because the cluster's earlier contents are unknown.

    While the sources are still being imported, nothing is started: the import would be incomplete, and the run that
    follows the imports is early enough.
    """
    reading = Run.objects.filter(
        job__direction=Direction.IMPORT,
        job__data_type=job.data_type,
        job__connection__seller=job.connection.seller,
        scope=Run.Scope.FULL,
        state__in=Run.OPEN,
    )
    if not reading.exists():
        start_run(job=job, trigger=Run.Trigger.EVENT)


def _build(turn: Turn, job: Job, feed: FeedImport) -> bool:
    """Write the waiting changes to a file, in constant memory. False if nothing has to be sent.

    An interrupted build starts over; nothing has been sent by then.
    """
    target = _target(turn, job)
    replace_all = feed.mode == FeedImport.Mode.REPLACE
    FeedItem.objects.filter(feed_import=feed).delete()
    Path(settings.FEED_DIR).mkdir(parents=True, exist_ok=True)
    feed.file = f"{job.connection.slug}-{feed.pk}.gz"
    items = removals = 0
    import_names = ImportNames(job, target)
    with target.open_file(str(feed.path), replace_all=replace_all) as file:
        for priority in (Priority.EVENT, Priority.FULL_RUN):
            after = 0
            while taken := queue.next_changes(
                lane_id=turn.claim.lane_id, job_id=job.pk, priority=priority, after=after, limit=_CHUNK
            ):
                after = taken[-1].token
                steps = _decide_chunk(turn, job, taken)
                problems_by_item = import_names.unify(steps)
                for step in steps:
                    if replace_all and step.operation.action is Action.REMOVE:
                        continue  # absence from the file removes it
                    file.add(step.operation)
                items += len(steps)
                removals += sum(step.operation.action is Action.REMOVE for step in steps)
                feed_items = [_feed_item(feed, step, target, problems_by_item) for step in steps]
                FeedItem.objects.bulk_create(feed_items, ignore_conflicts=True)
                turn.renew()
    with lanes.fenced(turn.claim):
        if items == 0 and not replace_all:
            feed.delete()
            feed.path.unlink(missing_ok=True)
            return False
        feed.items, feed.removals, feed.state = items, removals, FeedImport.State.SENDING
        feed.save(update_fields=["file", "items", "removals", "state"])
        if feed.run_id:
            what = "full replacement" if replace_all else "incremental"
            size = os.path.getsize(feed.path)
            text = f"Import {feed.pk}: {what}, {items:,} items ({removals:,} removals), {size:,} bytes."
            runlog.write(run_id=feed.run_id, now=timezone.now(), text=text)
    return True


def _decide_chunk(turn: Turn, job: Job, taken: list[ChangeSnapshot]) -> list[Step]:
    """Settle the changes that need no import; return the steps of the others."""
    decision = decide(turn.target(job), job, taken)
    now = timezone.now()
    batch = Batch(job, [ChangeResult(c, item, "unchanged", link=link) for c, item, link in decision.unchanged])
    batch.results += [skipped_result(c, item, job, problem) for c, item, problem in decision.skipped]
    batch.results += [failed_result(c, item, job, error, not_before=None) for c, item, error in decision.failed]
    settle(turn, batch, now=now)
    return decision.steps


def _feed_item(
    feed: FeedImport, step: Step, target: FeedTarget[Any, Any, Any], problems_by_item: dict[int, list[Problem]]
) -> FeedItem:
    return FeedItem(
        feed_import=feed,
        change_id=step.change.id,
        token=step.change.token,
        item_id=step.change.item_id,
        external_id=step.operation.external_id or target.item_key(step.operation),
        action=step.operation.action,
        payload=step.operation.payload,
        payload_hash=step.digest,
        revision=step.revision,
        warnings=[asdict(problem) for problem in problems_by_item.get(step.change.item_id, ())],
    )


def _send(turn: Turn, job: Job, feed: FeedImport) -> None:
    if job.connection.read_only:
        turn.wake_no_later_than(timezone.now() + timedelta(minutes=5))
        return
    turn.renew()
    FeedImport.objects.filter(pk=feed.pk).update(sent_at=timezone.now())
    try:
        answer = _target(turn, job).start_import(
            str(feed.path),
            replace_all=feed.mode == FeedImport.Mode.REPLACE,
            name=f"synccenter-{feed.pk}",
            force=feed.forced_by_id is not None,
        )
    except TryAgainLater as error:
        if error.sent:
            # The import may be running nevertheless. Imports are atomic and idempotent, so the same file is sent again
            # once the cluster is free (F14).
            FeedImport.objects.filter(pk=feed.pk).update(state=FeedImport.State.UNKNOWN)
        raise
    _handle_result(turn, job, feed, answer)


def _handle_result(turn: Turn, job: Job, feed: FeedImport, answer: ImportResult) -> None:
    """Apply the result to the import and its items."""
    turn.record_success()
    now = timezone.now()
    match answer.state:
        case ImportState.RUNNING:
            if feed.state != FeedImport.State.POLLING:
                _log(turn, job, feed, "sent; polling for the result", now)
            FeedImport.objects.filter(pk=feed.pk).update(
                state=FeedImport.State.POLLING, remote_id=answer.remote_id or feed.remote_id
            )
            turn.wake_no_later_than(now + _POLL_INTERVAL)
        case ImportState.BUSY:
            _log_wait(turn, feed, "the search engine is busy with another import", now)
            turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.UNKNOWN:
            _log_wait(turn, feed, "the search engine has no record of the import, so it is sent again", now)
            FeedImport.objects.filter(pk=feed.pk).update(state=FeedImport.State.SENDING)
            turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.DONE:
            if feed.run_id:  # settling may close its run, and the log with it
                _log(turn, job, feed, "accepted", now)
            _settle_feed_items(turn, job, feed, now)
            if not feed.run_id:  # a partial run starts when the first items are settled
                _log(turn, job, feed, "accepted", now)
            _finish(turn, feed, FeedImport.State.SUCCESS, answer, now)
            feed.path.unlink(missing_ok=True)
        case ImportState.HARMFUL:
            _log(turn, job, feed, f"{FeedImport.State.HARMFUL.label}: {answer.reason}", now, level=runlog.Level.ERROR)
            _finish(turn, feed, FeedImport.State.HARMFUL, answer, now)
            # The next import would most likely be rejected as well.
            raise NeedsAttention(
                f"Import {feed.pk} was rejected as harmful: {answer.reason}",
                fix="Check in the admin console what it removes. Force the import if that is intended; otherwise "
                "correct the source and resume the job.",
            )
        case ImportState.REJECTED:
            _log(turn, job, feed, f"rejected: {answer.reason}", now, level=runlog.Level.ERROR)
            _record_item_errors(turn, job, feed, answer, now)
            _finish(turn, feed, FeedImport.State.REJECTED, answer, now)


def _log(turn: Turn, job: Job, feed: FeedImport, text: str, now: datetime, *, level: str = runlog.Level.INFO) -> None:
    """Write to the log of the import's full run, or else of the open partial run."""
    partial = Run.objects.filter(job=job, scope=Run.Scope.PARTIAL, state__in=Run.OPEN).values_list("pk", flat=True)
    run_id = feed.run_id or partial.first()
    if run_id is not None:
        with lanes.fenced(turn.claim):
            runlog.write(run_id=run_id, now=now, text=f"Import {feed.pk}: {text.strip()}", level=level)


def _log_wait(turn: Turn, feed: FeedImport, reason: str, now: datetime) -> None:
    if feed.run_id:
        with lanes.fenced(turn.claim):
            text = f"Waiting {_BUSY_RETRY_DELAY.seconds} s: {reason}."
            runlog.log_repeated(run_id=feed.run_id, event=runlog.RepeatedEvent.WAIT, texts=[text], now=now)


def _finish(turn: Turn, feed: FeedImport, state: str, answer: ImportResult, now: datetime) -> None:
    with lanes.fenced(turn.claim):
        FeedImport.objects.filter(pk=feed.pk).update(
            state=state, finished_at=now, answer={"reason": answer.reason, "raw": answer.raw}
        )


def _settle_feed_items(turn: Turn, job: Job, feed: FeedImport, now: datetime) -> None:
    """Settle the changes that the import contained, and no others (F9), chunk by chunk. A crash repeats one chunk."""
    after = 0
    import_names = ImportNames(job, _target(turn, job))
    while feed_items := list(FeedItem.objects.filter(feed_import=feed, pk__gt=after).order_by("pk")[:_CHUNK]):
        after = feed_items[-1].pk
        current = {change.id: change for change in queue.reload_changes(item.change_id for item in feed_items)}
        links_by_item = links.by_item(job, [item.item_id for item in feed_items])
        results = [
            _sent_result(item, current[item.change_id], links_by_item.get(item.item_id))
            for item in feed_items
            if item.change_id in current
        ]
        import_names.save_names(item.payload for item in feed_items)
        settle(turn, Batch(job, results), now=now)
        turn.renew()
    FeedItem.objects.filter(feed_import=feed).delete()


def _sent_result(feed_item: FeedItem, current: ChangeSnapshot, link: Link | None) -> ChangeResult:
    """The result for an item as it was written to the file: a change that is newer keeps its newer token."""
    change = replace(current, token=feed_item.token)
    previous = getattr(getattr(link, "payload", None), "sent", None)
    operation = Operation(
        Action(feed_item.action), feed_item.item_id, feed_item.external_id, feed_item.payload, previous
    )
    digest = bytes(feed_item.payload_hash) if feed_item.payload_hash else None
    step = Step(change, operation, digest, None, link, feed_item.revision)
    outcome = Outcome(external_id=feed_item.external_id, warnings=[Problem(**each) for each in feed_item.warnings])
    return ChangeResult(change, None, COUNTER_FOR_ACTION[operation.action], step=step, answer=outcome)


def _record_item_errors(turn: Turn, job: Job, feed: FeedImport, answer: ImportResult, now: datetime) -> None:
    """Open an issue for each item that the response names; the others are sent with the next import (N11). If it names
    none, all are delayed, and held after the last attempt."""
    feed_items = list(FeedItem.objects.filter(feed_import=feed))
    named = [item for item in feed_items if item.external_id in answer.item_errors]
    current = {change.id: change for change in queue.reload_changes(item.change_id for item in named or feed_items)}
    results = []
    for item in named or feed_items:
        change = current.get(item.change_id)
        if change is None or change.token != item.token:
            continue
        if named:
            results.append(
                skipped_result(change, None, job, issues.REJECTED(reason=answer.item_errors[item.external_id]))
            )
        else:
            error = TryAgainLater(answer.reason or "The import was rejected without a reason.")
            next_try = retry.next_try(attempts=change.attempts + 1, now=now)
            results.append(failed_result(change, None, job, error, not_before=next_try))
    settle(turn, Batch(job, results), now=now)
