"""What an update of a product group says, compared with what was sent before."""

from typing import Any


def incremental_change(previous: dict[str, Any] | None, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What an update of a group that was sent must say, which is nothing where only names of ids changed; None if the
    group goes whole."""
    if not previous:
        return None
    before = previous.get("names", {})
    renamed = any(before.get(label) != names for label, names in payload.get("names", {}).items())
    changed = difference(previous["productGroup"], payload["productGroup"])
    return changed if changed or renamed else None


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    """What must be said to turn one into the other; None if that takes more than setting attributes.

    An attribute cannot be taken away so, and a product or variant that is new comes with its whole group (F5).
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
