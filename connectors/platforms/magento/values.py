"""Values as Magento's JSON has them, read and written."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote


def mapped_value(raw: Any, path: str) -> Any:
    """The value at a path: keys separated by dots; in a list of attributes, the value of the one with that code."""
    for name in path.split(".") if path else ():
        if isinstance(raw, list):
            raw = next((e.get("value") for e in raw if isinstance(e, dict) and e.get("attribute_code") == name), None)
        else:
            raw = raw.get(name) if isinstance(raw, dict) else None
    return raw if path else None


def text(value: Any) -> str:
    """A mapped value as text; empty for nothing and for what has parts."""
    return "" if value is None or isinstance(value, dict | list | bool) else str(value).replace("\x00", "").strip()


def format_timestamp(timestamp: datetime) -> str:
    """A time as the vendor writes it: UTC, to the second."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def quote_path(sku: str) -> str:
    """A SKU as a part of an address."""
    return quote(sku, safe="")
