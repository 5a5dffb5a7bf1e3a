"""Search feeds: what waits goes out as one atomic import at a time (F7–F15).

The life of an import: building (changes are written to a file, chunk by chunk) → sending → polling → success, or
refused, or harmful. Its rows say at every moment where it stands, so whichever worker comes next goes on from there;
the file and the list of what it carries are written before it is sent.
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
from hub import lanes, queue, runlog
from hub.kinds import Direction
from hub.models import Change, Job, Link, Run
from hub.queue import ChangeSnapshot, Priority
from hub.services import start_run

logger = logging.getLogger(__name__)

_CHUNK = 1000
_POLL_INTERVAL = timedelta(seconds=2)
_BUSY_RETRY_DELAY = timedelta(seconds=10)
_FULL_IMPORT_INTERVAL = timedelta(days=7)
_FORMAT_CHANGED = "The connection speaks another version of the interface now: everything is sent anew in that."


def work(turn: Turn, job: Job) -> None:
    """Bring the job's import one stage further, or begin one if something waits and it is time."""
    feed = FeedImport.objects.filter(job=job, state__in=FeedImport.OPEN).first()
    now = timezone.now()
    if feed is not None and feed.format != _target(turn, job).format:
        # Its file is in a format that the connection does not speak any more. What it carried still waits.
        _finish(turn, feed, FeedImport.State.REFUSED, ImportResult(ImportState.REFUSED, reason=_FORMAT_CHANGED), now)
        feed = None
    if feed is None:
        feed = _start(turn, job, now)
        if feed is None:
            return
    if feed.state == FeedImport.State.BUILDING and not _build(turn, job, feed):
        return
    if feed.state == FeedImport.State.POLLING:
        replace_all = feed.mode == FeedImport.Mode.REPLACE
        answer = _target(turn, job).poll_import(feed.remote_id, path=str(feed.path), replace_all=replace_all)
        _handle_result(turn, job, feed, answer)
    else:
        _send(turn, job, feed)


def _target(turn: Turn, job: Job) -> FeedTarget[Any, Any, Any]:
    return cast(FeedTarget[Any, Any, Any], turn.target(job))


def _start(turn: Turn, job: Job, now: datetime) -> FeedImport | None:
    """A new import, if changes wait and the interval since the last one is over (or a full run wants its own)."""
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
    """Whether the cluster holds what we sent, in the format that we speak now (F16). If not, it is sent everything."""
    last = FeedImport.objects.filter(job=job, state=FeedImport.State.SUCCESS).order_by("-pk").first()
    return last is not None and last.format == _target(turn, job).format


def is_full_import_due(turn: Turn, job: Job, now: datetime) -> bool:
    """Whether a full run is to send everything, changed or not: for the first time, or once a week, lest the two drift
    apart unnoticed (F3)."""
    full_imports = FeedImport.objects.filter(job=job, state=FeedImport.State.SUCCESS, mode=FeedImport.Mode.REPLACE)
    return (
        not has_current_import(turn, job) or not full_imports.filter(sent_at__gt=now - _FULL_IMPORT_INTERVAL).exists()
    )


def _start_full_run(job: Job) -> None:
    """Nobody knows what the cluster holds from before us, so the first import replaces everything: a full run leads it.

    While the sources are still being read for the first time it would be half of everything; the run that follows
    their reading is soon enough.
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
    """Write what waits to a file, in constant memory. False if it turned out that nothing has to be sent.

    A build that was interrupted begins anew: until the import is sent, nothing has happened.
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
                carried = [_carried(feed, step, target, problems_by_item) for step in steps]
                FeedItem.objects.bulk_create(carried, ignore_conflicts=True)
                turn.renew()
    with lanes.fenced(turn.claim):
        if items == 0 and not replace_all:
            feed.delete()
            feed.path.unlink(missing_ok=True)
            return False
        feed.items, feed.removals, feed.state = items, removals, FeedImport.State.SENDING
        feed.save(update_fields=["file", "items", "removals", "state"])
        if feed.run_id:
            what = "everything" if replace_all else "what changed"
            size = os.path.getsize(feed.path)
            text = f"Import {feed.pk}: {what}, {items:,} items ({removals:,} removals), {size:,} bytes."
            runlog.write(run_id=feed.run_id, now=timezone.now(), text=text)
    return True


def _decide_chunk(turn: Turn, job: Job, taken: list[ChangeSnapshot]) -> list[Step]:
    """What needs no import is settled at once; the rest is carried."""
    decision = decide(turn.target(job), job, taken)
    now = timezone.now()
    batch = Batch(job, [ChangeResult(c, item, "unchanged", link=link) for c, item, link in decision.unchanged])
    batch.results += [skipped_result(c, item, job, problem) for c, item, problem in decision.skipped]
    batch.results += [failed_result(c, item, job, error, not_before=None) for c, item, error in decision.failed]
    settle(turn, batch, now=now)
    return decision.steps


