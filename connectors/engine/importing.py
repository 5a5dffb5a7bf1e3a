"""Import runs: read a source page by page into the hub, then detect items that the source no longer has.

Each page is one transaction that also advances the run's cursor, so an interrupted run resumes after the last committed
page. The network is never called inside a transaction.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from time import monotonic

from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog import services as catalog
from catalog.models import Status
from connectors.engine.applying import ImportContext, Tally, apply_page, import_context_for, link_kind
from connectors.engine.applying.context import not_master_problem
from connectors.engine.platforms import platform_names
from connectors.engine.turn import Turn
from hub import lanes, links, runlog, runs
from hub.kinds import ITEM_KIND, DataType, Kind
from hub.models import Job, JobState, Link, Master, Run
from hub.records import Record
from hub.services import start_run
from orders.services import delete_customers
from synclog import services as synclog
from synclog.models import Issue, ItemStatus
from synclog.services import ItemOutcome

# The mass-deletion guard (D9): when both are exceeded, a person has to approve.
GUARD_SHARE = 0.2
GUARD_ITEMS = 10
_FETCH = 100
# How long events wait at most while a run is processed in their lane, in seconds.
SLICE_SECONDS = 0.5

# The exports that are started after a full import (D2).
DEPENDENT_EXPORTS = {
    DataType.SETTINGS: (DataType.SETTINGS,),
    DataType.CATEGORIES: (DataType.CATEGORIES,),
    DataType.BRANDS: (DataType.BRANDS,),
    DataType.PRODUCTS: (DataType.PRODUCTS, DataType.STOCK, DataType.PRICES),
    DataType.CUSTOMERS: (DataType.CUSTOMERS,),
    DataType.ORDERS: (DataType.ORDERS,),
}


def work(turn: Turn, job: Job, run: Run) -> None:
    """Advance an import run for a slice of time, so that events are processed in between."""
    now = timezone.now()
    context = import_context_for(job, run_id=run.pk, now=now)
    if run.state == Run.State.QUEUED:
        _start(turn, context, run, now)
    deadline = monotonic() + SLICE_SECONDS
    while True:
        if run.cursor["phase"] == "read":
            _read(turn, context, run)
        elif run.cursor["phase"] == "missing":
            if _check_deletions(turn, context, run):
                return
        else:
            _close(turn, context, run)
            return
        if turn.should_stop() or monotonic() >= deadline:
            return


def _start(turn: Turn, context: ImportContext, run: Run, now: datetime) -> None:
    since = None
    if run.scope == Run.Scope.PARTIAL:
        cut = JobState.objects.get(job=context.job).cut_at
        since = cut - context.job.lookback if cut else None
    with lanes.fenced(turn.claim):
        runs.start(run=run, now=now)
        run.cursor = {"phase": "read", "since": since and since.isoformat(), "page": None, "pages": 0, "read": 0}
        run.save(update_fields=["cursor"])
        if run.scope == Run.Scope.FULL:
            synclog.record_full_sync_started(log=context.log, now=now)
        changed = f", changed since {since:%Y-%m-%d %H:%M:%S %Z}" if since else ""
        text = f"Reading {context.job.data_type} from {context.job.connection}{changed}."
        runlog.write(run_id=run.pk, now=now, text=text)


def _read(turn: Turn, context: ImportContext, run: Run) -> None:
    """Fetch a page, then apply it in one transaction."""
    since = run.cursor["since"]
    turn.renew()
    page = turn.source(context.job).read_page(
        since=datetime.fromisoformat(since) if since else None,
        cursor=run.cursor["page"],
    )
    context.now = timezone.now()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        tally = apply_page(context, page.records)
        if context.job.data_type == DataType.CATEGORIES:
            set_category_parents(context, page.records)
        run.cursor |= {
            "page": page.cursor,
            "pages": run.cursor["pages"] + 1,
            "read": run.cursor["read"] + len(page.records),
        }
        if page.total is not None:
            run.total = page.total
        # The source's total is an estimate: items come and go during the import, and it may not count all of them.
        if page.cursor is None or (run.total is not None and run.total < run.cursor["read"]):
            run.total = run.cursor["read"]
        if page.cut is not None and run.scope == Run.Scope.PARTIAL:
            JobState.objects.filter(Q(cut_at=None) | Q(cut_at__lt=page.cut), job=context.job).update(cut_at=page.cut)
        if page.cursor is None:
            run.cursor["phase"] = "missing" if run.scope == Run.Scope.FULL and _detects_deletions(context) else "close"
            run.cursor["after"] = 0
        run.save(update_fields=["cursor", "total"])
        count(turn, run, tally, [], context.now)
    turn.record_success()


def set_category_parents(context: ImportContext, records: Sequence[Record]) -> None:
    """Set the parents of categories as far as they are known. A parent may be on a later page."""
    known = links.of_kind(context.connection_id, Kind.CATEGORY, per_storefront=True).filter(missing=False)
    ids = dict(known.values_list("external_id", "item_id"))
    parents: dict[int, int | None] = {}
    for record in records:
        own = ids.get(record.external_id)
        parent = ids.get(getattr(record, "parent_id", ""))
        if own is not None and (parent is not None or not getattr(record, "parent_id", "")):
            parents[own] = parent
    catalog.set_category_parents(seller_id=context.seller_id, parents=parents, origin=context.connection_id)


def _detects_deletions(context: ImportContext) -> bool:
    return context.job.data_type in (DataType.PRODUCTS, DataType.CATEGORIES, DataType.BRANDS)


def _candidates(context: ImportContext, run: Run) -> QuerySet[Link]:
    """Links that neither this complete import nor a later run has seen. Their items may still exist."""
    unseen = Q(seen_run=None) | Q(seen_run__lt=run.pk)
    return _links(context).filter(unseen, missing=False, received_hash__isnull=False)


def _links(context: ImportContext) -> QuerySet[Link]:
    """The links of the job's items."""
    return links.of_kind(context.connection_id, ITEM_KIND[DataType(context.job.data_type)], per_storefront=True)


