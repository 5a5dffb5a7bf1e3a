"""The order of work within a turn."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Case, Min, Q, When

from common.log_context import log_context
from connectors.engine import checks, events, exporting, feeds, importing, recovery, sending
from connectors.engine.error_texts import error_text
from connectors.engine.feeds import FeedLane
from connectors.engine.platforms import is_feed
from connectors.engine.settling import event_runs
from connectors.engine.turn import Turn, claim_turn, release_turn, stopping
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.sdk.retry import RetryPolicy
from hub import clock, lanes, queue, runlog, runs
from hub.kinds import Direction
from hub.lanes import LeaseLost
from hub.models import Job, Run
from hub.queue import Priority
from hub.runs import RunFinished
from hub.services import require_attention
from synclog import services as synclog

logger = logging.getLogger(__name__)

# A run fails after its worker was lost this many times at the same place.
MAX_CRASHES = 5


def serve_one_lane() -> bool:
    """Claim the next lane, work on it, release it. False if there was none."""
    turn = claim_turn()
    if turn is None:
        return False
    if lanes.has_waiting_work(workers=turn.workers):
        lanes.notify_workers()  # a message wakes one worker; each that finds more work than it can do wakes another
    with log_context(lane=turn.claim.lane_id, seller=turn.jobs[0].connection.seller_id if turn.jobs else None):
        _serve(turn)
    return True


def _serve(turn: Turn) -> None:
    """Work on the lane, and release it however that ends."""
    try:
        more = _run_turn(turn)
    except LeaseLost:
        # Another worker has the lane; what this one may have sent was marked as in doubt where it was sent.
        logger.warning("lane %s: lost to another worker", turn.claim.lane_id)
    except Exception:
        # A bug, or the database is unavailable. The queue treats it like a lost worker: the batch is halved until the
        # item that causes it is alone, which is then held.
        logger.exception("lane %s: abandoned", turn.claim.lane_id)
        rest_until = RetryPolicy().pause_until(failures=turn.claim.crashes + 1, now=clock.now())
        lanes.abandon(claim=turn.claim, rest_until=rest_until)
    else:
        release_turn(turn, more=more)
    finally:
        turn.close()


def _run_turn(turn: Turn) -> bool:
    """Work on the lane until the turn is over. True if work is left."""
    recovery.take_over(turn)
    queue.wake_delayed(lane_id=turn.claim.lane_id, now=clock.now())
    exports = [job for job in turn.jobs if job.direction == Direction.EXPORT]
    feed_jobs = [job for job in exports if is_feed(job)]
    senders = [job for job in exports if job not in feed_jobs]
    stages: list[Callable[[], bool]] = [
        # An event that fails must not keep everything else from being tried, which would show whose fault it is.
        lambda: _process_events(turn, failed_before=turn.progressed),
        lambda: _run_step(turn, senders, lambda job: sending.send_next(turn, job, Priority.EVENT)),
        lambda: _advance_run(turn),
        lambda: _run_step(turn, senders, lambda job: sending.send_next(turn, job, Priority.FULL_RUN)),
        lambda: _run_check(turn),
        lambda: _process_events(turn, failed_before=True),
    ]
    more = True
    while more and not stopping.is_set():
        more = any(stage() for stage in stages if not turn.rest_until)
        if turn.should_stop():  # checked after the first stage only, so that every turn makes progress
            break
    if not turn.should_stop():
        _advance_feed(turn, feed_jobs)
    if not more and not turn.rest_until:
        for job in exports:
            event_runs.close(turn, job, clock.now())
    turn.wake_no_later_than(queue.next_wake(lane_id=turn.claim.lane_id))
    return more


def _process_events(turn: Turn, *, failed_before: bool) -> bool:
    """Process a batch of received events, or of those that did not fail before. False if there are none."""
    return _run_step(turn, turn.jobs, lambda job: events.work(turn, job, failed_before=failed_before))


def _run_step(turn: Turn, jobs: list[Job], step: Callable[[Job], bool | None]) -> bool:
    """Run `step` for the first job that has work. TryAgainLater opens the breaker, NeedsAttention pauses the job."""
    for job in jobs:
        if job.paused:
            continue
        try:
            with log_context(job=job.pk):
                if step(job):
                    return True
        except TryAgainLater as error:
            turn.record_failure(error, clock.now(), job)
            return False
        except NeedsAttention as error:
            _require_attention(turn, job, error)
    return False


def _advance_feed(turn: Turn, jobs: list[Job]) -> None:
    """Advance the import of the lane's feed, which contains the changes of all these jobs."""
    active = [job for job in jobs if not job.paused]
    if not active:
        return
    try:
        feeds.work(FeedLane(turn, active))
    except TryAgainLater as error:
        turn.record_failure(error, clock.now(), active[0])
    except NeedsAttention as error:
        for job in active:
            _require_attention(turn, job, error)


