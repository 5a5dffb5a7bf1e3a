"""What credit memos and return authorizations are about: goods that come back, and amounts (M5)."""

from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.platforms.netsuite.settings import Settings
from connectors.platforms.netsuite.targets.taxes import SHIPPING, TaxPayload, tax_of
from connectors.sdk.erp_orders import plain, refund_key
from connectors.sdk.time_zones import day_in
from connectors.sdk.values import json_number
from orders.currencies import round_amount
from orders.refunds import BookedRefund, RefundRow

_ZERO = Decimal(0)


class RefundLinePayload(TypedDict):
    """A refunded line, or an amount. `amount` is without tax, and negative if it was withheld. `tax` as in an order."""

    sku: str
    quantity: int | float
    amount: int | float
    tax: NotRequired[TaxPayload]


class RefundPayload(TypedDict):
    """A refund; `key` is unique in the order. `expected` is what is sent with tax, `left_out` what has no item."""

    key: str
    number: str
    date: NotRequired[str]
    lines: list[RefundLinePayload]
    shipping: NotRequired[int | float]
    shipping_tax: NotRequired[TaxPayload]
    expected: str
    left_out: NotRequired[str]


def refund_payload(booked: BookedRefund, settings: Settings, currency: str) -> RefundPayload:
    """Amounts stand for the item of the setting `custom_item`. The shipping of a credit memo has a field of its own,
    which does not do as the only content: NetSuite requires a line."""
    refund = booked.refund
    has_lines = any(row.quantity or row.money.net for row in booked.rows if not row.is_shipping)
    payload: RefundPayload = {"key": refund_key(refund), "number": refund.number, "lines": [], "expected": ""}
    total = left_out = _ZERO
    for row in booked.rows:
        sku = (row.line.sku if row.line and row.quantity else "") or settings.custom_item
        if row.is_shipping and has_lines and settings.refunds == "credit_memo":
            payload["shipping"] = json_number(row.money.net)
            if settings.tax_codes:
                payload["shipping_tax"] = _tax(row, SHIPPING, settings, currency)
        elif sku and (row.quantity or row.money.net):
            line: RefundLinePayload = {
                "sku": sku,
                "quantity": json_number(row.quantity or Decimal(1)),
                "amount": json_number(row.money.net),
            }
            if settings.tax_codes:
                line["tax"] = _tax(row, str(len(payload["lines"]) + 1), settings, currency)
            payload["lines"].append(line)
        else:
            left_out += row.money.gross
            continue
        total += row.money.gross
    if left_out:
        payload["left_out"] = f"{round_amount(left_out, currency):f}"
    if refund.refunded_at is not None:
        payload["date"] = day_in(refund.refunded_at, settings.time_zone)
    payload["expected"] = plain(total)
    return payload


def _tax(row: RefundRow, reference: str, settings: Settings, currency: str) -> TaxPayload:
    return tax_of(reference, row.money.net, row.money.tax, row.tax_rate, settings, currency)
