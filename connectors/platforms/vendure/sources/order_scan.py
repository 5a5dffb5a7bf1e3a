"""Finds the orders that changed, of which Vendure does not tell when they did.

A payment, a shipment or a refund leaves an order's `updatedAt` as it is; only its history has the time. So a partial
read goes through all orders that may still change: those that are open, those that were placed recently, and those
whose own date is new. Of each it takes the latest entry of the history, a thousand orders a call.
"""

from datetime import datetime, timedelta
from typing import Any

from connectors.platforms.vendure.client import SourceClient, id_of
from connectors.platforms.vendure.paging import format_timestamp, page_by_time, timestamp
from connectors.platforms.vendure.settings import MAX_PAGE_SIZE
from connectors.sdk.paging import Cursor

# Orders in these states change only by refunds.
CLOSED = ("Delivered", "Cancelled")
# Carts and drafts have no date.
PLACED = {"orderPlacedAt": {"isNull": False}}

_SCAN = """
query ChangedOrders($options: OrderListOptions) {
  orders(options: $options) {
    totalItems
    items {
      id orderPlacedAt updatedAt
      history(options: { take: 1, sort: { createdAt: DESC } }) { items { createdAt } }
      %s
    }
  }
}
"""
_ORDERS = _SCAN % ""
_PRODUCTS = _SCAN % "lines { productVariant { productId } }"


def changed_orders(
    client: SourceClient, since: datetime, cursor: Cursor, *, of_products: bool = False
) -> tuple[list[str], Cursor]:
    """IDs of orders that changed since `since` (UTC), or of the products in them; and the cursor of the next page."""
    document = _PRODUCTS if of_products else _ORDERS
    recent = format_timestamp(since - timedelta(days=client.settings.watched_days))
    watched = {
        "_or": [
            {"updatedAt": {"after": format_timestamp(since)}},
            {"orderPlacedAt": {"after": recent}},
            {"state": {"notIn": CLOSED}},
        ]
    }

    def read(options: Any) -> tuple[list[Any], int]:
        conditions = [PLACED, watched, *([options["filter"]] if "filter" in options else [])]
        return client.list_page(document, "orders", {**options, "filter": {"_and": conditions}})

    rows, following = page_by_time(read, "orderPlacedAt", cursor, size=MAX_PAGE_SIZE)
    changed = [row for row in rows if (_changed_at(row) or since) >= since]
    if of_products:
        return list(dict.fromkeys(each for row in changed for each in _products(row))), following
    return [number for row in changed if (number := id_of(row))], following


def _changed_at(row: Any) -> datetime | None:
    """The latest of the order's date and its history; None if it cannot be read, so that the order is fetched."""
    match row:
        case {"history": {"items": [entry]}}:
            times = [timestamp(row, "updatedAt"), timestamp(entry, "createdAt"), timestamp(row, "orderPlacedAt")]
            return max((time for time in times if time), default=None)
    return None


def _products(row: Any) -> list[str]:
    lines = row.get("lines") if isinstance(row, dict) else None
    variants = [each.get("productVariant") for each in lines or () if isinstance(each, dict)]
    return [str(each["productId"]) for each in variants if isinstance(each, dict) and each.get("productId")]
