"""Amounts in minor units, rounded half up, with the tax rate of the shop."""

from decimal import ROUND_HALF_UP, Decimal

TAX_RATE = 20


def net(gross: int) -> int:
    """An amount without the tax that it includes."""
    return rounded(Decimal(gross) * 100 / (100 + TAX_RATE))


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