def _check_deletions(turn: Turn, context: ImportContext, run: Run) -> bool:
    """Fetch a batch of the unseen items by ID and discontinue those that the source no longer has.

    True if the run has to stop here, because so many items are missing that a person has to approve.
    """
    candidates = _candidates(context, run)
    if "answer" not in run.cursor:
        unseen = candidates.count()
        known = unseen + _links(context).filter(seen_run__gte=run.pk).count()
        if unseen >= GUARD_ITEMS and unseen > GUARD_SHARE * known:
            _ask_for_confirmation(turn, context, run, unseen, known)
            return True
    elif run.cursor["answer"] is False:
        _finish_deletion_check(turn, run)
        return False
    batch = list(candidates.filter(pk__gt=run.cursor["after"]).order_by("pk")[:_FETCH])
    if not batch:
        _finish_deletion_check(turn, run)
        return False
    turn.renew()
    found = turn.source(context.job).fetch([link.external_id for link in batch])
    context.now = timezone.now()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        tally = apply_page(context, found)
        missing = missing_links(batch, found, context)
        count(turn, run, tally, missing if discontinue(context, missing) else [], context.now)
        run.cursor["after"] = batch[-1].pk
        run.total = (run.total or 0) + len(found)
        run.save(update_fields=["cursor", "total"])
    return False


def missing_links(requested: list[Link], found: list[Record], context: ImportContext) -> list[Link]:
    """The links whose items the source did not return when they were fetched by ID."""
    existing = {(link_kind(context.job.data_type, record), record.external_id) for record in found}
    return [link for link in requested if (link.kind, link.external_id) not in existing]


# Kinds whose deletion is ignored unless the connection is the source of truth for this group of fields (L17).
_MASTERS = {Kind.CUSTOMER: Master.Group.CUSTOMERS, Kind.PRODUCT: Master.Group.CONTENT}


def discontinue(context: ImportContext, missing: list[Link]) -> int:
    """Discontinue items that the source no longer has (D9); orders are kept. Returns the number of items."""
    kind = ITEM_KIND[DataType(context.job.data_type)]
    if not missing or kind is Kind.ORDER:
        return 0
    if kind in _MASTERS and _MASTERS[kind] not in context.groups:
        _report_ignored_deletions(context, kind, missing)
        return 0
    ids = [link.item_id for link in missing]
    if kind is Kind.PRODUCT:
        changes = catalog.set_product_status(
            seller_id=context.seller_id,
            product_ids=ids,
            status=Status.DISCONTINUED,
            origin=context.connection_id,
            now=context.now,
        )
    elif kind is Kind.CUSTOMER:
        changes = delete_customers(
            seller_id=context.seller_id, customer_ids=ids, origin=context.connection_id, now=context.now
        )
    else:
        catalog.discontinue(kind=kind, seller_id=context.seller_id, item_ids=ids, origin=context.connection_id)
        changes = {}
    links.mark_missing(_links(context).filter(pk__in=[link.pk for link in missing]), fetched_at=context.now)
    synclog.record_outcomes(
        job=context.job,
        seller_id=context.seller_id,
        run_id=context.run_id,
        now=context.now,
        outcomes=[
            ItemOutcome(
                kind=str(kind),
                item_id=pk,
                state=ItemStatus.State.REMOVED,
                action="removed",
                message="No longer in the source.",
                changes=changes.get(pk, {}),
            )
            for pk in ids
        ],
    )
    synclog.resolve_by_external_ids(
        log=context.log, external_ids=[f"{kind}:{link.external_id}" for link in missing], now=context.now
    )
    return len(missing)


