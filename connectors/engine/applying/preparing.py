"""Prepares a record for saving: SKUs in one form, values that fit their columns, and amounts of an order that are
completed and added up."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast
from unicodedata import normalize

from django.db.models import DecimalField

from catalog.records import ProductRecord, StockLevelsRecord, StockRecord, VariantRecord
from connectors.engine.applying.limits import LIMITS, apply_limits
from connectors.sdk import issues
from hub.records import Problem, Record
from orders.amounts import Balance, balance, completed
from orders.currencies import round_amount
from orders.records import OrderRecord


def _places(kind: type[Any], *names: str) -> dict[str, int]:
    """Field → the places of its column."""
    return {name: cast("DecimalField[Any, Any]", LIMITS[kind][name].column).decimal_places or 0 for name in names}


_OF_VARIANT = _places(VariantRecord, "weight_in_grams", "rrp")
_OF_STOCK = _places(StockRecord, "quantity", "min_level")
# The digits before the point of a number that a column can hold.
_MOST_DIGITS = 12


def prepare(record: Record) -> Record:
    """The record as it is compared and saved, with a problem for each value that was changed (M3, M11)."""
    _normalize_skus(record)
    apply_limits(record)
    _round(record)
    if not isinstance(record, OrderRecord) or any(problem.fatal for problem in record.problems):
        return record
    _drop_circular_parents(record)
    order = completed(record)
    result = balance(order)
    if result.reconciliation == "different":
        order.problems.append(_does_not_add_up(result, order.currency))
    return order


def _drop_circular_parents(order: OrderRecord) -> None:
    """A line that is a part of itself, or of its own part, is no part: targets would get neither."""
    parents = {line.external_id: line.parent_id for line in order.lines}
    for line in order.lines:
        seen, parent = {line.external_id}, line.parent_id
        while parent and parent not in seen:
            seen.add(parent)
            parent = parents.get(parent, "")
        if parent == line.external_id:
            line.parent_id = parents[parent] = ""


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


def _round(record: Record) -> None:
    """Quantities and weights as they are stored: compared with more places, they would differ at each import."""
    match record:
        case ProductRecord():
            owners: Sequence[VariantRecord | StockLevelsRecord] = record.variants or ()
        case StockLevelsRecord():
            owners = [record]
        case _:
            return
    for owner in owners:
        if isinstance(owner, VariantRecord):
            _round_fields(owner, _OF_VARIANT)
        for stock in owner.stock or ():
            _round_fields(stock, _OF_STOCK)


def _round_fields(part: Any, columns: dict[str, int]) -> None:
    for name, places in columns.items():
        value = getattr(part, name)
        if value is None or not value.is_finite() or value.adjusted() > _MOST_DIGITS:
            continue
        if -value.as_tuple().exponent > places:
            setattr(part, name, value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


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
