"""Orders with their refunds (D14, M1–M9)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.platforms.woocommerce.client import ORDERS, PRODUCTS, Row, row_ids
from connectors.platforms.woocommerce.sources.base import ShopSource
from connectors.platforms.woocommerce.sources.order_records import (
    CLOSED,
    IGNORED,
    UNFINISHED,
    OrderRecordBuilder,
    order_link,
)
from connectors.platforms.woocommerce.sources.order_rows import OrderRow
from connectors.sdk.api_model import record
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.details import add_details
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import OrderRecord
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType

# The rows of an order's refunds are added to its row under this name, so that they are stored with it (S7).
REFUNDS = "refund_rows"
# The shop keeps six places; by default it rounds to those of its prices, which may be none.
PLACES = 6


class Orders(ShopSource[OrderRecord]):
    """A partial import ends with the orders that were moved to the trash, which the list leaves out (M9).

    An order that was refunded needs a call of its own for the refunds.
    """

    data_type = DataType.ORDERS
    lane = "orders"
    partial_schedule = "15m"
    depends_on = (DataType.CUSTOMERS,)
    path = ORDERS
    required = (
        *("status", "currency", "date_created_gmt", "total", "total_tax", "prices_include_tax", "customer_id"),
        *("billing", "shipping", "line_items", "shipping_lines", "fee_lines", "coupon_lines", "refunds"),
    )

    def filters(self) -> dict[str, Any]:
        return {"status": "any", "dp": PLACES}

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[OrderRecord]:
        if cursor and "trash" in cursor:
            page = self.read_listing(self.filters() | {"status": "trash"}, since=since, cursor=cursor["trash"])
            page.cursor = page.cursor and {"trash": page.cursor}
            return page
        page = super().read_page(since=since, cursor=cursor)
        if since is not None and page.cursor is None:
            page.cursor = {"trash": None}
        return page

    def exists(self, row: Row) -> bool:
        """An order in the trash is canceled."""
        return True

    def includes(self, raw: Any) -> bool:
        if not isinstance(raw, dict):
            return True
        wanted, status = self.client.settings.b2b_created_via, str(raw.get("status"))
        if status in UNFINISHED or self.client.settings.order_statuses.get(status) == IGNORED:
            return False
        return not wanted or raw.get("created_via") in (None, *wanted)

    def records(self, rows: list[Any]) -> list[OrderRecord]:
        orders = [row for row in rows if self.includes(row)]
        readable = [row for row in orders if row_ids([row])]
        add_details(self.client.http, readable, self._add_refunds)
        virtual = self._virtual(readable)
        return [
            record(row, OrderRow, OrderRecordBuilder(self.client, row, virtual).build, self._placeholder)
            for row in orders
        ]

    def _add_refunds(self, row: Row) -> None:
        """Add the refunds of an order to its row, also those that the list lacks although the order names them."""
        named = {*row_ids(row["refunds"])} if isinstance(row.get("refunds"), list) else set()
        row[REFUNDS] = []
        if not named:
            return
        path = f"{ORDERS}/{row['id']}/refunds"
        found = self.client.fetch_all(path, dp=PLACES)
        rest = (self.client.find(f"{path}/{number}", dp=PLACES) for number in sorted(named - {*row_ids(found)}))
        row[REFUNDS] = found + [each for each in rest if each]

    def _virtual(self, orders: Iterable[Row]) -> set[int]:
        """The products and variations in open orders that are never shipped (M6): an order does not tell it of its
        lines. Those of a variation are asked for only if it is not alone in an order with shipping."""
        products: set[int] = set()
        variations: dict[int, set[int]] = defaultdict(set)
        for row in orders:
            if row.get("status") not in CLOSED and isinstance(row.get("line_items"), list):
                lines = [each for each in row["line_items"] if isinstance(each, dict)]
                for line in lines:
                    product, variation = (whole_number(line.get(name)) for name in ("product_id", "variation_id"))
                    if product and variation and (len(lines) > 1 or not row.get("shipping_lines")):
                        variations[product].add(variation)
                    elif product and not variation:
                        products.add(product)
        query = {"_fields": "id,virtual", "status": "any"}
        found = self.client.existing(PRODUCTS, map(str, products), **query) if products else []
        for product, ids in variations.items():
            try:
                found += self.client.existing(f"{PRODUCTS}/{product}/variations", map(str, ids), **query)
            except RequestRejected as error:
                if error.status != 404:
                    raise
        return {*row_ids(row for row in found if isinstance(row, dict) and flag(row.get("virtual")))}

    def _placeholder(self, external_id: str) -> OrderRecord:
        return OrderRecord(
            external_id=external_id,
            number=external_id,
            status="pending",
            currency="",
            total=Decimal(0),
            placed_at=datetime.fromtimestamp(0, UTC),
            link=order_link(self.client, external_id),
        )
