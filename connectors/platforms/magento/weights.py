"""The two weight units that a shop can use."""

from decimal import Decimal

from connectors.sdk.errors import NeedsAttention

GRAMS_PER_UNIT = {"kgs": Decimal(1000), "lbs": Decimal("453.59237")}


def grams_per_unit(unit: str) -> Decimal:
    if unit.lower() not in GRAMS_PER_UNIT:
        raise NeedsAttention(
            f"The shop uses the weight unit {unit!r}, which is not supported.",
            fix="Choose kgs or lbs as the weight unit in the shop's settings.",
        )
    return GRAMS_PER_UNIT[unit.lower()]
