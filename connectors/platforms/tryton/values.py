"""Values as Tryton's JSON has them: decimals, dates and times are objects that name their class.

Seen on a real 8.2 server; https://mail-archive.com/commits@tryton.org/msg57074.html
"""

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import TryAgainLater

Row = dict[str, Any]
Domain = list[Any]


def encoded(value: Any) -> str:
    """A value for a query parameter or header: JSON in the URL-safe alphabet of Base64."""
    return urlsafe_b64encode(orjson.dumps(value)).decode()


def decimal_json(value: Decimal) -> Row:
    return {"__class__": "Decimal", "decimal": f"{value:f}"}


def date_json(value: date) -> Row:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def datetime_json(value: datetime) -> Row:
    """Times in Tryton are in UTC, without a time zone."""
    value = value.astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime"} | {name: getattr(value, name) for name in names}


def plain(value: Any) -> Any:
    """A received value without Tryton's classes: decimals and dates as text. References by ID stay as they are."""
    match value:
        case {"__class__": "Decimal", "decimal": str(text)}:
            return text
        case {"__class__": "date" | "datetime" as name}:
            return _date_text(value, time=name == "datetime")
        case dict():
            return {key: plain(each) for key, each in value.items() if key != "__name__"}
        case list():
            return [plain(each) for each in value]
    return value


def _date_text(value: Row, *, time: bool) -> str | None:
    try:
        day = date(*(int(value[name]) for name in ("year", "month", "day")))
        if not time:
            return day.isoformat()
        hour, minute, second, microsecond = (int(value[name]) for name in ("hour", "minute", "second", "microsecond"))
        return datetime(day.year, day.month, day.day, hour, minute, second, microsecond, UTC).isoformat()
    except (KeyError, TypeError, ValueError):
        return None


def decimal_or_none(value: object) -> Decimal | None:
    """None for a missing value, or for one that is not a finite number."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def record_id(row: Any, name: str = "id") -> int:
    """The ID in a row, or of the record that a field of the row refers to. TryAgainLater if it is missing."""
    value = row.get(name) if isinstance(row, dict) else None
    if isinstance(value, dict):
        value = value.get("id")
    if (number := whole_number(value)) is not None:
        return number
    raise TryAgainLater(f"Tryton returned a record without {name}.", sent=False)


def reference_id(value: object, model: str) -> int | None:
    """The ID in a reference such as `sale.line,17`, if it refers to this model."""
    name, _, number = str(value).partition(",")
    return int(number) if name == model and number.isascii() and number.isdecimal() else None
