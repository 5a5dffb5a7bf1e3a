"""Rounding of amounts to the places of their currency (M2). They never pass through floats."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from common.currencies import places


def quantum(currency: str) -> Decimal:
    """The smallest amount of a currency."""
    return Decimal(1).scaleb(-places(currency))


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up to the currency's places, as shops and accounting systems do."""
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def share_out(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split an amount by weights so that the shares, rounded to the currency's places, add up to it exactly.

    What rounding leaves over goes to the shares that lost most by it. Without any weight, all of it goes to the first
    share. What is finer than the currency stays in the largest share.
    """
    if not weights:
        return []
    total = sum(weights, Decimal(0))
    if not total:
        return [amount, *(Decimal(0) for _ in weights[1:])]
    unit = quantum(currency)
    exact = [amount * weight / total for weight in weights]
    shares = [each.quantize(unit, ROUND_HALF_UP) for each in exact]
    left = amount - sum(shares, Decimal(0))
    step = unit if left > 0 else -unit
    by_loss = sorted(range(len(shares)), key=lambda place: (shares[place] - exact[place]) / step)
    for place in by_loss:
        if abs(left) < unit:
            break
        shares[place] += step
        left -= step
    if left:
        shares[max(range(len(shares)), key=lambda place: abs(shares[place]))] += left
    return shares
