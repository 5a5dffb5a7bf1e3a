"""The payload of an order: the customer, the fields of the sales order, and its lines.

NetSuite's amounts are without tax (M4): it works out the tax itself, or takes that of taxes.py. Discounts lower the
lines, or stand in the header as the item of the setting `discount_item`.
"""

from decimal import Decimal
from typing import Any, NotRequired, TypedDict

from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.platforms.netsuite.targets.addresses import address
from connectors.platforms.netsuite.targets.refund_payloads import RefundPayload, refund_payload
from connectors.platforms.netsuite.targets.taxes import HANDLING, SHIPPING, TaxPayload, charge_taxes, tax_of
from connectors.sdk import issues
from connectors.sdk.erp_orders import (
    CLOSED_STATUSES,
    CustomerPayload,
    ExpectedTotals,
    NotBooked,
    OrderContent,
    customer_payload,
    expected_totals,
    not_booked,
    order_address,
    order_content,
    plain,
)
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.time_zones import day_in
from connectors.sdk.values import cut, json_number
from orders.items import OrderItem
from orders.parts import Part

MAX_MEMO_LENGTH = 999
# Version of a payload. Those without were sent by releases that sent prices with tax, 2 had no billing address.
FORMAT = 3
# Finer than any currency, so that rate × quantity rounds to the amount.
_RATE_PLACES = Decimal("0.00000001")
_ZERO = Decimal(0)


class LinePayload(TypedDict):
    """An order line; `key` is our ID of it. `rate` and `amount` are without tax.

    `tax_rate` of a closed line, in percent: NetSuite's total still contains it.
    """

    key: str
    sku: str
    quantity: int | float
    closed: NotRequired[bool]
    rate: NotRequired[int | float]
    amount: NotRequired[int | float]
    tax_rate: NotRequired[str]
    description: NotRequired[str]


class OrderPayload(NotBooked):
    """A sales order; `body` holds the fields of `salesOrder` in REST.

    `taxes` only if the settings have tax codes. `left_out`: titles of lines without SKU for which the account has no
    item. `ended`: nothing is left to deliver.
    """

    entity: CustomerPayload
    body: dict[str, Any]
    lines: list[LinePayload]
    format: NotRequired[int]
    expected: NotRequired[ExpectedTotals]
    taxes: NotRequired[list[TaxPayload]]
    refunds: NotRequired[list[RefundPayload]]
    left_out: NotRequired[list[str]]
    ended: NotRequired[bool]


def order_payload(item: OrderItem, refs: References, settings: Settings, fields: FieldMap) -> OrderPayload | None:
    """None if there is nothing to ship: unpaid, closed, or shipped before it was ever sent."""
    if (content := order_content(item, refs, settings)) is None:
        return None
    priced = item.principal is None or settings.dropship_prices
    payload: OrderPayload = {
        "entity": customer_payload(item, refs, sellers=settings.seller_customers, guest=settings.guest_customer),
        "body": _body(item, settings, fields, priced=priced),
        "lines": [],
        "format": FORMAT,
    }
    exact = priced and content.is_exact
    left_out = []
    for part in content.parts:
        if sku := part.line.sku or settings.custom_item:
            payload["lines"].append(_line(part, sku, settings, priced=priced, exact=exact))
        else:
            left_out.append(part.line.title)
    if left_out and not payload["lines"]:
        raise SkipRecord(issues.LINE_SKU_MISSING(title=left_out[0]))
    if left_out:
        payload["left_out"] = left_out
    if not any(item.open_quantities().values()):
        payload["ended"] = True
    if priced:
        _add_totals(payload, item, content, settings)
    # NetSuite has no refund of less than nothing, as where more was withheld than the goods cost.
    sent = [each for each in content.refunds if exact and settings.refunds != "none" and each.gross >= 0]
    if sent:
        payload["refunds"] = [refund_payload(each, settings, item.currency) for each in sent]
    return payload | not_booked(content, [each for each in content.refunds if priced and each not in sent])


