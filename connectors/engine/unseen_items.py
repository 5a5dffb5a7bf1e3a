"""Items that a complete import did not contain: each is looked up, and discontinued if the source no longer has it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from connectors.engine.applying import ImportContext
from connectors.engine.fetching import (
    Fetched,
    apply_fetched,
    fetch,
    fetch_again_later,
    isolation_of,
    links_of_source,
)
from connectors.engine.turn import Turn
from hub import clock, lanes, links, runlog, runs
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
    found = fetch(turn, context.job, [link.external_id for link in batch], isolation_of(turn, run))
    _apply(turn, context, run, batch, found, progress={"after": batch[-1].pk}, requested=batch)
    return True


def check_listed(turn: Turn, context: ImportContext, run: Run, external_ids: Sequence[str]) -> None:
    """Look up the items that a page names as to be checked, if they were imported before (`Page.to_check`)."""
    listed = links_of_source(context).filter(external_id__in=external_ids, missing=False, received_hash__isnull=False)
    if not external_ids or not (known := list(listed.order_by("pk"))):
        return
    found = fetch(turn, context.job, [link.external_id for link in known], isolation_of(turn, run))
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        apply_fetched(context, run, found.records, requested=known, excluded=found.excluded, calls=turn.pop_call_count)
        fetch_again_later(context, run, found.records)


def are_too_many(context: ImportContext, run: Run) -> bool:
    """Whether so many items are missing that the source's list may be wrong, and nobody has answered yet."""
    if "answer" in run.cursor or run.cursor.get("confirmed"):
        return False
    return _exceeds_guard(*_counts(context, run))


def confirm_batch(turn: Turn, context: ImportContext, run: Run) -> bool:
    """Look up the next batch without discontinuing anything, until so many are gone that a person has to be asked.

    True if the run has to wait for the answer. Items that the settings exclude are not gone; a list that is limited by
    the source does not contain them, each time.
    """
    missing, known = _counts(context, run)
    gone, after = run.cursor.get("gone", 0), run.cursor.get("looked_up", 0)
    if _exceeds_guard(gone, known):
        _ask(turn, context, run, missing, known)
        return True
    batch = list(_unseen(context, run).filter(pk__gt=after).order_by("pk")[:_BATCH])
    if not batch:
        _apply(turn, context, run, [], Fetched([], set()), progress={"confirmed": True})
        return False
    found = fetch(turn, context.job, [link.external_id for link in batch], isolation_of(turn, run))
    existing = found.excluded | {record.external_id for record in found.records}
    gone += sum(link.external_id not in existing for link in batch)
    _apply(turn, context, run, batch, found, progress={"gone": gone, "looked_up": batch[-1].pk})
    return False


def _apply(
    turn: Turn,
    context: ImportContext,
    run: Run,
    batch: Sequence[Link],
    found: Fetched,
    *,
    progress: dict[str, Any],
    requested: Sequence[Link] = (),
) -> None:
    """Save what was found of a batch, discontinue the other `requested` items, and advance the run's cursor."""
    context.now = clock.now()
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        excluded = found.excluded
        apply_fetched(context, run, found.records, requested=requested, excluded=excluded, calls=turn.pop_call_count)
        links.mark_seen([link.pk for link in batch if link.external_id in excluded], run_id=run.pk)
        run.cursor |= progress | {"failures": 0}
        run.total = (run.total or 0) + len(found.records)
        run.save(update_fields=["cursor", "total"])
        fetch_again_later(context, run, found.records)


def _exceeds_guard(missing: int, known: int) -> bool:
    return missing >= GUARD_ITEMS and missing > GUARD_SHARE * known


def _counts(context: ImportContext, run: Run) -> tuple[int, int]:
    """How many items are missing, and how many are known."""
    missing = _unseen(context, run).count()
    return missing, missing + links_of_source(context).filter(seen_run__gte=run.pk).count()


def _ask(turn: Turn, context: ImportContext, run: Run, missing: int, known: int) -> None:
    reason = (
        f"{missing} of {known} known {context.job.data_type} are missing in the source. "
        "Yes: discontinue them in SyncCenter and remove them from every target. No: keep them."
    )
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        run.state, run.reason = Run.State.NEEDS_APPROVAL, reason
        run.save(update_fields=["state", "reason"])
        runlog.write(run_id=run.pk, now=clock.now(), text=reason, level=runlog.Level.WARNING)


def _unseen(context: ImportContext, run: Run) -> QuerySet[Link]:
    """Links that neither this complete import nor a later run has seen. Their items may still exist.

    Links of items that were only sent to this connection are none of its own. One without a hash was received, but not
    everything of it could be saved, such as a customer whose parent is unknown.
    """
    unseen = Q(seen_run=None) | Q(seen_run__lt=run.pk)
    received = Q(received_hash__isnull=False) | Q(fetched_at__isnull=False)
    return links_of_source(context).filter(unseen, received, missing=False)
