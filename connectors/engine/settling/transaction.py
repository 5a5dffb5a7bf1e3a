"""The settling transaction: writes everything that follows from a batch, or nothing.

It starts with a check of the lane's epoch, so a worker with an expired lease writes nothing (N6). It ends by
decrementing the runs' counts of remaining items, so that exactly one worker closes each run (D20).
"""

from datetime import datetime

from connectors.engine.settling import (
    counters,
    event_runs,
    follow_ups,
    in_doubt,
    item_status,
    order_totals,
    sent_links,
)
from connectors.engine.settling.batch import Batch
from connectors.engine.settling.full_runs import finish_full_run
from connectors.engine.settling.results import failure_of
from connectors.engine.turn import Turn
from hub import lanes, queue, runs


def settle(turn: Turn, batch: Batch, *, now: datetime) -> None:
    """Write the batch in one transaction and empty it. Raises LeaseLost if another worker has claimed the lane."""
    if not batch.results and not batch.possibly_sent:
        return
    job = batch.job
    calls = turn.pop_call_count()
    with lanes.fenced(turn.claim):
        event_run = event_runs.run_for(batch, now)
        full_run_ids = {result.change.run_id for result in batch.results if result.change.run_id}
        runs.lock(run_ids=sorted(full_run_ids) + ([event_run.pk] if event_run else []))
        sent_links.hold_id_conflicts(batch)
        linked = sent_links.save(batch, now)
        order_totals.save(batch, now)
        in_doubt.forget_sent(job, [step.change.item_id for step in batch.possibly_sent])
        first_outcomes = queue.settle(
            done=[result.change for result in batch.results if failure_of(result) is None],
            failed=[failure for result in batch.results if (failure := failure_of(result)) is not None],
            possibly_sent=[step.change for step in batch.possibly_sent],
        )
        follow_ups.enqueue(batch, linked)
        item_status.record(batch, now)
        counters.update(batch, event_run, calls, now)
        for run in runs.decrement_remaining(first_outcomes=first_outcomes, now=now):
            finish_full_run(run, now)
    batch.results, batch.possibly_sent = [], []
