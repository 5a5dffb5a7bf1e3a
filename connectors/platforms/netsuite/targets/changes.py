"""Names what differs between two payloads of an order, for when NetSuite rejects the changes of a sales order (M7)."""

from collections.abc import Mapping
from typing import Any

from connectors.platforms.netsuite.targets.order_payloads import LinePayload, OrderPayload


def list_changes(before: OrderPayload, after: OrderPayload) -> list[str]:
    """What differs, as `SKU-1 quantity: 5 → 3`. Addresses and notes are only named: they are personal."""
    lines_before = {line["key"]: line for line in before["lines"]}
    changes = []
    for line in after["lines"]:
        changes += _line_changes(lines_before.pop(line["key"], None), line)
    changes += [f"{line['sku']}: removed" for line in lines_before.values() if not line.get("closed")]
    names = {**before["body"], **after["body"]}
    for name in names:
        if (old := before["body"].get(name)) != (new := after["body"].get(name)):
            changes.append(name if _is_personal(old) or _is_personal(new) else f"{name}: {_text(old)} → {_text(new)}")
    if before["entity"] != after["entity"]:
        changes.append("entity")
    return changes


def _line_changes(before: LinePayload | None, after: LinePayload) -> list[str]:
    sku = after["sku"]
    if before is None:
        return [f"{sku}: added, quantity {after['quantity']}"]
    if bool(before.get("closed")) != bool(after.get("closed")):
        return [f"{sku}: {'closed' if after.get('closed') else 'open again'}"]
    fields: Mapping[str, Any] = {**before, **after}
    return [
        f"{sku} {name}: {_text(before.get(name))} → {_text(after.get(name))}"
        for name in fields
        if name in ("quantity", "rate", "amount") and before.get(name) != after.get(name)
    ]


def _is_personal(value: object) -> bool:
    return isinstance(value, str | dict)


def _text(value: object) -> str:
    return "–" if value is None else str(value)
