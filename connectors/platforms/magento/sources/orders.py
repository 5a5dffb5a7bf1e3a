"""Orders with their lines, addresses and shipments (D14, S1)."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.platforms.magento.client import row_ids
from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.shipments import PATH as SHIPMENTS
from connectors.platforms.magento.shipments import Shipment, read_by_order
from connectors.platforms.magento.sources.base import MagentoSource
from connectors.platforms.magento.sources.order_records import (
    PRODUCT_PREFIX,
    OrderDetails,
    OrderRecordBuilder,
    items,
    order_link,
)
from connectors.platforms.magento.sources.order_rows import CreditMemo, OrderRow
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk.api_model import record
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import OrderRecord
from hub.kinds import DataType

CREDIT_MEMOS = "/creditmemos"


class Orders(MagentoSource[OrderRecord]):
    data_type = DataType.ORDERS
    lane = "orders"
    stays_outside = True
    full_schedule = "1w"
    partial_schedule = "5m"
    depends_on = (DataType.CUSTOMERS,)
    path = "/orders"
    key = "entity_id"
    required = ("increment_id", "state", "grand_total", "items")

    def includes(self, raw: Any) -> bool:
        stores = self._stores
        return stores is None or not isinstance(raw, dict) or whole_number(raw.get("store_id")) in (None, *stores)

    def website_filters(self) -> list[Group]:
        if self._stores is None:
            return []
        condition = "eq" if len(self._stores) == 1 else "in"
        return [[Filter("store_id", ",".join(map(str, self._stores)), condition)]]

    @cached_property
    def _stores(self) -> list[int] | None:
        """The store views whose orders are imported: the B2B storefront's, else those of the website; None: all."""
        b2b, websites = self.client.settings.b2b_store_id, self.client.websites
        if b2b is not None:
            return [b2b]
        return websites.own_stores if websites.limited else None

    def records(self, rows: list[Any]) -> list[OrderRecord]:
        shipments, without_shipments = self._shipments(rows)
        credit_memos, without_memos = self._credit_memos(rows)
        details = OrderDetails(
            shipments=shipments,
            vendors=self._vendors_of_products(rows),
            credit_memos=credit_memos,
            ships_together=self._ships_together(rows),
            unreadable={SHIPMENTS: without_shipments, CREDIT_MEMOS: without_memos},
        )
        return [
            record(
                row,
                OrderRow,
                OrderRecordBuilder(self.client, row, details).build,
                self._placeholder,
                key=self.key,
            )
            for row in rows
        ]

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

    def _shipments(self, rows: list[Any]) -> tuple[dict[int, list[Shipment]], set[int]]:
        """The shipments of all orders that have any, fetched together; and the orders of which one is unreadable."""
        partly_shipped = [row for row in rows if any(each.get("qty_shipped") for each in items(row))]
        return read_by_order(self.client, SHIPMENTS, Shipment, self.row_ids(partly_shipped))

    def _credit_memos(self, rows: list[Any]) -> tuple[dict[int, list[CreditMemo]] | None, set[int]]:
        """The same for credit memos; None if the shop refuses to show them.

        The integration needs a right of its own for them, which one that was made for an earlier release lacks.
        """
        refunded = [row for row in rows if isinstance(row, dict) and row.get("total_refunded")]
        try:
            return read_by_order(self.client, CREDIT_MEMOS, CreditMemo, self.row_ids(refunded))
        except NeedsAttention as error:
            if error.status not in (401, 403):
                raise
            return None, set()

    def _ships_together(self, rows: list[Any]) -> dict[int, bool]:
        """Product → whether it is a bundle that is shipped as one, for all bundles of a page together."""
        bundles = {
            number
            for row in rows
            for each in items(row)
            if each.get("product_type") == "bundle" and (number := whole_number(each.get("product_id")))
        }
        found = self.client.fetch_by_values("/products", "entity_id", sorted(bundles)) if bundles else []
        # 0 together, 1 separately.
        return {
            number: str(mapped_value(row, "custom_attributes.shipment_type")) == "0"
            for row in found
            for number in row_ids([row])
        }

    def _vendors_of_products(self, rows: list[Any]) -> dict[int, str]:
        """Product → its vendor, if the vendor is an attribute of products; fetched for all orders of a page
        together."""
        path = self.client.field_map.orders.vendor
        code = path.removeprefix(PRODUCT_PREFIX)
        if code == path:
            return {}
        product_ids = {
            number for row in rows for each in items(row) if (number := whole_number(each.get("product_id")))
        }
        found = self.client.fetch_by_values("/products", "entity_id", sorted(product_ids))
        attribute = self.client.attributes[code]
        vendors = {}
        for row in found:
            value = mapped_value(row, f"custom_attributes.{code}")
            for number in row_ids([row]) if value is not None else ():
                vendors[number] = text(attribute.display_value(value) if attribute else value)
        return vendors
