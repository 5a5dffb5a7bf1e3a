"""Prepares a record for saving: SKUs in one form, values that fit their columns, and amounts of an order that are
completed and added up."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from catalog.records import ProductRecord, StockLevelsRecord
from connectors.engine.applying.limits import apply_limits
from connectors.sdk import issues
from hub.records import Problem, Record
from orders.amounts import Balance, balance, completed
from orders.currencies import round_amount
from orders.records import OrderRecord


def prepare(record: Record) -> Record:
    """The record as it is compared and saved, with a problem for each value that was changed (M3, M11)."""
    _normalize_skus(record)
    apply_limits(record)
    if not isinstance(record, OrderRecord) or any(problem.fatal for problem in record.problems):
        return record
    order = completed(record)
    result = balance(order)
    if result.reconciliation == "different":
        order.problems.append(_does_not_add_up(result, order.currency))
    return order


def _normalize_skus(record: Record) -> None:
    """Without white space around them, and composed (NFC): SKUs that look the same are the same, so that they match
    those of other systems (B5). Upper and lower case stay apart, as they are in most systems."""
    parts: Sequence[Any] = ()
    match record:
        case ProductRecord():
            parts = record.variants or ()
        case OrderRecord():
            parts = record.lines
        case StockLevelsRecord():
            parts = [record]
    for part in parts:
        part.sku = part.sku.strip()
        if not part.sku.isascii():
            part.sku = normalize("NFC", part.sku)


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
