"""Applies imported records: matches, compares, saves and links them, and reports the ones that cannot be saved.

One call applies one page of one job, inside the caller's transaction. Content hashes show what really changed, so for
an unchanged record only the mark that it was seen is written.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import orjson
from django.db import DataError, IntegrityError, transaction

from common.storable import json_contains_nul, storable_text
from connectors.engine.applying import references, unknown_variants, variant_items
from connectors.engine.applying.catalog import write_brands, write_categories, write_products, write_settings
from connectors.engine.applying.context import (
    VARIANT_ITEM,
    DuplicateClaims,
    ImportContext,
    Links,
    WriteResult,
    import_context_for,
    link_kind,
    link_kinds,
    plain_kind,
)
from connectors.engine.applying.galleries import write_galleries
from connectors.engine.applying.orders import set_b2b_enabled, write_customers, write_fulfilments, write_orders
from connectors.engine.applying.owners import split_by_seller
from connectors.engine.applying.preparing import prepare
from connectors.engine.applying.rejected_records import keep, keep_rejected, title_of
from connectors.engine.applying.stock import write_stock
from connectors.engine.applying.tally import Tally
from connectors.engine.platforms import platform_names
from connectors.sdk import issues
from connectors.sdk.reading import FUTURE_TOLERANCE
from hub import links, runlog
from hub.kinds import DataType, Kind
from hub.models import Job
from hub.records import Problem, Record
from synclog import services as synclog
from synclog.models import Issue, ItemEvent, ItemStatus
from synclog.services import IssueDraft, ItemOutcome

__all__ = ["ImportContext", "Tally", "apply_page", "import_context_for", "link_kinds"]

logger = logging.getLogger(__name__)

# Longer than a cache or search index of a source lags behind.
STALE_ANSWER = timedelta(hours=1)
# Fields that describe the import rather than the item, and what is only looked up.
_NOT_HASHED = {"raw", "updated_at", "problems", "shop_cart"}


def content_hash(record: Record) -> bytes:
    """Hash of everything that the hub uses of a record; not of `raw`, which may contain view counts and the like.

    Raises DataError for characters and numbers that cannot be stored.
    """
    try:
        content = orjson.dumps(_content(type(record))(record), default=str)  # type: ignore[arg-type]  # a class is hashable
    except orjson.JSONEncodeError as error:
        raise DataError(str(error)) from error
    if json_contains_nul(content):
        raise DataError("The character NUL cannot be stored.")
    return blake2b(content, digest_size=16).digest()


@cache
def _content(record_type: type[Any]) -> "attrgetter[tuple[Any, ...]]":
    return attrgetter(*(each.name for each in fields(record_type) if each.name not in _NOT_HASHED))


def apply_page(context: ImportContext, records: Sequence[Record]) -> Tally:
    """Save a page. A record that PostgreSQL rejects is skipped with an issue; the rest of the page is saved."""
    tally = Tally()
    records = [prepare(record) for record in records]
    for seller_context, page in split_by_seller(context, records):
        for kind, part in _by_kind(seller_context.job, page).items():
            done = _apply_safely(seller_context, part)
            tally.add(done)
            tally.kinds.setdefault(kind, Tally()).add(done)
    return tally


def _by_kind(job: Job, records: Sequence[Record]) -> dict[str, Sequence[Record]]:
    if job.data_type != DataType.CATEGORIES:
        return {job.item_kind: records}
    parts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        parts[link_kind(job.data_type, record)].append(record)
    return dict(parts)


def _apply_safely(context: ImportContext, records: Sequence[Record]) -> Tally:
    try:
        with transaction.atomic():
            return _apply(context, records)
    except (DataError, IntegrityError) as error:
        if len(records) == 1:
            _report_unstorable(context, records[0], _storage_problem(error))
            return Tally(read=1, skipped=1)
    except DuplicateClaims:
        logger.info("%s: two records of a page claim the same ID or number, applying them one by one", context.job)
    tally = Tally()
    for record in records:
        tally.add(_apply_safely(context, [record]))
    return tally


def _apply(context: ImportContext, records: Sequence[Record]) -> Tally:
    tally = Tally(read=len(records))
    accepted = [record for record in records if not any(problem.fatal for problem in record.problems)]
    if context.job.data_type == DataType.STOCK:
        written = write_stock(context, accepted)
        keep_rejected(context, records, (), written)
        tally.updated, tally.skipped = len(written), len(records) - len(accepted)
        tally.unchanged = len(accepted) - len(written)
        _update_sync_log(context, records, written)
        if context.results is not None:
            context.results += written
        return tally
    if context.job.data_type == DataType.CUSTOMERS:
        set_b2b_enabled(context, accepted)
    incoming = {(link_kind(context.job.data_type, record), record.external_id): record for record in accepted}
    if len(incoming) < len(accepted):
        raise DuplicateClaims
    hashes = {record.external_id: content_hash(record) for record in accepted}
    known_links = links.known(context.connection_id, [*incoming, *variant_items.keys(accepted)])
    changed, seen = [], []
    latest = context.now + FUTURE_TOLERANCE
    for key, record in incoming.items():
        known = known_links.get(key) or known_links.get((VARIANT_ITEM, record.external_id))
        if known is None or _has_changed(record, hashes[record.external_id], known, latest, context.full_since):
            changed.append(record)
        else:
            seen.append(known.link_id)
    tally.unchanged = len(seen)
    if seen and context.run_id:
        links.mark_seen(seen, run_id=context.run_id)
    written = _WRITERS[DataType(context.job.data_type)](context, changed, known_links) if changed else []
    applied = [result for result in written if result.state != ItemStatus.State.PENDING]
    _save_links(context, applied, hashes)
    references.remember(context, applied)
    references.resolve(context, applied)
    if context.job.data_type == DataType.PRODUCTS:
        unknown_variants.assign(context, applied)
    keep_rejected(context, records, changed, written)
    tally.created = sum(result.changes is None for result in written)
    tally.disabled = sum((result.changes or {}).get("visible") == [True, False] for result in written)
    tally.updated = sum(bool(result.changes) for result in written) - tally.disabled
    # A record can have another hash and still result in the same row: then nothing changed.
    tally.unchanged += sum(result.changes == {} and result.state == ItemStatus.State.SYNCED for result in written)
    tally.skipped = len(records) - tally.created - tally.updated - tally.disabled - tally.unchanged
    _update_sync_log(context, records, written)
    if context.results is not None:
        context.results += written
    return tally


def _has_changed(
    record: Record, digest: bytes, known: links.KnownLink, latest: datetime, full_since: datetime | None
) -> bool:
    """An older version never overwrites a newer one, unless a full read still finds it long after: then the source's
    clock was set back, or the source was restored from a backup. Nothing is newer than now."""
    if known.missing:
        return True
    if record.updated_at and known.updated_at and record.updated_at < known.updated_at <= latest:
        received = known.received_at
        return bool(full_since and received and received < full_since - STALE_ANSWER) and known.digest != digest
    return known.digest != digest


def _save_links(context: ImportContext, written: Sequence[WriteResult], hashes: dict[str, bytes]) -> None:
    links.save_received(
        connection_id=context.connection_id,
        received=[
            links.ReceivedItem(
                kind=result.kind,
                external_id=result.record.external_id,
                item_id=result.item_id,
                digest=hashes[result.record.external_id] if result.complete else None,
                updated_at=result.record.updated_at,
                payload=result.record.raw,
                missing=result.missing,
                related=result.links,
            )
            for result in written
        ],
        run_id=context.run_id,
        now=context.now,
    )


def _update_sync_log(context: ImportContext, records: Sequence[Record], written: Sequence[WriteResult]) -> None:
    """Open and resolve issues, record each item's sync status and, for changed items, a timeline entry."""
    by_record = {result.record.external_id: result for result in written}
    drafts: list[IssueDraft] = []
    resolved: set[str] = set()
    rejected = [record for record in records if record.problems and record.external_id not in by_record]
    # A rejected record of an item that was imported before: its issue names the same item as those at the targets.
    keys = [
        (link_kind(context.job.data_type, record), record.external_id)
        for record in rejected
        if storable_text(record.external_id) == record.external_id  # otherwise it was never imported
    ]
    earlier = links.known(context.connection_id, keys) if keys else {}
    for record in records:
        result = by_record.get(record.external_id)
        if result is None and not record.problems:
            continue
        known = earlier.get((link_kind(context.job.data_type, record), record.external_id))
        kind = plain_kind(link_kind(context.job.data_type, record))
        own = storable_text(f"{kind}:{record.external_id}")
        grouped: dict[str, list[Problem]] = defaultdict(list)
        for problem in [*record.problems, *(result.problems if result else ())]:
            grouped[problem.ref or own].append(problem)
        for ref, problems in grouped.items():
            drafts.append(
                synclog.issue_draft(
                    ref=ref,
                    problems=problems,
                    kind=plain_kind(result.kind) if result else kind,
                    item_id=result.item_id if result else known.item_id if known else None,
                    title=storable_text(title_of(record)),
                    link=storable_text(record.link),
                    **platform_names(context.job),
                )
            )
        if result is not None:
            refs = {own, unknown_variants.ref(record.external_id)} if kind == Kind.ORDER else {own}
            refs |= {f"{linked}:{external_id}" for linked, external_id in result.links}
            resolved |= refs - grouped.keys()
    synclog.upsert_issues(log=context.log, job=context.job, drafts=drafts, now=context.now)
    if context.run_id:
        issue_lines = [draft.as_line for draft in drafts if draft.severity == Issue.Severity.ERROR]
        runlog.log_repeated(
            run_id=context.run_id, event=runlog.RepeatedEvent.ITEM_ISSUES, texts=issue_lines, now=context.now
        )
    synclog.resolve_by_external_ids(log=context.log, external_ids=resolved, now=context.now)
    applied = [result for result in written if result.state != ItemStatus.State.PENDING]
    pending = {(result.kind, result.item_id): result for result in written if result.state == ItemStatus.State.PENDING}
    # If another record claims the ID of an item, the item is shown as pending, so pending results are written last.
    for results in (applied, pending.values()):
        synclog.record_outcomes(
            job=context.job,
            seller_id=context.seller_id,
            run_id=context.run_id,
            now=context.now,
            outcomes=[_item_outcome(context, result) for result in results],
        )
    if applied:
        synclog.record_update(log=context.log, now=context.now)


