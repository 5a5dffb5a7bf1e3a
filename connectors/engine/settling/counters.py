"""The counters of runs, and the lines that batches add to their logs."""

from collections import Counter, defaultdict
from datetime import datetime

from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import counter_of, issue_of
from hub import runlog, runs
from hub.models import Run, RunCounter


def update(batch: Batch, event_run: Run | None, calls: int, now: datetime) -> None:
    """Count each result in its full run, or else in the run for events (B10)."""
    counts: dict[int, Counter[RunCounter.Outcome]] = defaultdict(Counter)
    issue_lines: dict[int, list[str]] = defaultdict(list)
    for result in batch.results:
        run_id = result.change.run_id or (event_run.pk if event_run else None)
        if run_id is not None:
            counts[run_id].update((counter_of(result), RunCounter.Outcome.READ))
            if (issue := issue_of(result)) is not None:
                issue_lines[run_id].append(issue.as_line)
    # A call that contained items of several runs counts for the run with the most items.
    caller = max(counts, key=lambda run_id: counts[run_id][RunCounter.Outcome.READ], default=None)
    for run_id, outcomes in sorted(counts.items()):
        runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.ITEM_ISSUES, texts=issue_lines[run_id], now=now)
        spent = calls if run_id == caller else 0
        runs.count(run_id=run_id, kind=batch.job.item_kind, now=now, calls=spent, outcomes=outcomes)
