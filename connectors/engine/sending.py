"""Batches of changes go out, one remote call each, and what became of them is written down."""

import logging
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any

from django.conf import settings
from django.utils import timezone

from connectors.engine import retry
from connectors.engine.deciding import Step, decide
from connectors.engine.settling import (
    COUNTER_FOR_ACTION,
    Batch,
    ChangeResult,
    failed_result,
    mark_in_doubt,
    queued_result,
    settle,
    skipped_result,
)
from connectors.engine.turn import Turn
from connectors.sdk import issues
from connectors.sdk.errors import BatchRefused, NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.operations import Outcome
from connectors.sdk.streams import PolledReceipts, Target
from hub import lanes, queue, runlog, runs
from hub.lanes import LeaseLost
from hub.models import Change, Job, Run
from hub.queue import Priority

logger = logging.getLogger(__name__)

# How long sending goes on before what is more urgent in the lane gets its turn.
SLICE_SECONDS = 0.5


@dataclass(slots=True)
class _InFlightBatch:
    """A batch on its way: what is to be sent of it, and what has become of it so far."""

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
    """Take, decide, send and settle batches for a slice of time. False if nothing was ready.

    There is one call at a time; while it is under way, the batch before it is settled and the next one decided.
    """
    current = _next_batch(turn, job, priority)
    if current is None:
        return False
    turn.limit_seconds = settings.SEND_SECONDS  # also where the turn began by preparing (B7)
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
        mark_in_doubt(job, sent, timezone.now())
        raise
    finally:
        # Nobody else may have the lane while a call of ours can still change the target.
        _wait_for(call)
    return True


def _wait_for(call: Future[_Answer] | None) -> None:
    if call is not None:
        wait([call])


def _next_batch(
    turn: Turn, job: Job, priority: int, *, in_flight: _InFlightBatch | None = None
) -> _InFlightBatch | None:
    """The next batch, decided. With another under way (`in_flight`), None also where the two must not overlap: an item
    stands in both, or batches are small because of trouble and each is to be judged by itself.
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
    batch = Batch(job, [ChangeResult(c, item, "unchanged", link=link) for c, item, link in decision.unchanged])
    batch.results += [skipped_result(c, item, job, problem) for c, item, problem in decision.skipped]
    batch.results += [failed_result(c, item, job, error, not_before=None) for c, item, error in decision.failed]
    return _InFlightBatch(batch, decision.steps, items, timezone.now())


def _start_call(turn: Turn, current: _InFlightBatch, previous: _InFlightBatch | None) -> "Future[_Answer] | None":
    """The call is under way; a successor would find both what it carries and what is not settled yet."""
    job = current.batch.job
    if not current.steps or job.connection.read_only:
        return None
    turn.renew(current.changes + (previous.changes if previous else []))
    return turn.calls.submit(_call, turn.adapter.http, turn.target(job), current.steps)


def _call(http: HttpClient, target: Target[Any, Any, Any], steps: list[Step]) -> _Answer:
    """Send the steps, or ask what became of those that the target has queued as they are.

    An adapter may need several requests: that the last was refused says nothing of those before it.
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
    except BatchRefused as error:
        error.item_errors = {asked[position]: problem for position, problem in error.item_errors.items()}
        raise
    return _Answer([outcomes[position] for position in range(len(steps))], monotonic() - started)


def _is_queued(step: Step) -> bool:
    """Whether the target has taken this very payload into its queue and not said yet what became of it."""
    return bool(step.change.receipt_id) and bytes(step.change.queued_hash or b"") == (step.digest or b"")


def _send(turn: Turn, batch: Batch, steps: list[Step], now: datetime, call: "Future[_Answer] | None" = None) -> None:
    """One call to the adapter for these steps, if it is not under way already; where the target refuses without saying
    which, singly. What became of them is added to the batch; what is not in there stays in the queue."""
    job = batch.job
    if job.connection.read_only:
        batch.results += [
            ChangeResult(
                s.change, s.item, COUNTER_FOR_ACTION[s.operation.action], step=s, message="Read-only: nothing was sent."
            )
            for s in steps
        ]
        return
    if call is None:
        turn.renew([step.change.id for step in steps])
        call = turn.calls.submit(_call, turn.adapter.http, turn.target(job), steps)
    turn.wait_for(call, [step.change.id for step in steps])
    try:
        answer = call.result()
        outcomes = answer.outcomes
        turn.limit_batch(len(steps), answer.seconds)
    except BatchRefused as refusal:
        return _isolate(turn, batch, steps, refusal, now)
    except TryAgainLater as error:
        return _open_breaker(turn, batch, steps, error, now)
    except NeedsAttention:
        # An adapter may need several calls: the first may have been taken.
        batch.possibly_sent += steps
        settle(turn, batch, now=now)
        raise
    except SkipRecord as error:
        if len(steps) > 1:
            return _isolate(turn, batch, steps, BatchRefused(str(error)), now)
        outcomes = [Outcome(error=error)]
    except Exception as error:
        logger.exception("%s failed to send %d %s", job.connection.slug, len(steps), job.data_type)
        if len(steps) > 1:
            return _isolate(turn, batch, steps, BatchRefused(str(error)), now)
        outcomes = [Outcome(error=error)]
    else:
        turn.record_success()
    for step, outcome in zip(steps, outcomes, strict=True):
        batch.results.append(_result_for(step, outcome, job, now))
        if outcome.error is not None and not isinstance(outcome.error, SkipRecord):
            batch.possibly_sent.append(step)


