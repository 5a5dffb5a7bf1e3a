"""What returns are about: refunds of what Tryton shipped, and refunded amounts (M5).

Refunded goods that were not shipped lower the sale instead, so that they are never invoiced. Of what was shipped and
refunded, the latest refunds have the most: the earlier ones are more likely to be from before the shipment.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.platforms.tryton.settings import Settings
from orders.currencies import round_amount
from orders.items import OrderItem, RefundItem, RefundLineItem
from orders.parts import Part

_ZERO = Decimal(0)
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_-]+")


class RefundLinePayload(TypedDict):
    """A refunded line, or an amount that belongs to no line: then without SKU. Amounts are positive, without tax."""

    sku: str
    title: str
    quantity: str
    net: str
    tax: str
    rate: NotRequired[str]


class RefundPayload(TypedDict):
    """A refund; `key` is unique in the order. `expected` is the whole of it with tax."""

    key: str
    number: str
    lines: list[RefundLinePayload]
    expected: str


def has_shipped(item: OrderItem) -> bool:
    """Whether Tryton has shipped anything of the order."""
    return item.target_id is not None and any(each.reported_by == item.target_id for each in item.shipments)


def refund_payloads(item: OrderItem, parts: Sequence[Part], settings: Settings) -> list[RefundPayload]:
    """The refunds that become returns, in the order of the source. Empty if the settings want none."""
    if settings.refunds == "none":
        return []
    returned = item.returned_quantities()
    found = [_refund(item, refund, parts, returned) for refund in reversed(item.refunds)]
    return [refund for refund in reversed(found) if refund["lines"]]


def _refund(item: OrderItem, refund: RefundItem, parts: Sequence[Part], returned: dict[int, Decimal]) -> RefundPayload:
    """Takes what it refunds off `returned`."""
    sold = {part.line.id: part for part in parts}
    lines: list[RefundLinePayload] = []
    for each in refund.lines:
        part = sold.get(each.line_id)
        if part is None or not each.quantity:
            lines += _amount("Refund", each.net if each.net is not None else each.gross, each.tax if each.net else None)
        elif quantity := min(each.quantity, returned[each.line_id]):
            returned[each.line_id] -= quantity
            lines.append(_goods(each, part, quantity, item.currency))
    lines += _amount("Refund", refund.adjustment, None)
    if has_shipped(item):
        net = refund.shipping_net or _ZERO
        lines += _amount("Shipping", net, (refund.shipping_gross or net) - net)
    total = sum((Decimal(line["net"]) + Decimal(line["tax"]) for line in lines), _ZERO)
    return {
        "key": _NOT_IN_KEYS.sub("-", refund.external_id or refund.number),
        "number": refund.number,
        "lines": lines,
        "expected": _text(total),
    }


def _goods(refunded: RefundLineItem, part: Part, quantity: Decimal, currency: str) -> RefundLinePayload:
    net, tax, whole = refunded.net, refunded.tax, refunded.quantity
    if net is None:
        net, tax, whole = part.line.total_net, part.line.tax, part.line.quantity
    shares = [round_amount((value or _ZERO) * quantity / whole, currency) for value in (net, tax)]
    line: RefundLinePayload = {
        "sku": part.line.sku,
        "title": part.line.title,
        "quantity": _text(quantity),
        "net": _text(shares[0]),
        "tax": _text(shares[1]),
    }
    if part.line.tax_rate is not None:
        line["rate"] = _text(part.line.tax_rate)
    return line


def _amount(title: str, net: Decimal | None, tax: Decimal | None) -> list[RefundLinePayload]:
    if not net:
        return []
    return [{"sku": "", "title": title, "quantity": "1", "net": _text(net), "tax": _text(tax or _ZERO)}]


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
