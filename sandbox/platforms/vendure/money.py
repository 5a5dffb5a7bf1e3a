"""Amounts in minor units, rounded half up, with the tax rate of the shop."""

from decimal import ROUND_HALF_UP, Decimal

TAX_RATE = 20


def net(gross: int, rate: Decimal | int = TAX_RATE) -> int:
    """An amount without the tax that it includes; negative for a negative one."""
    return rounded(Decimal(abs(gross)) * 100 / (100 + rate)) * (-1 if gross < 0 else 1)


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