def _body(item: OrderItem, settings: Settings, fields: FieldMap, *, priced: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"tranDate": day_in(item.placed_at, settings.time_zone)}
    if name := fields.orders.number:
        body[name] = item.number
    if (name := fields.orders.seller) and item.principal:
        body[name] = item.principal.name
    if item.currency in settings.currencies:
        body["currency"] = {"id": settings.currencies[item.currency]}
    elif settings.currencies or (priced and item.currency != (item.base_currency or item.currency)):
        raise SkipRecord(issues.ORDER_CURRENCY_UNKNOWN(currency=item.currency))
    for name, internal_id in (("subsidiary", settings.subsidiary), ("location", settings.location)):
        if internal_id:
            body[name] = {"id": internal_id}
    if item.customer_note:
        body["memo"] = cut(item.customer_note, MAX_MEMO_LENGTH)
    billing, delivery = order_address(item, "billing"), order_address(item, "shipping")
    if delivery is None and item.principal is not None:
        raise SkipRecord(issues.DELIVERY_ADDRESS_MISSING())
    for name, found in (("billingAddress", billing or delivery), ("shippingAddress", delivery or billing)):
        # Vendors have the delivery address only, and their customer is the seller.
        if found and (values := address(found)) and (name == "shippingAddress" or item.principal is None):
            body[name] = values
    return body


def _line(part: Part, sku: str, settings: Settings, *, priced: bool, exact: bool) -> LinePayload:
    line = part.line
    closed = line.status in CLOSED_STATUSES or not part.quantity
    quantity = line.quantity if closed else part.quantity
    found: LinePayload = {"key": str(line.id), "sku": sku, "quantity": json_number(quantity)}
    if closed:
        found["closed"] = True
    if not line.sku and line.title:
        found["description"] = cut(line.title, MAX_MEMO_LENGTH)
    if not priced:
        return found
    if not exact or part.net is None:
        found["rate"] = json_number(line.unit_price)
    elif closed:
        if line.tax_rate:
            found["tax_rate"] = plain(line.tax_rate)
    else:
        amount = part.net + (part.discount_net if settings.discount_item else _ZERO)
        found["rate"] = json_number((amount / quantity).quantize(_RATE_PLACES)) if quantity else 0
        found["amount"] = json_number(amount)
    return found


def _add_totals(payload: OrderPayload, item: OrderItem, content: OrderContent, settings: Settings) -> None:
    """Charges and discounts in the header, and the totals to compare with those of NetSuite afterwards."""
    parts, rows, body = content.parts, content.charges, payload["body"]
    if expected := expected_totals(content, item):
        payload["expected"] = expected | {"currency": item.currency}
    shipping = sum((row.net or _ZERO for row in rows if row.kind == "shipping"), _ZERO)
    others = sum((row.net or _ZERO for row in rows if row.kind != "shipping"), _ZERO)
    discount = sum((part.discount_net for part in parts if part.quantity), _ZERO)
    if shipping:
        body["shippingCost"] = json_number(shipping)
    if others:
        # Gift wrapping and fees have no field of their own.
        body["handlingCost"] = json_number(others)
    if settings.discount_item and discount:
        body |= {"discountItem": {"id": settings.discount_item}, "discountRate": json_number(-discount)}
    if settings.tax_codes and content.is_exact:
        payload["taxes"] = [
            tax_of(str(part.line.id), part.net or _ZERO, part.tax or _ZERO, part.line.tax_rate, settings, item.currency)
            for part in parts
            if part.quantity and (part.line.sku or settings.custom_item)
        ]
        for reference, net, found in (
            (SHIPPING, shipping, [row for row in rows if row.kind == "shipping"]),
            (HANDLING, others, [row for row in rows if row.kind != "shipping"]),
        ):
            if net:
                payload["taxes"] += charge_taxes(reference, found, settings, item.currency)
