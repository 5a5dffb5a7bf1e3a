"""The payload of an order: party, addresses, and lines with their prices without tax.

Tryton's prices are without tax, and it works out the tax of the whole sale from the taxes of its lines (M4). Discounts
lower the lines; shipping and other charges are lines.
"""

from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.platforms.tryton.settings import Settings
from connectors.platforms.tryton.targets.addresses import AddressPayload, address_payload
from connectors.platforms.tryton.targets.refund_payloads import RefundPayload, refund_payload
from connectors.sdk import issues
from connectors.sdk.erp_orders import (
    CustomerPayload,
    ExpectedTotals,
    NotBooked,
    customer_payload,
    expected_totals,
    not_booked,
    order_address,
    order_content,
    plain,
)
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.records import AdjustmentRecord
from connectors.sdk.time_zones import day_in
from orders.items import OrderItem
from orders.parts import Part

_ZERO = Decimal(0)


class LinePayload(TypedDict):
    """A line; `key` is our ID of an order line, or names a charge. Amounts and quantities are text.

    `net` is the amount of the line without tax, `tax` the tax in it. A line with a quantity of 0 was sent before.
    """

    key: str
    sku: str
    title: str
    quantity: str
    net: str
    tax: str
    rate: NotRequired[str]


class OrderPayload(NotBooked):
    """A sale. `expected` is missing if the order has no amounts."""

    party: CustomerPayload
    number: str
    date: str
    currency: str
    note: str
    invoice_address: AddressPayload | None
    delivery_address: AddressPayload | None
    lines: list[LinePayload]
    expected: NotRequired[ExpectedTotals]
    refunds: NotRequired[list[RefundPayload]]


def order_payload(item: OrderItem, refs: References, settings: Settings) -> OrderPayload | None:
    """None if there is nothing to ship: unpaid, closed, or shipped before it was ever sent."""
    if (content := order_content(item, refs, settings)) is None:
        return None
    invoiced, delivered = order_address(item, "billing"), order_address(item, "shipping")
    billing = address_payload(invoiced) if invoiced else None
    delivery = address_payload(delivered) if delivered else billing
    if delivery is None and item.principal is not None:
        raise SkipRecord(issues.DELIVERY_ADDRESS_MISSING())
    rows = [row for row in content.charges if row.net]
    payload: OrderPayload = {
        "party": customer_payload(item, refs, sellers=settings.seller_parties, guest=settings.guest_party),
        "number": item.number,
        "date": day_in(item.placed_at, settings.time_zone),
        "currency": item.currency,
        "note": item.customer_note,
        "invoice_address": billing or delivery,
        "delivery_address": delivery,
        "lines": [_line(part) for part in content.parts] + [_charge(row, number) for number, row in enumerate(rows, 1)],
    }
    if expected := expected_totals(content, item):
        payload["expected"] = expected
    sent = content.refunds if settings.refunds != "none" else []
    if sent:
        payload["refunds"] = [refund_payload(each) for each in sent]
    return payload | not_booked(content, [each for each in content.refunds if each not in sent])


def _line(part: Part) -> LinePayload:
    line = part.line
    net = part.net if part.net is not None else line.unit_price * part.quantity
    found: LinePayload = {
        "key": str(line.id),
        "sku": line.sku,
        "title": line.title,
        "quantity": plain(part.quantity),
        "net": plain(net if part.quantity else _ZERO),
        "tax": plain(part.tax or _ZERO),
    }
    if line.tax_rate is not None:
        found["rate"] = plain(line.tax_rate)
    return found


def _charge(row: AdjustmentRecord, number: int) -> LinePayload:
    net = row.net or _ZERO
    found: LinePayload = {
        "key": f"charge-{number}",
        "sku": "",
        "title": row.title or row.kind.replace("_", " ").capitalize(),
        "quantity": "1",
        "net": plain(net),
        "tax": plain(row.tax or _ZERO),
    }
    if row.tax_rate is not None:
        found["rate"] = plain(row.tax_rate)
    return found
