"""Batches of changes go out, one remote call each, and what became of them is written down."""

import logging
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.utils import timezone

from connectors.contract import Adapter, Operation, Outcome
from connectors.engine import retry
from connectors.engine.deciding import Step, decide
from connectors.engine.settling import (
    COUNTED_AS,
    Batch,
    Verdict,
    await_answer,
    put_in_doubt,
    set_aside,
    settle,
    skip,
)
from connectors.engine.turn import Turn
from connectors.errors import BatchRefused, NeedsAttention, Queued, SkipRecord, TryAgainLater
from hub import lanes, queue, runlog, runs
from hub.kinds import DataType
from hub.lanes import Fenced
from hub.models import Change, Job, Run
from hub.queue import Priority

logger = logging.getLogger(__name__)

# How long sending goes on before what is more urgent in the lane gets its turn.
SLICE_SECONDS = 0.5


@dataclass(slots=True)
class _Lot:
    """A batch on its way: what is to be sent of it, and what has become of it so far."""

    batch: Batch
    steps: list[Step]
    items: set[int]
    now: datetime

    @property
    def changes(self) -> list[int]:
        return [step.change.id for step in self.steps]


def send_next(turn: Turn, job: Job, priority: int) -> bool:
    """Take, decide, send and settle batches for a slice of time. False if nothing was ready.

    There is one call at a time; while it is under way, the batch before it is settled and the next one decided.
    """
    lot = _take_up(turn, job, priority)
    if lot is None:
        return False
    turn.limit_seconds = settings.SEND_SECONDS  # also where the turn began by preparing (B7)
    ends = monotonic() + SLICE_SECONDS
    before: _Lot | None = None
    call: Future[list[Outcome]] | None = None
    try:
        while lot is not None:
            call = _begin(turn, lot, before)
            if before is not None:
                settle(turn, before.batch, now=before.now)
            following = _take_up(turn, job, priority, besides=lot) if call and monotonic() < ends else None
            if lot.steps:
                _send(turn, lot.batch, lot.steps, lot.now, call)
            before, lot = lot, None if turn.over() else following
        if before is not None:
            settle(turn, before.batch, now=before.now)
    except Fenced:
        _wait_for(call)
        sent = [step.change.item_id for each in (before, lot) if each is not None for step in each.steps]
        put_in_doubt(job, sent, timezone.now())
        raise
    finally:
        # Nobody else may have the lane while a call of ours can still change the target.
        _wait_for(call)
    return True


def _wait_for(call: Future[list[Outcome]] | None) -> None:
    if call is not None:
        wait([call])


def _take_up(turn: Turn, job: Job, priority: int, *, besides: _Lot | None = None) -> _Lot | None:
    """The next batch, decided. With another under way (`besides`), None also where the two must not overlap: an item
    stands in both, or batches are small because of trouble and each is to be judged by itself.
    """
    key = (job.pk, priority)
    size = turn.adapter.batch_size.get(DataType(job.data_type), 1)
    taken = queue.take(
        lane_id=turn.claim.lane_id,
        job_id=job.pk,
        priority=priority,
        after=turn.after_token.get(key, 0),
        limit=min(size, turn.batch_limit or size),
    )
    items = {change.item_id for change in taken}
    troubled = turn.batch_limit is not None or any(change.batch_limit for change in taken)
    if not taken or (besides is not None and (troubled or items & besides.items)):
        return None
    turn.after_token[key] = taken[-1].token
    decision = decide(turn.adapter, job, taken)
    batch = Batch(job, [Verdict(c, item, "unchanged", link=link) for c, item, link in decision.unchanged])
    batch.verdicts += [skip(c, item, job, message=str(p), code=p.code, mend=p.mend) for c, item, p in decision.skipped]
    batch.verdicts += [set_aside(c, item, job, error, not_before=None) for c, item, error in decision.broken]
    return _Lot(batch, decision.steps, items, timezone.now())


def _begin(turn: Turn, lot: _Lot, before: _Lot | None) -> "Future[list[Outcome]] | None":
    """The call is under way; a successor would find both what it carries and what is not settled yet."""
    job = lot.batch.job
    if not lot.steps or job.connection.read_only:
        return None
    turn.renew(lot.changes + (before.changes if before else []))
    operations = [step.operation for step in lot.steps]
    return turn.calls.submit(_call, turn.adapter, DataType(job.data_type), operations)


def _call(adapter: Adapter, data_type: DataType, operations: list[Operation]) -> list[Outcome]:
    """An adapter may need several requests: that the last was turned away says nothing of those before it."""
    before = adapter.http.writes
    try:
        return adapter.send(data_type, operations)
    except TryAgainLater as error:
        error.sent = error.sent or adapter.http.writes > before
        raise


