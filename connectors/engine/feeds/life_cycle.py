"""The life cycle of an import.

States: building (changes are written to a file, chunk by chunk) → sending → polling → success, rejected or harmful; and
unknown: the request was not answered; the file is sent again. The state is always in the database, so any worker can
continue; the file and the list of its items are written before it is sent.
"""

from datetime import datetime, timedelta

from connectors.engine.feeds import contents, outcomes, starting
from connectors.engine.feeds.lane import FeedLane
from connectors.models import FeedImport
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.feeds import ImportResult, ImportState
from hub import clock, lanes, runlog
from hub.models import Run

_POLL_INTERVAL = timedelta(seconds=2)
_BUSY_RETRY_DELAY = timedelta(seconds=10)
_DRY_RUN_RETRY_DELAY = timedelta(minutes=5)
_FORMAT_CHANGED = "The connection now uses another version of the API, so everything is sent again in the new format."

State = FeedImport.State


def work(lane: FeedLane) -> None:
    """Start an import if it is due, and advance the open one as far as possible without waiting.

    Raises TryAgainLater, and NeedsAttention if an import was rejected as harmful: the next one would be as well.
    """
    feed = FeedImport.objects.filter(lane=lane.id, state__in=FeedImport.OPEN).first()
    now = clock.now()
    if feed is not None and feed.format != lane.feed.format:
        # Its file is in a format that the connection no longer uses. The changes in it are still in the queue.
        _finish(lane, feed, State.REJECTED, ImportResult(ImportState.REJECTED, reason=_FORMAT_CHANGED), now)
        feed = None
    feed = feed or starting.start(lane, now)
    if feed is None or (feed.state == State.BUILDING and not contents.build(lane, feed)):
        return
    answer = _poll(lane, feed) if feed.state == State.POLLING else _send(lane, feed)
    if answer is not None:
        lane.turn.record_success()
        _apply(lane, feed, answer, clock.now())


def _poll(lane: FeedLane, feed: FeedImport) -> ImportResult:
    replace_all = feed.mode == FeedImport.Mode.REPLACE
    return lane.feed.poll_import(feed.remote_id, path=str(feed.path), replace_all=replace_all)


def _send(lane: FeedLane, feed: FeedImport) -> ImportResult | None:
    """Send the file. None in a dry run."""
    if lane.turn.connection.read_only:
        lane.turn.wake_no_later_than(clock.now() + _DRY_RUN_RETRY_DELAY)
        return None
    lane.turn.renew()
    FeedImport.objects.filter(pk=feed.pk).update(sent_at=clock.now())
    try:
        return lane.feed.start_import(
            str(feed.path),
            replace_all=feed.mode == FeedImport.Mode.REPLACE,
            name=f"synccenter-{feed.pk}",
            force=feed.forced_by_id is not None,
        )
    except TryAgainLater as error:
        if error.sent:
            # The import may be running nevertheless. Imports are atomic and idempotent, so the same file is sent again
            # once the cluster is free (F14).
            FeedImport.objects.filter(pk=feed.pk).update(state=State.UNKNOWN)
        raise


def _apply(lane: FeedLane, feed: FeedImport, answer: ImportResult, now: datetime) -> None:
    """Apply the platform's answer to the import and its items."""
    match answer.state:
        case ImportState.RUNNING:
            if feed.state != State.POLLING:
                _log(lane, feed, "sent; polling for the result", now)
            FeedImport.objects.filter(pk=feed.pk).update(
                state=State.POLLING, remote_id=answer.remote_id or feed.remote_id
            )
            lane.turn.wake_no_later_than(now + _POLL_INTERVAL)
        case ImportState.BUSY:
            _log_wait(lane, feed, "the search engine is busy with another import", now)
            lane.turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.UNKNOWN:
            _log_wait(lane, feed, "the search engine has no record of the import, so it is sent again", now)
            FeedImport.objects.filter(pk=feed.pk).update(state=State.SENDING)
            lane.turn.wake_no_later_than(now + _BUSY_RETRY_DELAY)
        case ImportState.DONE:
            _accept(lane, feed, answer, now)
            _wake_for_next(lane, now)
        case ImportState.HARMFUL:
            _log(lane, feed, f"{State.HARMFUL.label}: {answer.reason}", now, level=runlog.Level.ERROR)
            _finish(lane, feed, State.HARMFUL, answer, now)
            raise NeedsAttention(
                f"Import {feed.pk} was rejected as harmful: {answer.reason}",
                fix="The import would delete too many items. If that is intended, ask an operator to force it "
                "(console). Otherwise correct the source and resume the job.",
            )
        case ImportState.REJECTED:
            _log(lane, feed, f"rejected: {answer.reason}", now, level=runlog.Level.ERROR)
            outcomes.settle_rejected(lane, feed, answer, now)
            _finish(lane, feed, State.REJECTED, answer, now)
            _wake_for_next(lane, now)


def _wake_for_next(lane: FeedLane, now: datetime) -> None:
    """Changes that the import did not contain, or that a rejection did not name, are sent with the next one."""
    if lane.has_changes:
        lane.turn.wake_no_later_than(now + timedelta(seconds=lane.feed.drain_seconds))


def _accept(lane: FeedLane, feed: FeedImport, answer: ImportResult, now: datetime) -> None:
    if feed.run_id:  # settling may close its run, and the log with it
        _log(lane, feed, "accepted", now)
    outcomes.settle_accepted(lane, feed, now)
    if not feed.run_id:  # a partial run starts when the first items are settled
        _log(lane, feed, "accepted", now)
    _finish(lane, feed, State.SUCCESS, answer, now)
    feed.path.unlink(missing_ok=True)


def _finish(lane: FeedLane, feed: FeedImport, state: FeedImport.State, answer: ImportResult, now: datetime) -> None:
    with lanes.fenced(lane.turn.claim):
        FeedImport.objects.filter(pk=feed.pk).update(
            state=state, finished_at=now, answer={"reason": answer.reason, "raw": answer.raw}
        )


def _log(
    lane: FeedLane, feed: FeedImport, text: str, now: datetime, *, level: runlog.Level = runlog.Level.INFO
) -> None:
    """Write to the logs of the full runs that the import belongs to, or else of the open partial runs."""
    scope = Run.Scope.FULL if feed.run_id else Run.Scope.PARTIAL
    runs = Run.objects.filter(job__in=lane.jobs, scope=scope, state__in=Run.OPEN).order_by("pk")
    with lanes.fenced(lane.turn.claim):
        for run_id in runs.values_list("pk", flat=True):
            runlog.write(run_id=run_id, now=now, text=f"Import {feed.pk}: {text.strip()}", level=level)


def _log_wait(lane: FeedLane, feed: FeedImport, reason: str, now: datetime) -> None:
    if feed.run_id:
        with lanes.fenced(lane.turn.claim):
            text = f"Waiting {_BUSY_RETRY_DELAY.seconds} s: {reason}."
            runlog.log_repeated(run_id=feed.run_id, event=runlog.RepeatedEvent.WAIT, texts=[text], now=now)
