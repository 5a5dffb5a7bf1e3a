"""What differs between what is stored and what a source brought, as a timeline shows it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

Changes = dict[str, list[Any]]


def differences(before: Any, after: Any, names: Iterable[str]) -> Changes:
    """Field → [before, after] of those that differ, as JSON can hold them."""
    return {
        name: [_plain(getattr(before, name)), _plain(getattr(after, name))]
        for name in names
        if getattr(before, name) != getattr(after, name)
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
