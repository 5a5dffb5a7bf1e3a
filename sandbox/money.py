"""Exact amounts: decimal places of currencies, rounding, and the sharing of an amount over lines."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

# ISO 4217; every other currency has two places.
PLACES = {"CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
ZERO = Decimal(0)


def places_of(currency: str) -> int:
    """The decimal places of a currency by its ISO 4217 code."""
    return PLACES.get(currency, 2)


def rounded(amount: Decimal, places: int) -> Decimal:
    """The amount rounded half up to a number of decimal places."""
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def amount_of(value: Any, name: str, *, negative: bool = False) -> Decimal:
    """Return a finite amount given as text or integer. Raises ValueError naming the field."""
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        raise ValueError(f"{name} must be an amount as text")
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"{name} must be an amount as text") from error
    if not amount.is_finite() or (amount < 0 and not negative):
        raise ValueError(f"{name} must be an amount of at least 0")
    return amount


def shared(amount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """Split an amount in proportion to weights. The parts are rounded and add up to the rounded amount.

    Each part is what the running total is due less what was given before, so that no part gets all the rounding. Parts
    of weight zero get nothing, unless all are zero: then the first gets everything.
    """
    amount, total = rounded(amount, places), sum(weights, ZERO)
    if not weights:
        return []
    if not total:
        return [amount, *[ZERO] * (len(weights) - 1)]
    parts, weighed, given = [], ZERO, ZERO
    for weight in weights:
        weighed += weight
        due = rounded(amount * weighed / total, places)
        parts.append(due - given)
        given = due
    return parts
