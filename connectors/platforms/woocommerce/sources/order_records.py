"""Converts an order with its refunds to a record (M1–M9)."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.platforms.woocommerce.addresses import address_record
from connectors.platforms.woocommerce.client import ShopClient
from connectors.platforms.woocommerce.field_types import mapped_value
from connectors.platforms.woocommerce.sources.order_amounts import (
    adjustments,
    refund_record,
    refunded_quantity,
    set_line_amounts,
    share_negative_fees,
)
from connectors.platforms.woocommerce.sources.order_rows import LineRow, OrderRow
from connectors.sdk import issues
from connectors.sdk.records import OrderLineRecord, OrderRecord, Problem
from orders.amounts import with_payments
from orders.quantities import line_status

# The shop's status → ours. A failed payment can be tried again; `completed` says that the goods have been sent.
STATUSES: Mapping[str, str] = {
    "pending": "pending",
    "on-hold": "pending",
    "failed": "pending",
    "processing": "confirmed",
    "completed": "shipped",
    "cancelled": "cancelled",
    "refunded": "refunded",
    "trash": "cancelled",
}
# The checkout is not finished; and posts that are no orders yet.
UNFINISHED = ("checkout-draft", "auto-draft", "draft", "new")
IGNORED = "ignored"
# Of the lines of such orders it is not asked whether they are virtual.
CLOSED = ("completed", "cancelled", "refunded", "failed", "trash")
_ZERO = Decimal(0)


class OrderRecordBuilder:
    """`virtual`: IDs of products and variations that are never shipped."""

    def __init__(self, client: ShopClient, raw: Any, virtual: Collection[int]) -> None:
        self.client = client
        self.raw = raw
        self.virtual = virtual
        self.problems: list[Problem] = []

    def build(self, api_row: OrderRow) -> OrderRecord:
        status = self._status(api_row)
        raw_lines = self.raw.get("line_items") or []
        lines = [
            self._line(line, raw, place, api_row, status)
            for place, (line, raw) in enumerate(zip(api_row.line_items, raw_lines, strict=True))
        ]
        share_negative_fees(lines, api_row)
        line_ids = {line.external_id for line in lines}
        refunds = [refund_record(each, api_row, tuple(line_ids)) for each in api_row.refund_rows]
        if not api_row.billing.is_empty and not api_row.billing.address_1:
            self.problems.append(issues.ADDRESS_INCOMPLETE(use="billing"))
        base_currency = self.client.currency
        record = OrderRecord(
            external_id=api_row.id,
            updated_at=api_row.date_modified_gmt,
            link=order_link(self.client, api_row.id),
            number=api_row.number or api_row.id,
            status=status,
            source_status=api_row.status,
            currency=api_row.currency,
            base_currency=base_currency,
            exchange_rate=Decimal(1) if api_row.currency == base_currency else None,
            prices_include_tax=api_row.prices_include_tax,
            subtotal_net=sum((each.subtotal for each in api_row.line_items), _ZERO),
            subtotal_gross=sum((each.subtotal + each.subtotal_tax for each in api_row.line_items), _ZERO),
            total_net=api_row.total - api_row.total_tax,
            total=api_row.total,
            tax=api_row.total_tax,
            shipping_cost=api_row.shipping_total + api_row.shipping_tax,
            refunded=sum((each.gross or _ZERO for each in refunds), _ZERO),
            placed_at=api_row.date_created_gmt,
            customer_id=str(api_row.customer_id) if api_row.customer_id else "",
            placed_through_b2b=bool(self.client.settings.b2b_created_via),
            cart_id=api_row.cart_hash,
            customer_note=api_row.customer_note,
            ip_address=_ip(api_row.customer_ip_address),
            lines=lines,
            adjustments=adjustments(api_row),
            refunds=refunds,
            addresses=[
                address_record(each, use)
                for use, each in (("billing", api_row.billing), ("shipping", api_row.shipping))
                if not each.is_empty or (use == "billing" and each.email)
            ],
            problems=self.problems,
        )
        record = with_payments(record)
        # With what gift cards paid, if the total contains it.
        record.paid = record.total if api_row.date_paid_gmt else _ZERO
        return record

    def _status(self, api_row: OrderRow) -> str:
        own = {name.removeprefix("wc-"): meaning for name, meaning in self.client.settings.order_statuses.items()}
        status = own.get(api_row.status) or STATUSES.get(api_row.status)
        if status is None:
            self.problems.append(issues.ORDER_STATE_UNKNOWN(state=api_row.status))
            return "pending"
        if status == "shipped" and not any(
            self._needs_shipping(each, api_row) is not False for each in api_row.line_items
        ):
            return "delivered"
        return status

    def _needs_shipping(self, line: LineRow, api_row: OrderRow) -> bool | None:
        if not api_row.needs_processing or (line.variation_id or line.product_id) in self.virtual:
            return False
        return None if api_row.status in CLOSED else True

    def _line(self, line: LineRow, raw: Any, position: int, api_row: OrderRow, status: str) -> OrderLineRecord:
        """The SKU is that of the product today; a deleted product has none (seen in code)."""
        needs_shipping = self._needs_shipping(line, api_row)
        sold = line.variation_id or line.product_id
        record = OrderLineRecord(
            external_id=line.id,
            sku=line.sku,
            variant_id=str(sold) if sold else "",
            title=line.name,
            vendor=str(mapped_value(raw, self.client.field_map.orders.vendor) or ""),
            position=position,
            kind="custom" if not sold else "virtual" if needs_shipping is False else "simple",
            needs_shipping=needs_shipping,
            quantity=line.quantity,
            quantity_refunded=min(line.quantity, refunded_quantity(api_row.refund_rows, line.id)),
        )
        set_line_amounts(record, line, api_row)
        record.status = line_status(record) if status not in ("cancelled", "refunded") else status
        return record


def order_link(client: ShopClient, external_id: str) -> str:
    """Shops that keep orders in tables of their own redirect from here."""
    return client.admin_link(f"post.php?post={external_id}&action=edit")


def _ip(text: str) -> str | None:
    """The IP address; None for other text that shops behind proxies put in this field."""
    try:
        return str(ip_address(text.partition(",")[0].strip()))
    except ValueError:
        return None
