"""The payload of an order: party, addresses, and lines with their prices without tax.

Tryton's prices are without tax, and it works out the tax of the whole sale from the taxes of its lines (M4). Discounts
lower the lines; shipping and other charges are lines.
"""

from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.platforms.tryton.settings import Settings
from connectors.platforms.tryton.targets.addresses import AddressPayload, address_payload
from connectors.platforms.tryton.targets.refund_payloads import RefundPayload, has_shipped, refund_payloads
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.orders import hold_different, rounding
from connectors.sdk.records import AddressRecord, AdjustmentRecord
from hub.kinds import Kind
from orders.items import OrderItem
from orders.parts import Part, charges, charges_left, deliverable_parts

# The statuses of an order that may still be sent for the first time.
_OPEN_STATUSES = {"pending", "confirmed", "partly_shipped"}
_CLOSED_STATUSES = {"cancelled", "returned", "refunded"}
_ZERO = Decimal(0)


class PartyPayload(TypedDict, total=False):
    """The party of a sale: its ID, or slug and name of a seller on whose behalf we ship."""

    id: str
    seller: str
    name: str


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


class ExpectedTotals(TypedDict):
    """What the sale should come to, with tax, and the tax in it; and how far rounding may take it."""

    total: str
    tax: str
    tolerance: str


class OrderPayload(TypedDict):
    """A sale. `expected` is missing if the order has no amounts."""

    party: PartyPayload
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
    sent_before = any(refs.get(Kind.ORDER_LINE, line.id) for line in item.lines)
    unpaid = item.status == "pending" and not settings.send_pending
    closed = item.status in _CLOSED_STATUSES or all(line.status in _CLOSED_STATUSES for line in item.lines)
    if closed and item.refunds and has_shipped(item) and settings.refunds != "none":
        # What was shipped stays in the books; its refunds are sales of their own.
        closed = False
    if unpaid or closed or (not sent_before and item.status not in _OPEN_STATUSES):
        return None
    hold_different(item, settings.unreconciled_orders)
    parts = [
        part
        for part in deliverable_parts(item, whole_bundles=settings.send_bundles)
        if part.quantity or refs.get(Kind.ORDER_LINE, part.line.id)
    ]
    if not sent_before and not any(part.quantity for part in parts):
        return None
    if len({part.line.delivery_address for part in parts if part.quantity and part.line.needs_shipping}) > 1:
        raise SkipRecord(issues.SEVERAL_DELIVERY_ADDRESSES())
    # Shipping that was refunded after something was shipped is part of a return.
    kept = settings.refunds != "none" and has_shipped(item)
    rows = [row for row in (charges(item) if kept else charges_left(item)) if row.net]
    addresses = {use: _address(item, use) for use in ("billing", "shipping")}
    delivery = addresses["shipping"] or addresses["billing"]
    if delivery is None and item.principal is not None:
        raise SkipRecord(issues.DELIVERY_ADDRESS_MISSING())
    payload: OrderPayload = {
        "party": _party(item, refs, settings),
        "number": item.number,
        "date": item.placed_at.date().isoformat(),
        "currency": item.currency,
        "note": item.customer_note,
        "invoice_address": addresses["billing"] or delivery,
        "delivery_address": delivery,
        "lines": [_line(part) for part in parts] + [_charge(row, number) for number, row in enumerate(rows, 1)],
    }
    if all(part.net is not None and part.gross is not None for part in parts):
        payload["expected"] = _expected(parts, rows, item.currency)
    if refunds := refund_payloads(item, parts, settings):
        payload["refunds"] = refunds
    return payload


def text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _party(item: OrderItem, refs: References, settings: Settings) -> PartyPayload:
    """The customer. For a vendor it is the seller on whose behalf the vendor ships.

    An order that names a customer waits for that customer; the party of guests is for orders that name none (M10).
    """
    if item.principal is not None:
        slug = item.principal.slug
        number = settings.seller_parties.get(slug, "")
        return {"id": number} if number else {"seller": slug, "name": item.principal.name}
    if customer := refs.get(Kind.CUSTOMER, item.customer_id):
        return {"id": customer}
    if item.customer_id is not None or item.awaits_customer:
        raise SkipRecord(issues.CUSTOMER_NOT_READY())
    if settings.guest_party:
        return {"id": settings.guest_party}
    raise SkipRecord(issues.CUSTOMER_MISSING())


def _address(item: OrderItem, use: str) -> AddressPayload | None:
    """The address for a use, of several the one that the lines name."""
    found: list[AddressRecord] = [each for each in item.addresses if each.use == use]
    named = {line.delivery_address for line in item.lines if line.delivery_address}
    chosen = next((each for each in found if each.external_id in named), next(iter(found), None))
    return address_payload(chosen) if chosen else None


def _line(part: Part) -> LinePayload:
    line = part.line
    net = part.net if part.net is not None else line.unit_price * part.quantity
    found: LinePayload = {
        "key": str(line.id),
        "sku": line.sku,
        "title": line.title,
        "quantity": text(part.quantity),
        "net": text(net if part.quantity else _ZERO),
        "tax": text(part.tax or _ZERO),
    }
    if line.tax_rate is not None:
        found["rate"] = text(line.tax_rate)
    return found


def _charge(row: AdjustmentRecord, number: int) -> LinePayload:
    net = row.net or _ZERO
    found: LinePayload = {
        "key": f"charge-{number}",
        "sku": "",
        "title": row.title or row.kind.replace("_", " ").capitalize(),
        "quantity": "1",
        "net": text(net),
        "tax": text(row.tax or _ZERO),
    }
    if row.tax_rate is not None:
        found["rate"] = text(row.tax_rate)
    return found


def _expected(parts: list[Part], rows: list[AdjustmentRecord], currency: str) -> ExpectedTotals:
    amounts = [(part.tax or _ZERO, part.gross or _ZERO) for part in parts if part.quantity]
    amounts += [(row.tax or _ZERO, row.gross or _ZERO) for row in rows]
    return {
        "total": text(sum((gross for _, gross in amounts), _ZERO)),
        "tax": text(sum((tax for tax, _ in amounts), _ZERO)),
        "tolerance": text(rounding(currency, len(amounts))),
    }
