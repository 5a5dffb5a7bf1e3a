"""Converts an order of a shop to a record."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.platforms.vendure.client import SourceClient
from connectors.platforms.vendure.fulfillments import HANDED_OVER, VENDURE_ID_PREFIX
from connectors.platforms.vendure.mapped_values import first_and_last_name, mapped_value
from connectors.platforms.vendure.sources.order_amounts import adjustments, refund_records, set_line_amounts
from connectors.platforms.vendure.sources.order_rows import AddressRow, FulfillmentRow, LineRow, OrderRow, RefundRow
from connectors.sdk import issues
from connectors.sdk.records import AddressRecord, OrderLineRecord, OrderRecord, Problem, ShipmentRecord
from orders.quantities import line_status, order_progress

# The vendor's states → ours. For all others, those of a shop's own process among them, quantities decide.
_FINAL = {"Cancelled": "cancelled", "Delivered": "delivered"}
_PAID = ("PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered")
_SETTLED = "Settled"


class OrderRecordBuilder:
    """Converts one row. `raw` is the row as it was received, with the value that is mapped as the vendor of a line."""

    def __init__(self, client: SourceClient, raw: Any) -> None:
        self.client = client
        self.raw = raw
        self.problems: list[Problem] = []

    def build(self, row: OrderRow) -> OrderRecord:
        amount = self.client.amount
        refunds = [each for payment in row.payments for each in payment.refunds if each.state == _SETTLED]
        shipments = [each for each in row.fulfillments if each.state in HANDED_OVER]
        paid = sum(each.amount for each in row.payments if each.state == _SETTLED)
        shipped, refunded = _quantities(shipments), _refunded_quantities(row, refunds, paid)
        lines = [
            self._line(each, position, shipped[each.id], refunded[each.id]) for position, each in enumerate(row.lines)
        ]
        charges = adjustments(row, lines, amount)
        times = [row.updatedAt, row.orderPlacedAt, *(entry.createdAt for entry in row.history.items)]
        return OrderRecord(
            external_id=row.id,
            updated_at=max(time for time in times if time),
            link=self.client.link(f"orders/{row.id}"),
            number=row.code,
            status=_status(row, lines),
            source_status=row.state,
            currency=row.currencyCode,
            prices_include_tax=self.client.channel.pricesIncludeTax,
            subtotal_net=amount(sum(each.linePrice for each in row.lines)),
            subtotal_gross=amount(sum(each.linePriceWithTax for each in row.lines)),
            total_net=amount(row.total),
            total=amount(row.totalWithTax),
            tax=amount(row.totalWithTax - row.total),
            shipping_cost=amount(row.shippingWithTax),
            paid=amount(paid),
            refunded=amount(sum(each.total for each in refunds)),
            placed_at=row.orderPlacedAt,
            customer_id=row.customer.id if row.customer else "",
            lines=lines,
            adjustments=charges,
            shipments=[_shipment(each) for each in shipments],
            refunds=refund_records(refunds, row, amount),
            addresses=[
                address
                for use, each in (("billing", row.billingAddress), ("shipping", row.shippingAddress))
                if (address := self._address(each, use, row))
            ],
            problems=self.problems,
        )

    def _line(self, row: LineRow, position: int, shipped: int, refunded: int) -> OrderLineRecord:
        """A line is what is still ordered of it. One that was canceled completely keeps its quantity, without amounts.

        `refunded`: pieces of what is still ordered.
        """
        gone = _cancelled(row) if not row.quantity else 0
        record = OrderLineRecord(
            external_id=row.id,
            sku=row.productVariant.sku,
            variant_id=row.productVariant.id,
            title=row.productVariant.name,
            vendor=self._vendor(position),
            position=position,
            quantity=Decimal(row.quantity or row.orderPlacedQuantity),
            quantity_cancelled=Decimal(gone),
            quantity_refunded=Decimal(refunded),
            quantity_shipped=Decimal(shipped),
            unit_price_net=self.client.amount(row.unitPrice),
            unit_price_gross=self.client.amount(row.unitPriceWithTax),
            tax_rate=row.taxRate,
        )
        set_line_amounts(record, row, self.client.amount)
        record.status = line_status(record)
        return record

    def _vendor(self, position: int) -> str:
        variant, path = self.raw["lines"][position]["productVariant"], self.client.field_map.orders.vendor
        return str(mapped_value(variant, path) or mapped_value(variant.get("product"), path) or "")

    def _address(self, row: AddressRow, use: str, order: OrderRow) -> AddressRecord | None:
        """An order without a billing address has one without any values."""
        if not any(value for _, value in row):
            return None
        if not row.streetLine1:
            self.problems.append(issues.ADDRESS_INCOMPLETE(use=use))
        first_name, last_name = first_and_last_name(row.fullName)
        return AddressRecord(
            use=use,
            first_name=first_name,
            last_name=last_name,
            company=row.company,
            street=row.streetLine1,
            street2=row.streetLine2,
            city=row.city,
            region=row.province,
            postcode=row.postalCode,
            country=row.countryCode.upper(),
            phone=row.phoneNumber,
            email=order.customer.emailAddress if order.customer else "",
        )


def _status(row: OrderRow, lines: list[OrderLineRecord]) -> str:
    if row.state in _FINAL:
        return _FINAL[row.state]
    if lines and all(each.status == "refunded" for each in lines):
        return "refunded"
    return order_progress(lines) or ("confirmed" if row.state in _PAID else "pending")


def _quantities(parts: Sequence[FulfillmentRow | RefundRow]) -> dict[str, int]:
    """Order line → the quantity in fulfillments or refunds."""
    found: dict[str, int] = defaultdict(int)
    for part in parts:
        for each in part.lines:
            found[each.orderLineId] += each.quantity
    return found


def _refunded_quantities(row: OrderRow, refunds: Sequence[RefundRow], paid: int) -> dict[str, int]:
    """Order line → the refunded quantity of what is still ordered.

    Pieces that were canceled and refunded are no longer part of the quantity. What was canceled before it was paid is
    not refunded: settled payments (`paid`) exceed the total only by the price of what was canceled afterwards. Lines
    that were canceled completely come first, because their refunds can be for nothing else.
    """
    found = _quantities(refunds)
    excess = paid - row.totalWithTax
    for each in sorted(row.lines, key=lambda line: line.quantity):
        price = each.proratedUnitPriceWithTax
        counted = min(found[each.id], _cancelled(each))
        if price > 0:
            counted = min(counted, round(max(0, excess) / price))
        excess -= counted * price
        found[each.id] = min(each.quantity, found[each.id] - counted)
    return found


def _cancelled(row: LineRow) -> int:
    return max(0, row.orderPlacedQuantity - row.quantity)


def _shipment(row: FulfillmentRow) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=f"{VENDURE_ID_PREFIX}{row.id}",
        carrier=row.method,
        tracking_numbers=[row.trackingCode] if row.trackingCode else [],
        shipped_at=row.updatedAt,
        lines={each.orderLineId: Decimal(each.quantity) for each in row.lines},
    )