def _carried(
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
            # It may be running there all the same. Imports are atomic and idempotent, so once the cluster is free the
            # same file is sent again (F14).
            FeedImport.objects.filter(pk=feed.pk).update(state=FeedImport.State.UNKNOWN)
        raise
    _handle_result(turn, job, feed, answer)


def _handle_result(turn: Turn, job: Job, feed: FeedImport, answer: ImportResult) -> None:
    """What the answer means for the import and for what it carries."""
    turn.record_success()
    now = timezone.now()
    match answer.state:
        case ImportState.RUNNING:
            if feed.state != FeedImport.State.POLLING:
                _log(turn, job, feed, "sent; asked every few seconds what became of it", now)
            FeedImport.objects.filter(pk=feed.pk).update(
                state=FeedImport.State.POLLING, remote_id=answer.remote_id or feed.remote_id
            )
            turn.wake_no_later_than(now + _POLL_INTERVAL)
        case ImportState.BUSY:
            _log_wait(turn, feed, "the search engine is busy with another import", now)
            turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.UNKNOWN:
            _log_wait(turn, feed, "the search engine does not know it, so it is sent again", now)
            FeedImport.objects.filter(pk=feed.pk).update(state=FeedImport.State.SENDING)
            turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.DONE:
            if feed.run_id:  # settling may end its run, and with it the log
                _log(turn, job, feed, "accepted", now)
            _settle_feed_items(turn, job, feed, now)
            if not feed.run_id:  # a partial run begins with what is settled
                _log(turn, job, feed, "accepted", now)
            _finish(turn, feed, FeedImport.State.SUCCESS, answer, now)
            feed.path.unlink(missing_ok=True)
        case ImportState.HARMFUL:
            _log(turn, job, feed, f"{FeedImport.State.HARMFUL.label}: {answer.reason}", now, level=runlog.Level.ERROR)
            _finish(turn, feed, FeedImport.State.HARMFUL, answer, now)
            # Whatever went next would most likely be refused again.
            raise NeedsAttention(
                f"Import {feed.pk} was refused as harmful: {answer.reason}",
                fix="Look in the console at what it removes, and force it if that is right; else mend the source and "
                "resume the job.",
            )
        case ImportState.REFUSED:
            _log(turn, job, feed, f"refused: {answer.reason}", now, level=runlog.Level.ERROR)
            _record_item_errors(turn, job, feed, answer, now)
            _finish(turn, feed, FeedImport.State.REFUSED, answer, now)


def _log(turn: Turn, job: Job, feed: FeedImport, text: str, now: datetime, *, level: str = runlog.Level.INFO) -> None:
    """To the log of the full run that it is for, else of the partial one that is open."""
    partial = Run.objects.filter(job=job, scope=Run.Scope.PARTIAL, state__in=Run.OPEN).values_list("pk", flat=True)
    run_id = feed.run_id or partial.first()
    if run_id is not None:
        with lanes.fenced(turn.claim):
            runlog.write(run_id=run_id, now=now, text=f"Import {feed.pk}: {text.strip()}", level=level)


def _log_wait(turn: Turn, feed: FeedImport, reason: str, now: datetime) -> None:
    if feed.run_id:
        with lanes.fenced(turn.claim):
            text = f"Waits {_BUSY_RETRY_DELAY.seconds} s: {reason}."
            runlog.log_repeated(run_id=feed.run_id, event=runlog.RepeatedEvent.WAIT, texts=[text], now=now)


def _finish(turn: Turn, feed: FeedImport, state: str, answer: ImportResult, now: datetime) -> None:
    with lanes.fenced(turn.claim):
        FeedImport.objects.filter(pk=feed.pk).update(
            state=state, finished_at=now, answer={"reason": answer.reason, "raw": answer.raw}
        )


def _settle_feed_items(turn: Turn, job: Job, feed: FeedImport, now: datetime) -> None:
    """Only what the import carried leaves the queue (F9), chunk by chunk: a crash in between repeats a chunk."""
    after = 0
    import_names = ImportNames(job, _target(turn, job))
    while carried := list(FeedItem.objects.filter(feed_import=feed, pk__gt=after).order_by("pk")[:_CHUNK]):
        after = carried[-1].pk
        current = {change.id: change for change in queue.reload_changes(item.change_id for item in carried)}
        links = {
            link.item_id: link
            for link in Link.objects.filter(
                connection=job.connection, kind=job.link_kind, item_id__in=[item.item_id for item in carried]
            ).select_related("payload")
        }
        results = [
            _sent(item, current[item.change_id], links.get(item.item_id))
            for item in carried
            if item.change_id in current
        ]
        import_names.save_names(item.payload for item in carried)
        settle(turn, Batch(job, results), now=now)
        turn.renew()
    FeedItem.objects.filter(feed_import=feed).delete()


def _sent(carried: FeedItem, current: ChangeSnapshot, link: Link | None) -> ChangeResult:
    """What the import took there, as it was when it was written: an item that changed since keeps its newer token."""
    change = replace(current, token=carried.token)
    previous = getattr(getattr(link, "payload", None), "sent", None)
    operation = Operation(Action(carried.action), carried.item_id, carried.external_id, carried.payload, previous)
    digest = bytes(carried.payload_hash) if carried.payload_hash else None
    step = Step(change, operation, digest, None, link, carried.revision)
    answer = Outcome(external_id=carried.external_id, warnings=[Problem(**each) for each in carried.warnings])
    return ChangeResult(change, None, COUNTER_FOR_ACTION[operation.action], step=step, answer=answer)


def _record_item_errors(turn: Turn, job: Job, feed: FeedImport, answer: ImportResult, now: datetime) -> None:
    """Bad items get an issue each and the rest goes out with the next import (N11); a refusal that names none delays
    them all, and holds them in the end."""
    carried = list(FeedItem.objects.filter(feed_import=feed))
    named = [item for item in carried if item.external_id in answer.item_errors]
    current = {change.id: change for change in queue.reload_changes(item.change_id for item in named or carried)}
    results = []
    for item in named or carried:
        change = current.get(item.change_id)
        if change is None or change.token != item.token:
            continue
        if named:
            results.append(
                skipped_result(change, None, job, issues.REJECTED(reason=answer.item_errors[item.external_id]))
            )
        else:
            error = TryAgainLater(answer.reason or "The import was refused without a word.")
            next_try = retry.next_try(attempts=change.attempts + 1, now=now)
            results.append(failed_result(change, None, job, error, not_before=next_try))
    settle(turn, Batch(job, results), now=now)