def _report_ignored_deletions(context: ImportContext, kind: Kind, missing: Sequence[Link]) -> None:
    """Report items that this source no longer has, but which stay because another is the source of truth."""
    problem = not_master_problem(context, _MASTERS[kind], ["status"])
    names = platform_names(context.job)
    drafts = [
        synclog.issue_draft(
            ref=f"{kind}:{link.external_id}", problems=[problem], kind=kind, item_id=link.item_id, **names
        )
        for link in missing
    ]
    synclog.upsert_issues(log=context.log, job=context.job, drafts=drafts, now=context.now)


def _ask_for_confirmation(turn: Turn, context: ImportContext, run: Run, missing: int, known: int) -> None:
    reason = (
        f"{missing} of {known} known {context.job.data_type} are missing in the source. "
        "Yes: discontinue them in SyncCenter and remove them from every target. No: keep them."
    )
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.state, run.reason = Run.State.NEEDS_APPROVAL, reason
        run.save(update_fields=["state", "reason"])
        runlog.write(run_id=run.pk, now=timezone.now(), text=reason, level=runlog.Level.WARNING)


def _finish_deletion_check(turn: Turn, run: Run) -> None:
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.cursor["phase"] = "close"
        run.save(update_fields=["cursor"])


def _close(turn: Turn, context: ImportContext, run: Run) -> None:
    """Close the run, then start the exports that depend on it."""
    now = timezone.now()
    exports = _dependent_exports(context.job)
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        _log_dependent_exports(run, exports, now)
        runs.close(run=run, now=now)
        started = run.started_at or now
        state = JobState.objects.filter(job=context.job)
        # The cut date is the start, not the end: changes during the import are read again.
        state.filter(Q(cut_at=None) | Q(cut_at__lt=started)).update(cut_at=started)
        state.update(last_update_at=now)
        if run.scope != Run.Scope.FULL:
            return
        synclog.resolve_unseen(
            log=context.log, job=context.job, since=started, severities=Issue.Severity.values, now=now
        )
        synclog.clear_stale_pending(log=context.log, job=context.job, since=started, now=now)
        synclog.record_full_sync_finished(log=context.log, succeeded=True, now=now)
        for job in exports:
            start_run(job=job, trigger=Run.Trigger.IMPORT, after=run, resend=run.resend)


def _log_dependent_exports(run: Run, exports: list[Job], now: datetime) -> None:
    changed = sum(each.created + each.updated + each.disabled + each.removed for each in run.counters.all())
    if changed and exports:
        targets = ", ".join(f"{job.connection} ({job.data_type})" for job in exports)
        runlog.write(run_id=run.pk, now=now, text=f"{changed:,} changed; queued for export to {targets}.")


def _dependent_exports(job: Job) -> list[Job]:
    seller = Q(connection__seller=job.connection.seller_id) | Q(connection__seller=None)
    return list(
        Job.objects.filter(
            seller,
            direction="export",
            enabled=True,
            connection__state="active",
            data_type__in=DEPENDENT_EXPORTS[DataType(job.data_type)],
        )
        .exclude(connection=job.connection)
        .select_related("connection")
    )


def count(turn: Turn, run: Run, tally: Tally, missing: Sequence[Link], now: datetime) -> None:
    """Add the results of a page and the removed items to the run's counters, by kind (B10)."""
    calls, removed = turn.pop_call_count(), Counter(link.kind for link in missing)
    for kind in sorted(tally.kinds.keys() | removed.keys()) or [run.job.item_kind]:
        counts = tally.kinds.get(kind, Tally()).as_counts()
        runs.count(run_id=run.pk, kind=kind, now=now, calls=calls, removed=removed[kind], **counts)
        calls = 0
