"""Saves imported stock of variants (C7)."""

from collections.abc import Sequence

from catalog import services as catalog
from catalog.records import StockLevelsRecord
from connectors.engine.applying.context import ImportContext, WriteResult
from hub import links
from hub.kinds import Kind
from hub.models import Master
from hub.records import Record


def write_stock(context: ImportContext, records: Sequence[Record]) -> list[WriteResult]:
    """Save the stock of those variants that were imported with their products; the results of those that changed.

    Every record is compared with the hub, because the import of products writes stock as well. If another source is the
    source of truth for stock, the import of products reports the differences.
    """
    levels = [record for record in records if isinstance(record, StockLevelsRecord)]
    if Master.Group.STOCK not in context.groups:
        return []
    ids = links.item_ids(context.connection_id, Kind.VARIANT, [record.external_id for record in levels])
    saved = catalog.save_stock_levels(
        seller_id=context.seller_id,
        drafts=[catalog.StockDraft(record, ids[record.external_id]) for record in levels if record.external_id in ids],
        groups=context.groups,
        origin=context.connection_id,
        now=context.now,
        sole_stock_source=context.sole_stock_source,
    )
    return [
        WriteResult(record, pk, Kind.VARIANT, saved[pk].changes)
        for record in levels
        if (pk := ids.get(record.external_id)) in saved and saved[pk].changes
    ]
