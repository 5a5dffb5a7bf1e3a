"""Prepares a record for saving: values fit their columns, and the amounts of an order are completed and added up."""

from decimal import Decimal

from connectors.engine.applying.limits import apply_limits
from connectors.sdk import issues
from hub.records import Problem, Record
from orders.amounts import Balance, balance, completed
from orders.currencies import round_amount
from orders.records import OrderRecord


def prepare(record: Record) -> Record:
    """The record as it is compared and saved, with a problem for each value that was changed (M3, M11)."""
    apply_limits(record)
    if not isinstance(record, OrderRecord) or any(problem.fatal for problem in record.problems):
        return record
    order = completed(record)
    result = balance(order)
    if result.reconciliation == "different":
        order.problems.append(_does_not_add_up(result, order.currency))
    return order


def _does_not_add_up(result: Balance, currency: str) -> Problem:
    def shown(amount: Decimal | None) -> str:
        return str(round_amount(amount or Decimal(0), currency))

    return issues.ORDER_DOES_NOT_ADD_UP(
        lines=shown(result.lines),
        charges=shown(result.charges),
        discounts=shown(result.discounts),
        sum=shown(result.total + (result.difference or Decimal(0))),
        total=shown(result.total),
        difference=shown(result.difference),
        currency=currency,
    )
