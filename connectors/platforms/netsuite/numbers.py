"""Numbers as SuiteQL gives them, and as REST takes them."""

from decimal import Decimal, InvalidOperation


def decimal_or_none(value: object) -> Decimal | None:
    """SuiteQL's numbers are text. None for what is missing or no finite number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def json_number(value: Decimal) -> int | float:
    """Whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    return int(value) if value == value.to_integral_value() else float(value)
