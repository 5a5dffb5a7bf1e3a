"""Sends batches of changes, one call to the adapter each, and settles the results."""

import logging
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any

from django.conf import settings

from connectors.engine.deciding import Step, decide
from connectors.engine.settling import Batch, decided_batch, settle
from connectors.engine.settling.in_doubt import mark_in_doubt
from connectors.engine.settling.results import Accepted, ChangeResult, Computed, awaiting, failed, skipped
from connectors.engine.turn import Turn
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, ConnectorError, NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.operations import Outcome
from connectors.sdk.streams import PolledReceipts, Target
from hub import clock, queue, runlog
from hub.lanes import LeaseLost
from hub.models import Job

logger = logging.getLogger(__name__)

# How long sending may take before more urgent work in the lane is checked, in seconds.
SLICE_SECONDS = 0.5


@dataclass(slots=True)
class _InFlightBatch:
    """A batch being sent: the steps to send, and the results so far."""

    batch: Batch
    steps: list[Step]
    items: set[int]
    now: datetime

    @property
    def changes(self) -> list[int]:
        return [step.change.id for step in self.steps]


@dataclass(slots=True)
class _Answer:
    """The outcomes of one call in the order of its steps, and how long it took."""

    outcomes: list[Outcome]
    seconds: float


def send_next(turn: Turn, job: Job, priority: int) -> bool:
    """Load, decide, send and settle batches for a slice of time. False if nothing was ready.

    There is one call at a time; while it is in flight, the previous batch is settled and the next one decided.
    """
    current = _next_batch(turn, job, priority)
    if current is None:
        return False
    turn.limit_seconds = settings.SEND_SECONDS  # also if the turn started with preparing (B7)
    deadline = monotonic() + SLICE_SECONDS
    previous: _InFlightBatch | None = None
    call: Future[_Answer] | None = None
    try:
        while current is not None:
            call = _start_call(turn, current, previous)
            if previous is not None:
                settle(turn, previous.batch, now=previous.now)
            upcoming = _next_batch(turn, job, priority, in_flight=current) if call and monotonic() < deadline else None
            if current.steps:
                _send(turn, current.batch, current.steps, current.now, call)
            previous, current = current, None if turn.should_stop() else upcoming
        if previous is not None:
            settle(turn, previous.batch, now=previous.now)
    except LeaseLost:
        _wait_for(call)
        sent = [step.change.item_id for each in (previous, current) if each is not None for step in each.steps]
        mark_in_doubt(job, sent, clock.now())
        raise
    finally:
        # No other worker may get the lane while a call of this one can still change the target.
        _wait_for(call)
    return True


def _wait_for(call: Future[_Answer] | None) -> None:
    if call is not None:
        wait([call])


def _next_batch(
    turn: Turn, job: Job, priority: int, *, in_flight: _InFlightBatch | None = None
) -> _InFlightBatch | None:
    """The next batch, decided. While another is in flight, None also if the two must not overlap: an item is in both,
    or batches are small after failures and each has to be evaluated alone.
    """
    key = (job.pk, priority)
    target = turn.target(job)
    size = target.batch_size
    if turn.batch_seconds_limit is not None:
        size = min(size, turn.batch_seconds_limit)
    taken = queue.next_changes(
        lane_id=turn.claim.lane_id,
        job_id=job.pk,
        priority=priority,
        after=turn.after_token.get(key, 0),
        limit=min(size, turn.batch_limit or size),
    )
    items = {change.item_id for change in taken}
    probing = turn.batch_limit is not None or any(change.batch_limit for change in taken)
    if not taken or (in_flight is not None and (probing or items & in_flight.items)):
        return None
    turn.after_token[key] = taken[-1].token
    decision = decide(target, job, taken)
    return _InFlightBatch(decided_batch(job, decision), decision.steps, items, clock.now())


def _start_call(turn: Turn, current: _InFlightBatch, previous: _InFlightBatch | None) -> "Future[_Answer] | None":
    """Start the call. The lease names its changes and the unsettled ones, so that a successor finds them."""
    job = current.batch.job
    if not current.steps or job.connection.read_only:
        return None
    turn.renew(current.changes + (previous.changes if previous else []))
    return turn.calls.submit(_call, turn.adapter.http, turn.target(job), current.steps)


def _call(http: HttpClient, target: Target[Any, Any, Any], steps: list[Step]) -> _Answer:
    """Send the steps, and poll for those that the target has already queued with the same payload.

    An adapter may need several requests: if the last one is rejected, earlier ones may have been accepted.
    """
    started, writes_before = monotonic(), http.writes
    operations = [step.operation for step in steps]
    polls = isinstance(target, PolledReceipts)
    queued = [position for position, step in enumerate(steps) if polls and _is_queued(step)]
    new = [position for position in range(len(steps)) if position not in queued]
    outcomes: dict[int, Outcome] = {}
    asked: list[int] = []
    try:
        if isinstance(target, PolledReceipts) and queued:
            asked = queued
            outcomes |= zip(queued, target.poll([operations[position] for position in queued]), strict=True)
        if new:
            asked = new
            outcomes |= zip(new, target.send([operations[position] for position in new]), strict=True)
    except TryAgainLater as error:
        error.sent = error.sent or http.writes > writes_before
        raise
    except BatchRejected as error:
        error.item_errors = {asked[position]: problem for position, problem in error.item_errors.items()}
        raise
    return _Answer([outcomes[position] for position in range(len(steps))], monotonic() - started)