def _isolate(turn: Turn, batch: Batch, steps: list[Step], refusal: BatchRefused, now: datetime) -> None:
    """Take out what the target named and send the rest again; if it named nothing, send each alone."""
    turn.record_success()
    _log_refusal(steps, refusal, now)
    if len(steps) == 1:
        problem = refusal.item_errors.get(0) or issues.REJECTED(reason=str(refusal))
        batch.results.append(skipped_result(steps[0].change, steps[0].item, batch.job, problem))
    elif refusal.item_errors:
        batch.results += [
            skipped_result(steps[position].change, steps[position].item, batch.job, problem)
            for position, problem in sorted(refusal.item_errors.items())
        ]
        if rest := [step for position, step in enumerate(steps) if position not in refusal.item_errors]:
            _send(turn, batch, rest, now)
    else:
        for step in steps:
            # One after another, so that what has gone through is never sent again because a later one fails.
            _send(turn, batch, [step], now)
            settle(turn, batch, now=now)
            if turn.should_stop():
                return


def _log_refusal(steps: list[Step], refusal: BatchRefused, now: datetime) -> None:
    if len(steps) == 1:
        return  # its issue says so
    named = len(refusal.item_errors)
    what = f"the {named:,} that were named are set aside" if named else "each is sent alone"
    text = f"{len(steps):,} were refused together, so {what}: {refusal}"
    for run_id in sorted({step.change.run_id for step in steps if step.change.run_id}):
        runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.REFUSED, texts=[text], now=now)


def _result_for(step: Step, outcome: Outcome, job: Job, now: datetime) -> ChangeResult:
    error = outcome.error
    if error is None:
        counted = COUNTER_FOR_ACTION[step.operation.action]
        return ChangeResult(step.change, step.item, counted, step=step, answer=outcome)
    if isinstance(error, Queued):
        return queued_result(step, error, now=now)
    if isinstance(error, TryAgainLater):
        attempts = step.change.attempts + 1
        not_before = retry.next_try(attempts=attempts, now=now, not_before=error.not_before)
        return failed_result(step.change, step.item, job, error, not_before=not_before)
    if isinstance(error, SkipRecord):
        return skipped_result(step.change, step.item, job, error.problem)
    return failed_result(step.change, step.item, job, error, not_before=None)


def _open_breaker(turn: Turn, batch: Batch, steps: list[Step], error: TryAgainLater, now: datetime) -> None:
    """The target takes nothing now: the lane rests, and what it may have taken all the same is in doubt.

    A single item that fails while it probes a troubled target is delayed, for it may be the trouble. As long as nothing
    else went through since, it is not held for that.
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
        not_before = (
            retry.next_try(attempts=attempts, now=now, max_attempts=retry.OUTAGE_MAX_ATTEMPTS) and turn.rest_until
        )
    else:
        not_before = retry.next_try(attempts=attempts, now=now, not_before=error.not_before)
    result = failed_result(step.change, step.item, batch.job, error, not_before=not_before, isolated=True)
    if result.failure is not None and _is_queued(step):
        # Only asking failed: the target still has it.
        result.failure = replace(
            result.failure, receipt_id=step.change.receipt_id, queued_hash=bytes(step.change.queued_hash or b"")
        )
    batch.results.append(result)


def close_partial_run(turn: Turn, job: Job) -> None:
    """Everything that events asked for is done: the partial run ends."""
    if Change.objects.filter(job=job, state=Change.State.READY, priority=Priority.EVENT).exists():
        return
    run = Run.objects.filter(
        job=job, scope=Run.Scope.PARTIAL, state=Run.State.SENDING, trigger=Run.Trigger.EVENT
    ).first()
    if run is not None:
        with lanes.fenced(turn.claim):
            runs.close(run=run, now=timezone.now())
