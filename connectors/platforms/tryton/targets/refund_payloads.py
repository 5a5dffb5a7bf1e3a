"""What returns are about: goods that come back, and amounts (M5)."""

from decimal import Decimal
from typing import NotRequired, TypedDict

from connectors.sdk.erp_orders import plain, refund_key
from orders.refunds import BookedRefund, RefundRow


class RefundLinePayload(TypedDict):
    """A refunded line, or an amount: then without SKU. Amounts are without tax, and negative if withheld."""

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


def refund_payload(booked: BookedRefund) -> RefundPayload:
    return {
        "key": refund_key(booked.refund),
        "number": booked.refund.number,
        "lines": [_line(row) for row in booked.rows],
        "expected": plain(booked.gross),
    }


def _line(row: RefundRow) -> RefundLinePayload:
    goods = row.line if row.quantity else None
    line: RefundLinePayload = {
        "sku": goods.sku if goods else "",
        "title": goods.title if goods else "Shipping" if row.is_shipping else "Refund",
        "quantity": plain(row.quantity or Decimal(1)),
        "net": plain(row.money.net),
        "tax": plain(row.money.tax),
    }
    return line if row.tax_rate is None else line | {"rate": plain(row.tax_rate)}
