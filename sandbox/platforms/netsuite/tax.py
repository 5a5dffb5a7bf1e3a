"""How an account works out tax."""

from dataclasses import dataclass
from decimal import Decimal

ENGINES = ("none", "legacy", "suitetax")


@dataclass(frozen=True)
class TaxSettings:
    """`engine`: `none`, `legacy` or `suitetax`. The rates are percentages, of lines and of freight and handling."""

    engine: str = "none"
    rate: Decimal = Decimal(0)
    shipping_rate: Decimal = Decimal(0)
