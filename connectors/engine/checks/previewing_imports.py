"""Previews of imports (N13): the source is read as by a full import, and what is read is applied and rolled back.

So a preview decides with the code of the import, whatever the type of data. It keeps only counts, and a result for each
item that the import would create, change, remove or skip.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from common.storable import storable_text
from connectors.engine import unseen_items
from connectors.engine.applying import ImportContext, Tally, apply_page, import_context_for, link_kinds
from connectors.engine.applying.context import WriteResult, link_kind, plain_kind
from connectors.engine.applying.rejected_records import title_of
from connectors.engine.checks.previewing import summary
from connectors.engine.fetching import fetch, links_of_source
from connectors.engine.platforms import platform_names
from connectors.engine.turn import Turn
from connectors.sdk.isolation import Isolation
from connectors.sdk.reading import ReadState
from hub import clock, lanes, runlog, runs
from hub.models import Job, Link, Run, RunCounter, RunItem, SeenExternalId
from hub.records import Problem, Record
from synclog import services as synclog
from synclog.models import ItemStatus

Verdict = RunItem.Verdict

# Items that one lookup names.
_BATCH = 100


class Phase(StrEnum):
    """What a preview does next, stored in the run's cursor."""

    READ = "read"
    MISSING = "missing"


def start(job: Job, run: Run) -> None:
    """Initialize the run, in the transaction that starts it."""
    run.cursor = {"phase": Phase.READ, "page": None, "state": {}, "after": 0, "read": 0}
    run.save(update_fields=["cursor"])
    text = f"Previewing an import of {job.data_type} from {job.connection}. Nothing is imported."
    runlog.write(run_id=run.pk, now=clock.now(), text=text)


def advance(turn: Turn, job: Job, run: Run) -> bool:
    """Preview the next page, or the next items that no page contained. False when the run is closed."""
    context = import_context_for(job, run_id=None, now=clock.now())
    turn.renew()
    if run.cursor["phase"] == Phase.READ:
        _read(turn, context, run)
        return True
    if unseen_items.removes_missing(job) and _look_up_missing(turn, context, run):
        return True
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        SeenExternalId.objects.filter(run=run).delete()
        runs.close_check(run=run, now=clock.now(), found=summary(run))
    return False


def _read(turn: Turn, context: ImportContext, run: Run) -> None:
    page, state = turn.reader(context.job, Isolation.IF_OTHERS_ANSWER).read_page(
        since=None, cursor=run.cursor["page"], state=ReadState.from_json(run.cursor["state"]), now=clock.now()
    )
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        listed = {record.external_id for record in page.records} | set(page.to_check)
        seen = [SeenExternalId(run=run, external_id=each) for each in sorted(listed) if storable_text(each) == each]
        SeenExternalId.objects.bulk_create(seen, ignore_conflicts=True)
        _save(context, run, page.records, calls=turn.pop_call_count)
        run.cursor |= {"page": page.cursor, "state": state.as_json(), "read": run.cursor["read"] + len(page.records)}
        run.cursor["phase"] = Phase.READ if page.cursor is not None else Phase.MISSING
        run.total = run.cursor["read"] if page.cursor is None or page.total is None else page.total
        run.save(update_fields=["cursor", "total"])


def _look_up_missing(turn: Turn, context: ImportContext, run: Run) -> bool:
    """Look up the next items that no page contained. False if there are none left."""
    seen = SeenExternalId.objects.filter(run=run, external_id=OuterRef("external_id"))
    received = Q(received_hash__isnull=False) | Q(fetched_at__isnull=False)
    unseen = links_of_source(context).filter(~Exists(seen), received, missing=False, pk__gt=run.cursor["after"])
    batch = list(unseen.order_by("pk")[:_BATCH])
    if not batch:
        return False
    found = fetch(turn, context.job, [link.external_id for link in batch], Isolation.IF_OTHERS_ANSWER)
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        _save(context, run, found.records, requested=batch, excluded=found.excluded, calls=turn.pop_call_count)
        run.cursor["after"] = batch[-1].pk
        run.save(update_fields=["cursor"])
    return True


def _save(
    context: ImportContext,
    run: Run,
    records: Sequence[Record],
    *,
    requested: Sequence[Link] = (),
    excluded: Collection[str] = (),
    calls: Callable[[], int],
) -> None:
    """Store what an import would do with the records, and with the requested items that are not among them."""
    context.results = []
    with transaction.atomic():
        tally = apply_page(context, records)
        transaction.set_rollback(True)
    here = {(kind, record.external_id) for record in records for kind in link_kinds(context.job.data_type, record)}
    removed = [
        RunItem(
            run=run,
            verdict=Verdict.REMOVE,
            kind=plain_kind(link.kind),
            item_id=link.item_id,
            external_id=link.external_id,
        )
        for link in requested
        if (link.kind, link.external_id) not in here and link.external_id not in excluded
    ]
    items = [*_results(context, run, context.results), *_rejected(context, run, records), *removed]
    RunItem.objects.bulk_create(items)
    for kind, part in (tally.kinds or {context.job.item_kind: Tally()}).items():
        counts = part.as_counts() | {RunCounter.Outcome.REMOVED: len(removed)}
        runs.count(run_id=run.pk, kind=kind, now=context.now, outcomes=counts, calls=calls())
        removed = []


def _results(context: ImportContext, run: Run, results: Sequence[WriteResult]) -> Iterator[RunItem]:
    for result in results:
        changes, verdict = result.changes, Verdict.UPDATE
        if result.state == ItemStatus.State.PENDING:
            yield _skipped(context, run, result.record, result.problems, item_id=result.item_id)
            continue
        if changes is None:
            verdict, changes = Verdict.CREATE, {"title": [None, title_of(result.record)]}
        elif changes.get("visible") == [True, False]:
            verdict = Verdict.DISABLE
        if changes:
            yield RunItem(
                run=run,
                verdict=verdict,
                kind=plain_kind(result.kind),
                item_id=None if verdict == Verdict.CREATE else result.item_id,
                external_id=result.record.external_id,
                changes=changes,
            )


def _rejected(context: ImportContext, run: Run, records: Sequence[Record]) -> Iterator[RunItem]:
    for record in records:
        if problems := [problem for problem in record.problems if problem.fatal]:
            yield _skipped(context, run, record, problems)


def _skipped(
    context: ImportContext, run: Run, record: Record, problems: Sequence[Problem], item_id: int | None = None
) -> RunItem:
    return RunItem(
        run=run,
        verdict=Verdict.SKIP,
        kind=plain_kind(link_kind(context.job.data_type, record)),
        item_id=item_id,
        external_id=storable_text(record.external_id),
        message=storable_text(synclog.issue_text(problems, **platform_names(context.job), with_fix=True)),
    )