def _send(
    turn: Turn, batch: Batch, steps: list[Step], now: datetime, call: "Future[list[Outcome]] | None" = None
) -> None:
    """One call to the adapter for these steps, if it is not under way already; where the target refuses without saying
    which, singly. What became of them is added to the batch; what is not in there stays in the queue."""
    job = batch.job
    if job.connection.read_only:
        batch.verdicts += [
            Verdict(s.change, s.item, COUNTED_AS[s.operation.action], step=s, message="Read-only: nothing was sent.")
            for s in steps
        ]
        return
    try:
        if call is None:
            turn.renew([step.change.id for step in steps])
            operations = [step.operation for step in steps]
            call = turn.calls.submit(_call, turn.adapter, DataType(job.data_type), operations)
        outcomes = call.result()
    except BatchRefused as refusal:
        return _isolate(turn, batch, steps, refusal, now)
    except TryAgainLater as error:
        return _rest(turn, batch, steps, error, now)
    except NeedsAttention:
        # An adapter may need several calls: the first may have been taken.
        batch.doubtful += steps
        settle(turn, batch, now=now)
        raise
    except SkipRecord as problem:
        if len(steps) > 1:
            return _isolate(turn, batch, steps, BatchRefused(str(problem), code=problem.code), now)
        outcomes = [Outcome(error=problem)]
    except Exception as error:
        logger.exception("%s failed to send %d %s", job.connection.slug, len(steps), job.data_type)
        if len(steps) > 1:
            return _isolate(turn, batch, steps, BatchRefused(str(error)), now)
        outcomes = [Outcome(error=error)]
    else:
        turn.went_well()
    for step, outcome in zip(steps, outcomes, strict=True):
        batch.verdicts.append(_verdict(step, outcome, job, now))
        if outcome.error is not None and not isinstance(outcome.error, SkipRecord):
            batch.doubtful.append(step)


def _isolate(turn: Turn, batch: Batch, steps: list[Step], refusal: BatchRefused, now: datetime) -> None:
    """Take out what the target named and send the rest again; if it named nothing, send each alone."""
    turn.went_well()
    _tell_of_refusal(steps, refusal, now)
    if len(steps) == 1:
        batch.verdicts.append(_refused(steps[0], str(refusal), refusal.code, batch.job, now))
    elif refusal.culprits:
        batch.verdicts += [
            _refused(steps[place], message, refusal.code, batch.job, now)
            for place, message in sorted(refusal.culprits.items())
        ]
        if rest := [step for place, step in enumerate(steps) if place not in refusal.culprits]:
            _send(turn, batch, rest, now)
    else:
        for step in steps:
            # One after another, so that what has gone through is never sent again because a later one fails.
            _send(turn, batch, [step], now)
            settle(turn, batch, now=now)
            if turn.over():
                return


def _tell_of_refusal(steps: list[Step], refusal: BatchRefused, now: datetime) -> None:
    if len(steps) == 1:
        return  # its issue says so
    named = len(refusal.culprits)
    what = f"the {named:,} that were named are set aside" if named else "each is sent alone"
    text = f"{len(steps):,} were refused together, so {what}: {refusal}"
    for run_id in sorted({step.change.run_id for step in steps if step.change.run_id}):
        runlog.note(run_id=run_id, matter=runlog.Matter.REFUSED, texts=[text], now=now)


def _refused(step: Step, message: str, code: str, job: Job, now: datetime) -> Verdict:
    return _verdict(step, Outcome(error=SkipRecord(message, code=code)), job, now)


def _verdict(step: Step, outcome: Outcome, job: Job, now: datetime) -> Verdict:
    error = outcome.error
    if error is None:
        counted = COUNTED_AS[step.operation.action]
        return Verdict(step.change, step.item, counted, step=step, answer=outcome)
    if isinstance(error, Queued):
        return await_answer(step, error, now=now)
    if isinstance(error, TryAgainLater):
        attempts = step.change.attempts + 1
        not_before = retry.next_try(attempts=attempts, now=now, not_before=error.not_before)
        return set_aside(step.change, step.item, job, error, not_before=not_before)
    if isinstance(error, SkipRecord):
        return skip(step.change, step.item, job, message=str(error), code=error.code, mend=error.mend)
    return set_aside(step.change, step.item, job, error, not_before=None)


def _rest(turn: Turn, batch: Batch, steps: list[Step], error: TryAgainLater, now: datetime) -> None:
    """The target takes nothing now: the lane rests, and what it may have taken all the same is in doubt.

    A single item that fails while it probes a troubled target is delayed, for it may be the trouble. As long as nothing
    else went through since, it is not held for that.
    """
    turn.trouble(error, now, batch.job)
    if not error.sent:
        return
    batch.doubtful += steps
    if len(steps) > 1:
        return
    [step] = steps
    attempts = step.change.attempts + 1
    if turn.failures >= attempts:
        not_before = retry.next_try(attempts=attempts, now=now, most=retry.PATIENCE) and turn.rest_until
    else:
        not_before = retry.next_try(attempts=attempts, now=now, not_before=error.not_before)
    batch.verdicts.append(set_aside(step.change, step.item, batch.job, error, not_before=not_before, alone=True))


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