def _is_queued(step: Step) -> bool:
    """Whether the target has queued exactly this payload and not reported its result yet."""
    return bool(step.change.receipt_id) and bytes(step.change.queued_hash or b"") == (step.digest or b"")


def _send(turn: Turn, batch: Batch, steps: list[Step], now: datetime, call: "Future[_Answer] | None" = None) -> None:
    """Send these steps in one call, or wait for `call` if it was started already; if the target rejects the batch
    without naming items, send each alone. Results are added to the batch; changes without one stay in the queue."""
    job = batch.job
    if job.connection.read_only:
        batch.results += [Computed(step.change, step.item, step) for step in steps]
        return
    if call is None:
        turn.renew([step.change.id for step in steps])
        call = turn.calls.submit(_call, turn.adapter.http, turn.target(job), steps)
    turn.wait_for(call, [step.change.id for step in steps])
    try:
        answer = call.result()
        outcomes = answer.outcomes
        turn.limit_batch(len(steps), answer.seconds)
    except BatchRejected as rejection:
        return _isolate(turn, batch, steps, rejection, now)
    except TryAgainLater as error:
        return _open_breaker(turn, batch, steps, error, now)
    except NeedsAttention:
        # An adapter may need several calls: the first may have been accepted.
        batch.possibly_sent += steps
        settle(turn, batch, now=now)
        raise
    except SkipRecord as error:
        if len(steps) > 1:
            return _isolate(turn, batch, steps, BatchRejected(str(error)), now)
        outcomes = [Outcome(error=error)]
    except Exception as error:
        if len(steps) > 1:
            logger.exception("%s failed to send %d %s", job.connection.slug, len(steps), job.data_type)
            return _isolate(turn, batch, steps, BatchRejected(str(error)), now)
        outcomes = [Outcome(error=error)]
    else:
        turn.record_success()
    for step, outcome in zip(steps, outcomes, strict=True):
        batch.results.append(_result_for(turn, job, step, outcome, now))
        if outcome.error is not None and not isinstance(outcome.error, SkipRecord):
            batch.possibly_sent.append(step)


def _isolate(turn: Turn, batch: Batch, steps: list[Step], rejection: BatchRejected, now: datetime) -> None:
    """Skip the items that the target named and send the others again; if it named none, send each alone."""
    turn.record_success()
    _log_rejection(steps, rejection, now)
    if len(steps) == 1:
        problem = rejection.item_errors.get(0) or issues.REJECTED(reason=str(rejection))
        batch.results.append(skipped(steps[0].change, steps[0].item, batch.job, problem))
    elif rejection.item_errors:
        batch.results += [
            skipped(steps[position].change, steps[position].item, batch.job, problem)
            for position, problem in sorted(rejection.item_errors.items())
        ]
        if rest := [step for position, step in enumerate(steps) if position not in rejection.item_errors]:
            _send(turn, batch, rest, now)
    else:
        for step in steps:
            # Settled one by one, so that accepted items are not sent again because a later one fails.
            _send(turn, batch, [step], now)
            settle(turn, batch, now=now)
            if turn.should_stop():
                return


def _log_rejection(steps: list[Step], rejection: BatchRejected, now: datetime) -> None:
    if len(steps) == 1:
        return  # reported by its issue
    named = len(rejection.item_errors)
    consequence = f"skipping the {named:,} named by the target" if named else "sending each item alone"
    text = f"A batch of {len(steps):,} items was rejected ({consequence}): {rejection}"
    for run_id in sorted({step.change.run_id for step in steps if step.change.run_id}):
        runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.REJECTED, texts=[text], now=now)


def _result_for(turn: Turn, job: Job, step: Step, outcome: Outcome, now: datetime) -> ChangeResult:
    change, item = step.change, step.item
    match outcome.error:
        case None:
            return Accepted(change, item, step, outcome)
        case Queued() as error:
            return awaiting(step, error, job, policy=turn.retry, now=now)
        case SkipRecord() as error:
            return skipped(change, item, job, error.problem)
        case TryAgainLater() as error:
            not_before = turn.retry.next_attempt(attempts=change.attempts + 1, now=now, not_before=error.not_before)
            return failed(change, item, job, error, not_before=not_before)
        case error:
            if not isinstance(error, ConnectorError):
                logger.error("%s: sending %s %s failed", job, job.item_kind, change.item_id, exc_info=error)
            return failed(change, item, job, error, not_before=None)


def _open_breaker(turn: Turn, batch: Batch, steps: list[Step], error: TryAgainLater, now: datetime) -> None:
    """The target is not available: open the lane's breaker, and mark what it may have received as in doubt.

    A single item that fails as the breaker's test is delayed, because it may be the cause. As long as nothing else has
    succeeded since, many more attempts are allowed before it is held.
    """
    turn.record_failure(error, now, batch.job)
    if not error.sent:
        return
    batch.possibly_sent += steps
    if len(steps) > 1:
        return
    [step] = steps
    attempts = step.change.attempts + 1
    if turn.failures >= attempts:
        not_before = None if turn.retry.is_exhausted(attempts=attempts, outage=True) else turn.rest_until
    else:
        not_before = turn.retry.next_attempt(attempts=attempts, now=now, not_before=error.not_before)
    result = failed(step.change, step.item, batch.job, error, not_before=not_before, isolated=True)
    if _is_queued(step):
        # Only the poll failed: the target still has it in its queue.
        result.failure = replace(
            result.failure, receipt_id=step.change.receipt_id, queued_hash=bytes(step.change.queued_hash or b"")
        )
    batch.results.append(result)
