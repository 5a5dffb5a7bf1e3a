"""Assigns records to sellers: what a vendor's ERP reports about an order belongs to the order's seller (S9)."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from accounts.queries import agreements_of_vendor
from connectors.engine.applying.context import ImportContext, import_context_for
from hub import links
from hub.kinds import Kind
from hub.records import Record
from orders import queries
from orders.records import FulfilmentRecord


def split_by_seller(context: ImportContext, records: Sequence[Record]) -> list[tuple[ImportContext, Sequence[Record]]]:
    """Group the records of a page by seller: shipments from a vendor's ERP belong to the order's seller. Shipments for
    sellers whom the vendor has never served are left out."""
    reported = {record.external_id for record in records if isinstance(record, FulfilmentRecord)}
    if not reported:
        return [(context, records)]
    orders = links.item_ids(context.connection_id, Kind.ORDER, reported)
    sellers = queries.sellers_of_orders(order_ids=orders.values())
    served = {context.seller_id, *_sellers_ever_served(context.seller_id, set(sellers.values()))}
    pages: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        order_id = orders.get(record.external_id) if isinstance(record, FulfilmentRecord) else None
        seller_id = sellers.get(order_id or 0, context.seller_id)
        if seller_id in served:
            pages[seller_id].append(record)
    return [
        (
            context
            if seller_id == context.seller_id
            else replace(
                import_context_for(context.job, run_id=context.run_id, now=context.now, seller_id=seller_id),
                results=context.results,
            ),
            page,
        )
        for seller_id, page in pages.items()
    ]


def _sellers_ever_served(vendor_id: int, seller_ids: Collection[int]) -> set[int]:
    agreements = agreements_of_vendor(vendor_id=vendor_id).filter(seller__in=seller_ids)
    return set(agreements.values_list("seller", flat=True))
