"""Orders with their lines, addresses and shipments (D14, S1)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.shipments import fetch_by_order
from connectors.platforms.magento.sources.base import MagentoSource
from connectors.platforms.magento.sources.order_records import (
    PRODUCT_PREFIX,
    OrderRecordBuilder,
    OrderRow,
    items,
    order_link,
    shipment_records,
)
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk.listing_protocol import record
from connectors.sdk.records import OrderRecord, ShipmentRecord
from hub.kinds import DataType


class Orders(MagentoSource[OrderRecord]):
    data_type = DataType.ORDERS
    lane = "orders"
    partial_schedule = "5m"
    depends_on = (DataType.CUSTOMERS,)
    path = "/orders"
    key = "entity_id"

    def base_filters(self) -> list[Group]:
        b2b = self.client.settings.b2b_store_id
        return [] if b2b is None else [[Filter("store_id", b2b)]]

    def records(self, rows: list[Any]) -> list[OrderRecord]:
        shipments, vendors = self._shipments(rows), self._vendors_of_products(rows)
        return [
            record(
                row,
                OrderRow,
                OrderRecordBuilder(self.client, row, shipments, vendors).build,
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

    def _shipments(self, rows: list[Any]) -> dict[int, list[ShipmentRecord]]:
        """The shipments of all orders that have any, fetched together."""
        partly_shipped = [row for row in rows if any(each.get("qty_shipped") for each in items(row))]
        return {
            number: shipment_records(found)
            for number, found in fetch_by_order(self.client, self.row_ids(partly_shipped)).items()
        }

    def _vendors_of_products(self, rows: list[Any]) -> dict[int, str]:
        """Product → its vendor, if the vendor is an attribute of products; fetched for all orders of a page
        together."""
        path = self.client.field_map.orders.vendor
        code = path.removeprefix(PRODUCT_PREFIX)
        if code == path:
            return {}
        product_ids = {
            each["product_id"] for row in rows for each in items(row) if isinstance(each.get("product_id"), int)
        }
        found = self.client.fetch_by_values("/products", "entity_id", sorted(product_ids))
        attribute = self.client.attributes[code]
        vendors = {}
        for row in found:
            value = mapped_value(row, f"custom_attributes.{code}")
            if isinstance(row, dict) and isinstance(row.get("id"), int) and value is not None:
                vendors[row["id"]] = text(attribute.display_value(value) if attribute else value)
        return vendors
