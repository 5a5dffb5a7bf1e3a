"""Items that a complete import did not contain: each is looked up, and discontinued if the source no longer has it."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from connectors.engine.applying import ImportContext
from connectors.engine.fetching import apply_fetched, fetch, links_of_source
from connectors.engine.turn import Turn
from hub import clock, lanes, runlog, runs
from hub.kinds import DataType, Role
from hub.models import Job, Link, Run

# The mass-deletion guard (D9): when both are exceeded, a person has to approve.
GUARD_SHARE = 0.2
GUARD_ITEMS = 10
_BATCH = 100
# The other types are not discontinued because of a list that does not contain them.
_DATA_TYPES = (DataType.PRODUCTS, DataType.CATEGORIES, DataType.BRANDS, DataType.CUSTOMERS, DataType.ORDERS)


def must_check(context: ImportContext, run: Run) -> bool:
    """Whether the run has read all items of a type that is discontinued when it is missing.

    Orders only at shops (M9): an ERP reports shipments of orders, and an OMS keeps its orders.
    """
    return run.scope == Run.Scope.FULL and removes_missing(context.job)


def removes_missing(job: Job) -> bool:
    """Whether items that a full import of the job does not contain are looked up, and discontinued if they are gone."""
    if job.data_type not in _DATA_TYPES:
        return False
    return job.data_type != DataType.ORDERS or job.connection.role == Role.SHOP


def check_batch(turn: Turn, context: ImportContext, run: Run) -> bool:
    """Look up the next batch of unseen items. False if none are left, or if a person wants to keep them."""
    if run.cursor.get("answer") is False:
        return False
    batch = list(_unseen(context, run).filter(pk__gt=run.cursor["after"]).order_by("pk")[:_BATCH])
    if not batch:
        return False
    found = fetch(turn, context.job, [link.external_id for link in batch])
    context.now = clock.now()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        apply_fetched(
            context,
            run,
            found.records,
            requested=batch,
            excluded=found.excluded,
            calls=turn.pop_call_count,
        )
        run.cursor["after"] = batch[-1].pk
        run.total = (run.total or 0) + len(found.records)
        run.save(update_fields=["cursor", "total"])
    return True


def check_listed(turn: Turn, context: ImportContext, run: Run, external_ids: Sequence[str]) -> None:
    """Look up the items that a page names as to be checked, if they were imported before (`Page.to_check`)."""
    listed = links_of_source(context).filter(external_id__in=external_ids, missing=False, received_hash__isnull=False)
    if not external_ids or not (known := list(listed.order_by("pk"))):
        return
    found = fetch(turn, context.job, [link.external_id for link in known])
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        apply_fetched(context, run, found.records, requested=known, excluded=found.excluded, calls=turn.pop_call_count)


def ask_if_too_many(turn: Turn, context: ImportContext, run: Run) -> bool:
    """Ask a person if so many items are missing that the source's list may be wrong. True if the run has to wait."""
    if "answer" in run.cursor:
        return False
    missing = _unseen(context, run).count()
    known = missing + links_of_source(context).filter(seen_run__gte=run.pk).count()
    if missing < GUARD_ITEMS or missing <= GUARD_SHARE * known:
        return False
    reason = (
        f"{missing} of {known} known {context.job.data_type} are missing in the source. "
        "Yes: discontinue them in SyncCenter and remove them from every target. No: keep them."
    )
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.state, run.reason = Run.State.NEEDS_APPROVAL, reason
        run.save(update_fields=["state", "reason"])
        runlog.write(run_id=run.pk, now=clock.now(), text=reason, level=runlog.Level.WARNING)
    return True


def _unseen(context: ImportContext, run: Run) -> QuerySet[Link]:
    """Links that neither this complete import nor a later run has seen. Their items may still exist.

    Links of items that were only sent to this connection are none of its own. One without a hash was received, but not
    everything of it could be saved, such as a customer whose parent is unknown.
    """
    unseen = Q(seen_run=None) | Q(seen_run__lt=run.pk)
    received = Q(received_hash__isnull=False) | Q(fetched_at__isnull=False)
    return links_of_source(context).filter(unseen, received, missing=False)
