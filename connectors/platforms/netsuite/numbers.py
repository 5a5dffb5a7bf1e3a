"""Numbers as SuiteQL gives them, and as REST takes them."""

from decimal import Decimal, InvalidOperation


def decimal_or_none(value: object) -> Decimal | None:
    """SuiteQL's numbers are text. None for what is missing or no finite number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
