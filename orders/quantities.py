"""Quantities and statuses of order lines, and of an order by those of its lines (M1, M6)."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from orders.records import OrderLineRecord

_ZERO = Decimal(0)


class Quantities(Protocol):
    """The quantities of an order line."""

    quantity: Decimal
    quantity_cancelled: Decimal
    quantity_refunded: Decimal
    quantity_shipped: Decimal
    needs_shipping: bool | None


def left_to_ship(line: Quantities) -> Decimal:
    """Ordered − canceled − refunded − shipped, never negative: goods may be refunded after they were shipped."""
    return max(_ZERO, line.quantity - line.quantity_cancelled - line.quantity_refunded - line.quantity_shipped)


def line_status(line: Quantities) -> str:
    """The status of a line that the source describes by quantities only."""
    if line.quantity and line.quantity <= line.quantity_refunded:
        return "refunded"
    if line.quantity and line.quantity <= line.quantity_cancelled:
        return "cancelled"
    left = left_to_ship(line)
    if line.quantity_shipped:
        return "partly_shipped" if left else "shipped"
    if left or not line.quantity:
        return "pending"
    return "refunded" if line.quantity_refunded else "cancelled"


def order_progress(lines: Iterable[Quantities]) -> str:
    """`shipped`, `partly_shipped` or empty (nothing was shipped): by the lines that can be shipped at all.

    Of a line that is canceled or refunded in part, the rest decides.
    """
    goods = [line for line in lines if line.needs_shipping is not False]
    if not any(line.quantity_shipped for line in goods):
        return ""
    return "partly_shipped" if any(left_to_ship(line) for line in goods) else "shipped"


# Statuses that leave nothing open, by what became of the goods.
_CANCELLED = ("cancelled",)
_REFUNDED = ("refunded", "returned")
_SHIPPED = ("shipped", "delivered")
NOT_DELIVERED = (*_CANCELLED, *_REFUNDED)
CLOSED = (*NOT_DELIVERED, *_SHIPPED)


def with_quantities(line: OrderLineRecord, order_status: str) -> OrderLineRecord:
    """The line with the quantities that its status, else the order's, implies, for sources that do not tell them all.

    In a canceled order nothing is open, whatever its lines say (M9); in a shipped one no line is pending (M6).
    """
    left = left_to_ship(line)
    if not left:
        return line
    status = line.status if line.status in CLOSED else order_status
    if status in _CANCELLED:
        return replace(line, status=status, quantity_cancelled=line.quantity_cancelled + left)
    if status in _REFUNDED:
        return replace(line, status=status, quantity_refunded=line.quantity_refunded + left)
    if status in _SHIPPED:
        return replace(line, status=status, quantity_shipped=line.quantity_shipped + left)
    return line
