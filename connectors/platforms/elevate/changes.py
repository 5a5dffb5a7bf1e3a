"""Computes the update of a product group from the content last sent."""

from typing import Any


def incremental_change(previous: dict[str, Any] | None, payload: dict[str, Any]) -> dict[str, Any] | None:
    """The update for a group that was sent before. It is empty if only display names of IDs changed; None if the whole
    group has to be sent."""
    if not previous:
        return None
    before = previous.get("names", {})
    renamed = any(before.get(label) != names for label, names in payload.get("names", {}).items())
    changed = difference(previous["productGroup"], payload["productGroup"])
    return changed if changed or renamed else None


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    """The update that turns one into the other; None if setting attributes is not enough.

    An update cannot remove an attribute, and a new product or variant requires sending its whole group (F5).
    """
    if before.keys() != after.keys():
        return None
    changed: dict[str, Any] = {}
    for name, value in after.items():
        if value == before[name]:
            continue
        if isinstance(value, dict) and isinstance(before[name], dict):
            inner = difference(before[name], value)
            if inner is None:
                return None
            changed[name] = inner
        else:
            changed[name] = value
    return changed
