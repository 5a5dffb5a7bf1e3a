"""Previews: what a full sync would do, item by item, with nothing sent and nothing enqueued (N13).

Previews use the same functions as the sync itself: exporting.may_differ and deciding.decide.
"""

from collections import Counter
from typing import Any

from connectors.engine import exporting
from connectors.engine.checks.common import belongs_to_other_seller, changes_for_items
from connectors.engine.deciding import decide
from connectors.engine.differences import differences
from connectors.engine.error_texts import error_text
from connectors.engine.platforms import platform_names
from connectors.engine.settling.results import action_counter
from connectors.engine.turn import Turn
from hub import clock, lanes, runlog, runs
from hub.models import Job, JobState, Run, RunCounter, RunItem
from synclog import services as synclog

Verdict = RunItem.Verdict
Counted = RunCounter.Outcome

_CHUNK = 500
# The run's counter → the verdict that is shown.
_VERDICTS = {
    Counted.CREATED: Verdict.CREATE,
    Counted.UPDATED: Verdict.UPDATE,
    Counted.DISABLED: Verdict.DISABLE,
    Counted.REMOVED: Verdict.REMOVE,
    Counted.SKIPPED: Verdict.SKIP,
    Counted.FAILED: Verdict.FAIL,
}


def start(job: Job, run: Run) -> None:
    """Initialize the run, in the transaction that starts it."""
    known = JobState.objects.get(job=job).config_hash
    run.cursor = {"after": 0, "recheck": known != exporting.config_hash(job)}
    run.total = exporting.covered_items(job).count()
    run.save(update_fields=["cursor", "total"])
    text = f"Previewing a sync of {job.data_type} with {job.connection}. Nothing is sent."
    runlog.write(run_id=run.pk, now=clock.now(), text=text)


def advance(turn: Turn, job: Job, run: Run) -> bool:
    """Preview the next chunk. False when everything was previewed and the run is closed."""
    now = clock.now()
    turn.renew()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        rows = list(exporting.covered_items(job).filter(pk__gt=run.cursor["after"]).order_by("pk")[:_CHUNK])
        if not rows:
            runs.close_check(run=run, now=now, found=summary(run))
            return False
        planned = exporting.may_differ(job, rows, recheck=run.cursor["recheck"])
        items, counts = _predict(turn, job, run, planned)
        RunItem.objects.bulk_create(items)
        counts[Counted.UNCHANGED] += len(rows) - len(planned)
        runs.count(run_id=run.pk, kind=job.item_kind, now=now, outcomes=counts | {Counted.READ: len(rows)})
        run.cursor["after"] = rows[-1][0]
        run.save(update_fields=["cursor"])
    return True


def _predict(turn: Turn, job: Job, run: Run, planned: list[int]) -> tuple[list[RunItem], Counter[RunCounter.Outcome]]:
    decision = decide(turn.target(job), job, changes_for_items(job, planned))
    items, counts = [], Counter({Counted.UNCHANGED: len(decision.unchanged)})

    def add(outcome: RunCounter.Outcome, item_id: int, **fields: Any) -> None:
        counts[outcome] += 1
        items.append(RunItem(run=run, verdict=_VERDICTS[outcome], kind=job.item_kind, item_id=item_id, **fields))

    for step in decision.steps:
        operation = step.operation
        add(
            action_counter(operation.action, step.item),
            operation.item_id,
            external_id=operation.external_id,
            changes={} if belongs_to_other_seller(step.item) else differences(operation.previous, operation.payload),
        )
    names = platform_names(job)
    for change, _, problem in decision.skipped:
        add(Counted.SKIPPED, change.item_id, message=synclog.issue_text([problem], **names, with_fix=True))
    for change, _, error in decision.failed:
        add(Counted.FAILED, change.item_id, message=error_text(error))
    return items, counts


def summary(run: Run) -> str:
    """What the preview found, in numbers."""
    counted = list(run.counters.all())

    def total(outcome: RunCounter.Outcome) -> int:
        return sum(getattr(each, outcome) for each in counted)

    names = {
        Counted.CREATED: "created",
        Counted.UPDATED: "updated",
        Counted.DISABLED: "disabled",
        Counted.REMOVED: "removed",
        Counted.SKIPPED: "skipped with an issue",
        Counted.FAILED: "failed",
    }
    parts = [f"{total(Counted.UNCHANGED):,} unchanged"]
    parts += [f"{number:,} {label}" for name, label in names.items() if (number := total(name))]
    return f"Preview: {', '.join(parts)}."
