"""Rules for orders that several targets share (M3, M4)."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import TargetTotals
from connectors.sdk.records import Problem
from orders.currencies import quantum, round_amount
from orders.items import OrderItem

DifferentOrders = Literal["hold", "send"]


def different_orders_field(default: DifferentOrders = "hold") -> DifferentOrders:
    """The setting of a target; those that keep books hold such orders by default."""
    field: DifferentOrders = Field(
        default,
        title="Orders that do not add up",
        description="hold: an order whose lines, charges and discounts differ from its total waits for a person. "
        "send: it is sent, and its issue stays open.",
    )
    return field


def hold_different(item: OrderItem, setting: DifferentOrders) -> None:
    """SkipRecord for an order that does not add up, unless it is to be sent or a person accepted the difference."""
    if item.reconciliation != "different" or setting == "send" or item.difference == item.accepted_difference:
        return
    difference = round_amount(item.difference or Decimal(0), item.currency)
    raise SkipRecord(issues.ORDER_HELD(difference=str(difference), currency=item.currency))


def rounding(currency: str, rows: int) -> Decimal:
    """How far a target that works out the tax of every row may be from the order's total: one unit for each row.

    The net amount of a price with tax is off by up to half a unit already, before its tax is rounded again.
    """
    return max(1, rows) * quantum(currency)


def total_problems(totals: TargetTotals) -> list[Problem]:
    """A problem if a target computed another total, or another tax, than the order's (M4)."""
    if abs(totals.total - totals.expected_total) <= totals.tolerance:
        if totals.tax is None or abs(totals.tax - totals.expected_tax) <= totals.tolerance:
            return []
        tax, expected = (str(round_amount(each, totals.currency)) for each in (totals.tax, totals.expected_tax))
        return [issues.TARGET_TAX_DIFFERS(currency=totals.currency, tax=tax, expected=expected)]
    total, expected = (str(round_amount(each, totals.currency)) for each in (totals.total, totals.expected_total))
    return [issues.TARGET_TOTAL_DIFFERS(currency=totals.currency, total=total, expected=expected)]
