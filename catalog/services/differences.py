"""Compares stored values with those from a source, in the format that timelines show."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

Changes = dict[str, list[Any]]


def differences(before: Any, after: Any, names: Iterable[str]) -> Changes:
    """Field → [before, after] for the attributes in `names` that differ, as JSON-serializable values."""
    return {
        name: [_plain(getattr(before, name)), _plain(getattr(after, name))]
        for name in names
        if getattr(before, name) != getattr(after, name)
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
