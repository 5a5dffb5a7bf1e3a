"""Converts numbers between SuiteQL, REST and our own types."""

from decimal import Decimal, InvalidOperation


def decimal_or_none(value: object) -> Decimal | None:
    """SuiteQL returns numbers as text. None for a missing value, or for one that is not a finite number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
