"""Values as SparkLayer writes them."""

from decimal import Decimal

SOLD_STATUSES = ("live", "suspended")


def number(value: Decimal | None) -> int | float | None:
    """As JSON has it: whole numbers stay whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
