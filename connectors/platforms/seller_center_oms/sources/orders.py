"""Orders of the OMS, with their items and shipments."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, IPvAnyAddress

from connectors.platforms.seller_center_oms.sources.addresses import AddressRow, address_problems, address_records
from connectors.platforms.seller_center_oms.sources.base import OmsSource
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.listing_protocol import Row
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord, OrderRecord, ShipmentRecord
from hub.kinds import DataType
from orders.currencies import round_amount

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]

# An item whose delivery failed is returned to the seller; one that the customer has sent back was delivered, and is on
# its way. Any other status means that it has not been shipped yet.
STATUSES = {
    "shipped": "shipped",
    "delivered": "delivered",
    "canceled": "cancelled",
    "failed_delivery": "returned",
    "return_shipped_by_customer": "delivered",
    "returned": "returned",
}
SENT_STATUSES = frozenset(("shipped", "delivered", "returned"))


class ItemRow(ApiModel):
    """An order item: usually one piece of one SKU. Amounts are with tax; `tax_amount` is that of paid price and
    shipping."""

    id_sales_order_item: Text
    sku: Text = ""
    name: Text = ""
    quantity: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] = Decimal(1)
    price: Amount
    voucher_amount: Amount = Decimal(0)
    voucher_code: Text = ""
    paid_price: Amount | None = None
    shipping_amount: Amount | None = None
    tax_amount: Amount | None = None
    tax_percent: Amount | None = None
    item_status: Text = ""
    shipping_carrier: Text = ""
    tracking_code: Text = ""
    shipped_at: UtcDatetime | None = None


class OrderRow(Row):
    number: Annotated[Text, Field(min_length=1, max_length=100)]
    created_at: UtcDatetime
    currency: Annotated[Text, Field(min_length=3, max_length=3)]
    total: Amount
    tax: Amount = Decimal(0)
    shipping_cost: Amount = Decimal(0)
    voucher_amount: Amount = Decimal(0)
    customer_id: Text | None = None
    note: Text = ""
    ip_address: IPvAnyAddress | None = None
    billing_address: AddressRow | None = None
    shipping_address: AddressRow | None = None
    items: list[ItemRow]


class Orders(OmsSource[OrderRecord]):
    data_type = DataType.ORDERS
    full_schedule = "1w"
    partial_schedule = "5m"
    depends_on = (DataType.CUSTOMERS,)
    required = ("number", "created_at", "currency", "total", "items", "items.item_status")

    def record(self, raw: Any) -> OrderRecord:
        return record(raw, OrderRow, _order, _unreadable_order)


def order_status(items: Sequence[str]) -> str:
    """The order's status, derived from its lines; cancelled lines count only if there are no others."""
    left = {status for status in items if status != "cancelled"}
    if not left:
        return "cancelled" if items else "pending"
    if left <= SENT_STATUSES:
        return next(status for status in ("shipped", "delivered", "returned") if status in left)
    return "partly_shipped" if left & SENT_STATUSES else "pending"


def _order(row: OrderRow) -> OrderRecord:
    of_items = any(item.voucher_amount for item in row.items) or not row.voucher_amount
    lines = [_line(item, position, row.currency, of_items=of_items) for position, item in enumerate(row.items)]
    result = OrderRecord(
        external_id=row.id,
        updated_at=row.updated_at,
        number=row.number,
        status=order_status([line.status for line in lines]),
        source_status=", ".join(sorted({item.item_status for item in row.items if item.item_status}))[:60],
        currency=row.currency,
        total=row.total,
        tax=row.tax,
        prices_include_tax=True,
        shipping_cost=row.shipping_cost,
        placed_at=row.created_at,
        customer_id=row.customer_id or "",
        customer_note=row.note,
        ip_address=None if row.ip_address is None else str(row.ip_address),
        lines=lines,
        adjustments=_adjustments(row, lines),
        shipments=_shipments(row.items),
        addresses=address_records(row.billing_address, row.shipping_address),
    )
    result.problems = address_problems(result.addresses)
    return result


def _line(item: ItemRow, position: int, currency: str, *, of_items: bool) -> OrderLineRecord:
    """`of_items`: vouchers stand on the items. Else the order has one that is shared out among them."""
    gross = item.price * item.quantity - item.voucher_amount
    if item.paid_price is not None and item.quantity == 1:
        gross = item.paid_price
    tax = None
    if item.tax_percent is not None:
        tax = round_amount(gross * item.tax_percent / (100 + item.tax_percent), currency)
    elif not item.shipping_amount:
        tax = item.tax_amount
    return OrderLineRecord(
        external_id=item.id_sales_order_item,
        sku=item.sku,
        title=item.name,
        position=position,
        quantity=item.quantity,
        unit_price_gross=item.price,
        total_gross=gross,
        tax=tax,
        tax_rate=item.tax_percent,
        discount_gross=item.voucher_amount if of_items else None,
        status=STATUSES.get(item.item_status, "pending"),
    )


def _adjustments(row: OrderRow, lines: Sequence[OrderLineRecord]) -> list[AdjustmentRecord]:
    """Shipping, with the tax of the items that is not that of their goods; and a discount for each voucher."""
    found = []
    by_item = [item.shipping_amount for item in row.items if item.shipping_amount is not None]
    if shipping := sum(by_item, Decimal(0)) if by_item else row.shipping_cost:
        tax = None
        taxes = [item.tax_amount for item in row.items]
        if None not in taxes and all(line.tax is not None for line in lines):
            tax = sum((each or Decimal(0) for each in taxes), Decimal(0))
            tax -= sum((line.tax or Decimal(0) for line in lines), Decimal(0))
        found.append(AdjustmentRecord(kind="shipping", gross=shipping, tax=tax))
    vouchers: dict[str, Decimal] = {}
    for item in row.items:
        if item.voucher_amount:
            vouchers[item.voucher_code] = vouchers.get(item.voucher_code, Decimal(0)) + item.voucher_amount
    if row.voucher_amount and not vouchers:
        vouchers[""] = row.voucher_amount
    return found + [AdjustmentRecord(kind="coupon", code=code, gross=amount) for code, amount in vouchers.items()]


def _shipments(items: Sequence[ItemRow]) -> list[ShipmentRecord]:
    """One shipment per tracking code: items with the same code are in the same parcel."""
    parcels: dict[tuple[str, str], ShipmentRecord] = {}
    for item in items:
        if not item.tracking_code:
            continue
        key = (item.shipping_carrier, item.tracking_code)
        parcel = parcels.setdefault(
            key,
            ShipmentRecord(
                external_id=":".join(key)[:200],
                carrier=item.shipping_carrier,
                tracking_numbers=[item.tracking_code],
                shipped_at=item.shipped_at,
            ),
        )
        parcel.lines[item.id_sales_order_item] = item.quantity
    return list(parcels.values())


def _unreadable_order(key: str) -> OrderRecord:
    """A record that only states that the order exists; its problems prevent the import."""
    return OrderRecord(
        external_id=key,
        number=key,
        status="pending",
        currency="",
        total=Decimal(0),
        placed_at=datetime.fromtimestamp(0, UTC),
    )
