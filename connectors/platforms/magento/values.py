"""Reads and writes values in Magento's JSON."""

from datetime import UTC, datetime
from typing import Any

from common.storable import without_nul


def mapped_value(raw: Any, path: str) -> Any:
    """The value at a path of keys separated by dots; in a list of attributes, a key is the attribute's code."""
    for name in path.split(".") if path else ():
        if isinstance(raw, list):
            raw = next((e.get("value") for e in raw if isinstance(e, dict) and e.get("attribute_code") == name), None)
        else:
            raw = raw.get(name) if isinstance(raw, dict) else None
    return raw if path else None


def text(value: Any) -> str:
    """A mapped value as text; empty for missing values, lists and objects."""
    return "" if value is None or isinstance(value, dict | list | bool) else without_nul(str(value)).strip()


def format_timestamp(timestamp: datetime) -> str:
    """A time in the vendor's format: UTC, to the second."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
