"""What credit memos and return authorizations are about: refunds of what NetSuite shipped, and refunded amounts (M5).

Refunded goods that were not shipped lower the sales order instead, so that they are never invoiced. Of what was shipped
and refunded, the latest refunds have the most: the earlier ones are more likely to be from before the shipment.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.platforms.netsuite.settings import Settings
from connectors.platforms.netsuite.targets.taxes import SHIPPING, TaxPayload, tax_of
from connectors.sdk.values import json_number
from orders.currencies import round_amount
from orders.items import OrderItem, RefundItem
from orders.parts import Part

_ZERO = Decimal(0)
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]+")


class RefundLinePayload(TypedDict):
    """A refunded line, or an amount that belongs to no line. `amount` is without tax. `tax` as in an order."""

    sku: str
    quantity: int | float
    amount: int | float
    tax: NotRequired[TaxPayload]


class RefundPayload(TypedDict):
    """A refund; `key` is unique in the order. `expected` is the whole of it with tax, `left_out` what has no item."""

    key: str
    number: str
    date: NotRequired[str]
    lines: list[RefundLinePayload]
    shipping: NotRequired[int | float]
    shipping_tax: NotRequired[TaxPayload]
    expected: str
    left_out: NotRequired[str]


def has_shipped(item: OrderItem) -> bool:
    """Whether NetSuite has shipped anything of the order."""
    return item.target_id is not None and any(each.reported_by == item.target_id for each in item.shipments)


def refund_payloads(item: OrderItem, parts: Sequence[Part], settings: Settings) -> list[RefundPayload]:
    """The refunds that become records, in the order of the source. Empty if the settings want none."""
    if settings.refunds == "none":
        return []
    returned = item.returned_quantities()
    found = [_refund(item, refund, parts, returned, settings) for refund in reversed(item.refunds)]
    return [refund for refund in reversed(found) if refund["lines"] or refund.get("shipping") or "left_out" in refund]


def _refund(
    item: OrderItem, refund: RefundItem, parts: Sequence[Part], returned: dict[int, Decimal], settings: Settings
) -> RefundPayload:
    """Takes what it refunds off `returned`."""
    sold = {part.line.id: part for part in parts}
    rows: list[_Row] = []
    for each in refund.lines:
        part = sold.get(each.line_id)
        if part is None or not each.quantity:
            rows.append(_amount(each.net if each.net is not None else each.gross, each.tax if each.net else None))
        elif quantity := min(each.quantity, returned[each.line_id]):
            returned[each.line_id] -= quantity
            net, tax, whole = each.net, each.tax, each.quantity
            if net is None:
                net, tax, whole = part.line.total_net, part.line.tax, part.line.quantity
            share = [round_amount((value or _ZERO) * quantity / whole, item.currency) for value in (net, tax)]
            rows.append(_Row(part.line.sku or settings.custom_item, quantity, share[0], share[1], part.line.tax_rate))
    rows.append(_amount(refund.adjustment, None))
    payload: RefundPayload = {"key": _key(refund), "number": refund.number, "lines": [], "expected": ""}
    shipping_net = refund.shipping_net or _ZERO
    shipping = _amount(shipping_net, (refund.shipping_gross or shipping_net) - shipping_net)
    total = _ZERO
    if shipping.net and has_shipped(item):
        if settings.refunds == "credit_memo":
            total += shipping.net + shipping.tax
            payload["shipping"] = json_number(shipping.net)
            if settings.tax_codes:
                payload["shipping_tax"] = shipping.taxed(SHIPPING, settings, item.currency)
        else:
            rows.append(shipping)
    left_out = _ZERO
    for row in rows:
        sku = row.sku or settings.custom_item
        if not sku:
            left_out += row.net
        if not sku or not (row.net or row.sku):
            continue
        total += row.net + row.tax
        line: RefundLinePayload = {
            "sku": sku,
            "quantity": json_number(row.quantity),
            "amount": json_number(row.net),
        }
        if settings.tax_codes:
            line["tax"] = row.taxed(str(len(payload["lines"]) + 1), settings, item.currency)
        payload["lines"].append(line)
    if left_out:
        payload["left_out"] = f"{round_amount(left_out, item.currency):f}"
    if refund.refunded_at is not None:
        payload["date"] = refund.refunded_at.date().isoformat()
    payload["expected"] = f"{total.normalize():f}"
    return payload


@dataclass(frozen=True, slots=True)
class _Row:
    """A part of a refund. Without a SKU, the item for amounts stands for it."""

    sku: str
    quantity: Decimal
    net: Decimal
    tax: Decimal
    rate: Decimal | None

    def taxed(self, reference: str, settings: Settings, currency: str) -> TaxPayload:
        return tax_of(reference, self.net, self.tax, self.rate, settings, currency)


def _amount(net: Decimal | None, tax: Decimal | None) -> _Row:
    return _Row("", Decimal(1), net or _ZERO, tax or _ZERO, None)


def _key(refund: RefundItem) -> str:
    return _NOT_IN_IDS.sub("-", refund.external_id or refund.number)