def _item_outcome(context: ImportContext, result: WriteResult) -> ItemOutcome:
    message = ""
    if result.state != ItemStatus.State.SYNCED:
        message = synclog.issue_text(result.problems, **platform_names(context.job))
    return ItemOutcome(
        kind=plain_kind(result.kind),
        item_id=result.item_id,
        storefront=result.kind.partition("@")[2],
        state=result.state,
        action=_event_action(result),
        message=message,
        changes=result.changes or {},
    )


def _event_action(result: WriteResult) -> ItemEvent.Action | None:
    if result.changes is None:
        return ItemEvent.Action.CREATED
    return ItemEvent.Action.UPDATED if result.changes else None


def _report_unstorable(context: ImportContext, record: Record, problem: Problem) -> None:
    _update_sync_log(context, [replace(record, problems=[*record.problems, problem])], [])
    keep(context, [record])


def _storage_problem(error: DataError | IntegrityError) -> Problem:
    """The problem to report for an error from PostgreSQL."""
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if constraint == "catalog_variant_sku_once":
        return issues.SKU_IN_USE()
    return issues.NOT_STORABLE(reason=constraint or type(error).__name__)


def _write_orders_and_fulfilments(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save orders from shops, and shipments reported by systems that orders were exported to."""
    return write_orders(context, records, known) + write_fulfilments(context, records, known)


def _write_products_and_galleries(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save products from shops, and images from image feeds."""
    return write_products(context, records, known) + write_galleries(context, records, known)


_WRITERS: dict[DataType, Callable[[ImportContext, Sequence[Record], Links], list[WriteResult]]] = {
    DataType.PRODUCTS: _write_products_and_galleries,
    DataType.BRANDS: write_brands,
    DataType.CATEGORIES: write_categories,
    DataType.SETTINGS: write_settings,
    DataType.CUSTOMERS: write_customers,
    DataType.ORDERS: _write_orders_and_fulfilments,
}
