"""Import runs: read a source page by page into the hub, then detect items that the source no longer has.

Each page is one transaction that also advances the run's cursor, so an interrupted run resumes after the last committed
page. The network is never called inside a transaction.
"""

from datetime import datetime
from enum import StrEnum
from time import monotonic

from django.db.models import Q

from connectors.engine import unseen_items
from connectors.engine.applying import ImportContext, import_context_for, unknown_variants
from connectors.engine.applying.references import report as report_unresolved
from connectors.engine.fetching import apply_fetched, fetch_again_later, isolation_of, links_of_source
from connectors.engine.turn import Turn
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.reading import ReadState
from hub import clock, lanes, runlog, runs
from hub.kinds import DataType
from hub.models import Job, JobState, Run
from hub.services import start_run
from hub.statistics import refresh_statistics
from orders.queries import has_orders_to_read_again
from orders.services import keep_unread_orders
from synclog import rejected_items
from synclog import services as synclog
from synclog.models import Issue

# How long events wait at most while a run is processed in their lane, in seconds.
SLICE_SECONDS = 0.5

# The exports that are started after a full import (D2).
DEPENDENT_EXPORTS = {
    DataType.SETTINGS: (DataType.SETTINGS,),
    DataType.CATEGORIES: (DataType.CATEGORIES,),
    DataType.BRANDS: (DataType.BRANDS,),
    DataType.PRODUCTS: (DataType.PRODUCTS, DataType.STOCK, DataType.PRICES),
    # What changed is enqueued; comparing all variants each time would take longer than reading them.
    DataType.STOCK: (),
    DataType.CUSTOMERS: (DataType.CUSTOMERS,),
    DataType.ORDERS: (DataType.ORDERS,),
}


class Phase(StrEnum):
    """What an import run does next, stored in its cursor."""

    READ = "read"
    MISSING = "missing"
    CLOSE = "close"


def work(turn: Turn, job: Job, run: Run) -> None:
    """Advance an import run for a slice of time, so that events are processed in between."""
    now = clock.now()
    context = import_context_for(job, run_id=run.pk, now=now)
    if run.state == Run.State.QUEUED:
        _start(turn, context, run, now)
    context.full_since = run.started_at if run.scope == Run.Scope.FULL else None
    try:
        _advance(turn, context, run)
    except TryAgainLater as error:
        if error.sent and not error.not_before:
            _count_failure(turn, run)
        raise


def _advance(turn: Turn, context: ImportContext, run: Run) -> None:
    deadline = monotonic() + SLICE_SECONDS
    while True:
        match Phase(run.cursor["phase"]):
            case Phase.READ:
                _read(turn, context, run)
            case Phase.MISSING:
                if unseen_items.are_too_many(context, run):
                    if unseen_items.confirm_batch(turn, context, run):
                        return
                elif not unseen_items.check_batch(turn, context, run):
                    _end_check(turn, run)
            case Phase.CLOSE:
                _close(turn, context, run)
                return
        if turn.should_stop() or monotonic() >= deadline:
            return


def _count_failure(turn: Turn, run: Run) -> None:
    """The current page could not be read: one of its items may be the cause (`isolation_of`)."""
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.cursor["failures"] = run.cursor.get("failures", 0) + 1
        run.save(update_fields=["cursor"])


def _start(turn: Turn, context: ImportContext, run: Run, now: datetime) -> None:
    since = None
    if run.scope == Run.Scope.PARTIAL:
        cut = JobState.objects.get(job=context.job).cut_at
        # A cut date in the future, left by a wrong clock, must not hide what has changed until now.
        since = min(cut, now) - context.job.lookback if cut and not _must_read_all_orders(context) else None
    with lanes.fenced(turn.claim):
        runs.start(run=run, now=now)
        run.cursor = {"phase": Phase.READ, "since": since and since.isoformat(), "page": None, "pages": 0, "read": 0}
        run.save(update_fields=["cursor"])
        if run.scope == Run.Scope.FULL:
            synclog.record_full_sync_started(log=context.log, now=now)
        changed = f", changed since {since:%Y-%m-%d %H:%M:%S %Z}" if since else ""
        text = f"Reading {context.job.data_type} from {context.job.connection}{changed}."
        runlog.write(run_id=run.pk, now=now, text=text)


def _must_read_all_orders(context: ImportContext) -> bool:
    """Whether orders were imported by an earlier release, without their amounts: they are read again, once."""
    return context.job.data_type == DataType.ORDERS and has_orders_to_read_again(source_id=context.connection_id)


def _read(turn: Turn, context: ImportContext, run: Run) -> None:
    """Fetch a page, then apply it in one transaction."""
    since = run.cursor["since"]
    turn.renew()
    page, state = turn.reader(context.job, isolation_of(turn, run)).read_page(
        since=datetime.fromisoformat(since) if since else None,
        cursor=run.cursor["page"],
        state=ReadState.from_json(run.cursor.get("state", {})),
        now=clock.now(),
    )
    context.now = clock.now()
    if page.absent and links_of_source(context).filter(received_hash__isnull=False, missing=False).exists():
        raise page.absent
    unseen_items.check_listed(turn, context, run, page.to_check)
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.cursor |= {
            "page": page.cursor,
            "state": state.as_json(),
            "pages": run.cursor["pages"] + 1,
            "read": run.cursor["read"] + len(page.records),
            "failures": 0,
        }
        if page.total is not None:
            run.total = page.total
        # The source's total is an estimate: items come and go during the import, and it may not count all of them.
        if page.cursor is None or (run.total is not None and run.total < run.cursor["read"]):
            run.total = run.cursor["read"]
        if page.cut is not None and run.scope == Run.Scope.PARTIAL:
            JobState.objects.filter(Q(cut_at=None) | Q(cut_at__lt=page.cut), job=context.job).update(cut_at=page.cut)
        if page.cursor is None:
            phase = Phase.MISSING if unseen_items.must_check(context, run) else Phase.CLOSE
            run.cursor |= {"phase": phase, "after": 0, "absent": page.absent is not None}
        run.save(update_fields=["cursor", "total"])
        apply_fetched(context, run, page.records, calls=turn.pop_call_count)
        fetch_again_later(context, run, page.records)
    turn.record_success()
    refresh_statistics(pages=run.cursor["pages"])


def _end_check(turn: Turn, run: Run) -> None:
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.cursor["phase"] = Phase.CLOSE
        run.save(update_fields=["cursor"])


def _close(turn: Turn, context: ImportContext, run: Run) -> None:
    """Close the run, then start the exports that depend on it."""
    now = clock.now()
    exports = _dependent_exports(context.job)
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        _log_dependent_exports(run, exports, now)
        runs.close(run=run, now=now)
        started = run.started_at or now
        # Everything that changed until the start has been read, so this also sets back a cut date that a wrong clock
        # had moved ahead. Not the end: changes during the import are read again.
        state = ReadState.from_json(run.cursor.get("state", {}))
        job_state = JobState.objects.filter(job=context.job)
        if not run.cursor.get("absent"):
            job_state.update(cut_at=min(started, state.limit or started))
        job_state.update(
            last_update_at=now,
            source_clock_difference=state.clock_difference,
        )
        if run.cursor["since"] is None and context.job.data_type == DataType.ORDERS:
            keep_unread_orders(source_id=context.connection_id)
        if run.scope != Run.Scope.FULL:
            return
        report_unresolved(context)
        unknown_variants.report(context)
        synclog.resolve_unseen(
            log=context.log, job=context.job, since=started, severities=Issue.Severity.values, now=now
        )
        rejected_items.forget_unseen(job=context.job, since=started)
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
        .order_by("pk")
    )