def _advance_run(turn: Turn) -> bool:
    """Advance the next run that has something to import or to compare. False if there is none.

    That is the oldest run, but partial imports from a cut date come before full imports.
    """
    if turn.claim.lane_id not in {job.lane_ids[0] for job in turn.jobs if job.lane_ids}:
        return False  # only a job's first lane prepares runs; the others help with sending
    active = [job.pk for job in turn.jobs if not job.paused]
    run = (
        Run.objects.filter(job__in=active, scope__in=Run.SYNCS, state__in=(Run.State.QUEUED, Run.State.PREPARING))
        .select_related("job__connection__seller", "job__state")
        .order_by(Case(When(scope=Run.Scope.PARTIAL, job__state__cut_at__isnull=False, then=0), default=1), "pk")
        .first()
    )
    if run is None:
        return False
    job = next(job for job in turn.jobs if job.pk == run.job_id)
    turn.limit_seconds = settings.PREPARE_SECONDS
    if _crash_limit_reached(turn, run):
        return True
    try:
        with log_context(job=job.pk, run=run.pk), _failing_only(turn, run):
            if job.direction == Direction.IMPORT:
                importing.work(turn, job, run)
            elif exporting.prepare(turn, job, run):
                lanes.wake(lane_ids=job.lane_ids)  # they help with sending
    except TryAgainLater as error:
        turn.record_failure(error, clock.now(), job)
    except NeedsAttention as error:
        _require_attention(turn, job, error)
    except ConnectorError as error:
        _fail_run(turn, run, error_text(error))
    return True


@contextmanager
def _failing_only(turn: Turn, run: Run) -> Iterator[None]:
    """A bug fails only this run. Errors of the platform, the lease and the database are raised."""
    try:
        yield
    except RunFinished:
        logger.info("%s was closed by another process", run)
    except (ConnectorError, LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("%s failed", run)
        _fail_run(turn, run, error_text(error))


def _crash_limit_reached(turn: Turn, run: Run) -> bool:
    """Fail the run if too many workers were lost at the same place. True if it failed."""
    if not turn.claim.crashes or turn.claim.orphans or turn.progressed:
        return False
    if turn.claim.crashes >= MAX_CRASHES:
        _fail_run(turn, run, f"The worker stopped {turn.claim.crashes} times at the same point of this run.")
        return True
    if run.state == Run.State.PREPARING:
        with lanes.fenced(turn.claim):
            text = "A worker was lost; another one has resumed the run."
            runlog.log_repeated(run_id=run.pk, event=runlog.RepeatedEvent.LOST, texts=[text], now=clock.now())
    return False


def _run_check(turn: Turn) -> bool:
    """Advance the next preview or comparison of the lane's jobs. False if there is none.

    Errors fail only this run; the job continues to send.
    """
    jobs_of_first_lane = [job for job in turn.jobs if not job.paused and turn.claim.lane_id == job.lane_ids[0]]
    waiting = Run.objects.filter(
        job__in=jobs_of_first_lane,
        scope__in=(Run.Scope.PREVIEW, Run.Scope.COMPARISON),
        state__in=(Run.State.QUEUED, Run.State.PREPARING),
    ).select_related("job__connection__seller")
    now = clock.now()
    ready = waiting.filter(Q(not_before=None) | Q(not_before__lte=now))
    run = ready.order_by(Case(When(scope=Run.Scope.PREVIEW, then=0), default=1), "pk").first()
    turn.wake_no_later_than(waiting.filter(not_before__gt=now).aggregate(Min("not_before"))["not_before__min"])
    if run is None:
        return False
    if _crash_limit_reached(turn, run):
        return True
    try:
        with _failing_only(turn, run):
            checks.work(turn, run.job, run)
    except ConnectorError as error:
        _fail_run(turn, run, error_text(error))
    return True


def _require_attention(turn: Turn, job: Job, error: NeedsAttention) -> None:
    """Only a person can fix it: the job is paused, its open runs fail with the reason, its changes wait."""
    reason = f"{error} {error.fix}".strip()
    logger.warning("%s needs attention: %s", job, reason)
    with lanes.fenced(turn.claim):
        require_attention(job=job, reason=reason)
    for run in Run.objects.filter(job=job, state__in=Run.OPEN).select_related("job__connection__seller").order_by("pk"):
        _fail_run(turn, run, reason)


def _fail_run(turn: Turn, run: Run, reason: str) -> None:
    now, calls = clock.now(), turn.pop_call_count()
    with lanes.fenced(turn.claim):
        runs.lock(run_ids=[run.pk])
        runs.count(run_id=run.pk, kind=run.job.item_kind, now=now, calls=calls)
        queue.detach_run(run=run)
        if runs.close(run=run, now=now, failed=reason) and run.scope == Run.Scope.FULL:
            seller_id = run.job.connection.seller_id
            if seller_id is not None:
                synclog.record_full_sync_finished(
                    log=synclog.log_for(job=run.job, seller_id=seller_id), succeeded=False, now=now
                )


def serve(*, seconds: float) -> bool:
    """Serve lanes one after another for about `seconds`. True if there may be more work."""
    deadline = monotonic() + seconds
    while not stopping.is_set() and serve_one_lane():
        if monotonic() >= deadline:
            return True
    return False
