"""Orders with everything that belongs to them (D14, M1–M9)."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.platforms.vendure.client import SHOP
from connectors.platforms.vendure.paging import page_by_time
from connectors.platforms.vendure.sources.base import VendureSource
from connectors.platforms.vendure.sources.order_records import OrderRecordBuilder
from connectors.platforms.vendure.sources.order_rows import OrderRow
from connectors.platforms.vendure.sources.order_scan import PLACED, changed_orders
from connectors.sdk.api_model import record
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import OrderRecord
from hub.kinds import DataType

# The channel that also has the orders of all other sellers of a marketplace.
_DEFAULT_CHANNEL = "__default_channel__"
_ORDERS = (
    """
query Orders($options: OrderListOptions) {
  orders(options: $options) {
    totalItems
    items {
      id createdAt updatedAt type orderPlacedAt code state currencyCode total totalWithTax shippingWithTax
      lines {
        id quantity orderPlacedQuantity taxRate unitPrice unitPriceWithTax linePrice linePriceWithTax
        proratedLinePrice proratedLinePriceWithTax proratedUnitPriceWithTax productVariant { id sku name%s }
      }
      customer { id emailAddress }
      billingAddress { ...OrderAddressFields }
      shippingAddress { ...OrderAddressFields }
      surcharges { id description price priceWithTax taxRate }
      discounts { adjustmentSource description amount amountWithTax }
      promotions { id couponCode }
      shippingLines { price priceWithTax discountedPrice discountedPriceWithTax shippingMethod { name } }
      payments {
        state amount
        refunds { id updatedAt state items shipping adjustment total lines { orderLineId quantity } }
      }
      fulfillments { id updatedAt state method trackingCode lines { orderLineId quantity } }
      history(options: { take: 1, sort: { createdAt: DESC } }) { items { createdAt } }
    }
  }
  ...Shop
}
fragment OrderAddressFields on OrderAddress {
  fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber
}
"""
    + SHOP
)


class Orders(VendureSource[OrderRecord]):
    """Placed orders; carts and drafts are left out."""

    data_type = DataType.ORDERS
    lane = "orders"
    name = "orders"
    full_schedule = "1d"
    partial_schedule = "15m"
    depends_on = (DataType.CUSTOMERS,)
    required = ("code", "state", "totalWithTax", "lines", "surcharges", "discounts", "shippingLines")

    @cached_property
    def document(self) -> str:
        path = self.client.field_map.orders.vendor
        return _ORDERS % (f" {self._mapped('ProductVariant')} product {{ {self._mapped('Product')} }}" if path else "")

    def _mapped(self, entity: str) -> str:
        path = self.client.field_map.orders.vendor
        return f"facetValues {{ name facet {{ code }} }} {self.client.custom_selection(entity, [path])}"

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[OrderRecord]:
        if since is not None:
            ids, following = changed_orders(self.client, since, cursor)
            return Page(self.fetch(ids), following)
        rows, following = page_by_time(self._read_placed, "orderPlacedAt", cursor, size=self.client.settings.page_size)
        return Page(self.records(rows), following)

    def _read_placed(self, options: Any) -> tuple[list[Any], int]:
        conditions = [PLACED, *([options["filter"]] if "filter" in options else [])]
        return self._read({**options, "filter": {"_and": conditions}})

    def records(self, rows: list[Any]) -> list[OrderRecord]:
        placed = [row for row in rows if not isinstance(row, dict) or row.get("orderPlacedAt", "")]
        return [record(row, OrderRow, OrderRecordBuilder(self.client, row).build, self._placeholder) for row in placed]

    def includes(self, raw: Any) -> bool:
        """In the default channel, a seller's part is left out: the whole order is there as well."""
        is_part = isinstance(raw, dict) and raw.get("type") == "Seller"
        return not is_part or self.client.channel.code != _DEFAULT_CHANNEL

    def _placeholder(self, external_id: str) -> OrderRecord:
        return OrderRecord(
            external_id=external_id,
            number=external_id,
            status="pending",
            currency="",
            total=Decimal(0),
            placed_at=datetime.fromtimestamp(0, UTC),
            link=self.client.link(f"orders/{external_id}"),
        )
