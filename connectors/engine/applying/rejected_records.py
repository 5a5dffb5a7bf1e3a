"""Keeps what was rejected as it was received, until it is imported (C8)."""

from collections.abc import Collection, Sequence

from connectors.engine.applying.context import ImportContext, WriteResult, link_kind
from hub.records import Record
from synclog import rejected_items
from synclog.models import ItemStatus
from synclog.rejected_items import Rejected

# Fields used as an item's title, in order of preference. Never a person's name.
TITLES = ("title", "name", "number")


def title_of(record: Record) -> str:
    return next((text for name in TITLES if (text := getattr(record, name, ""))), "")


def keep_rejected(
    context: ImportContext, records: Sequence[Record], changed: Collection[Record], written: Sequence[WriteResult]
) -> None:
    """Keep the records of a page that were not saved. `changed` are those that should have been."""
    saved = {result.record.external_id for result in written if result.state != ItemStatus.State.PENDING}
    wanted = {record.external_id for record in changed}
    lost = [
        record
        for record in records
        if record.external_id not in saved
        and (record.external_id in wanted or any(problem.fatal for problem in record.problems))
    ]
    keep(context, lost)
    rest = {record.external_id for record in records} - {record.external_id for record in lost}
    kinds = {link_kind(context.job.data_type, record) for record in records}
    rejected_items.forget(job=context.job, kinds=kinds, external_ids=rest)


def keep(context: ImportContext, records: Sequence[Record]) -> None:
    """Keep records that were not saved."""
    items = [
        Rejected(link_kind(context.job.data_type, record), record.external_id, title_of(record), record.raw)
        for record in records
    ]
    rejected_items.keep(job=context.job, seller_id=context.seller_id, items=items, now=context.now)
