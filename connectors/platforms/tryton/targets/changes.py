"""Names what Tryton did not take when it rejected changes of a sale (M7)."""

from connectors.platforms.tryton.targets.order_payloads import OrderPayload
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation

MAX_CHANGES = 20


def changes_rejected(operation: Operation[OrderPayload], error: SkipRecord) -> SkipRecord:
    """The rejection with a list of the changes; the rejection itself if it is not known what was sent before, or if it
    has a reason of another kind."""
    if operation.previous is None or error.problem.code != issues.REJECTED.code:
        return error
    changes = list_changes(operation.previous, operation.payload)
    shown = changes[:MAX_CHANGES] + ["…"] * (len(changes) > MAX_CHANGES)
    reason = error.problem.values.get("reason", "")
    return SkipRecord(issues.CHANGES_REJECTED(changes="; ".join(shown), reason=reason)) if changes else error


def list_changes(before: OrderPayload, after: OrderPayload | None) -> list[str]:
    """What differs, as `SKU-1 quantity: 5 → 3`. Addresses and notes are only named: they are personal."""
    if after is None:
        return ["cancellation"]
    old = {line["key"]: line for line in before["lines"]}
    changes = []
    for line in after["lines"]:
        name = line["sku"] or line["title"]
        if (was := old.pop(line["key"], None)) is None:
            changes.append(f"{name}: added, quantity {line['quantity']}")
            continue
        changes += [
            f"{name} {field}: {was[field]} → {line[field]}"
            for field in ("quantity", "net")
            if was[field] != line[field]
        ]
    changes += [f"{line['sku'] or line['title']}: removed" for line in old.values() if line["quantity"] != "0"]
    names = ("party", "number", "currency", "note", "invoice_address", "delivery_address")
    return changes + [name for name in names if before[name] != after[name]]  # type: ignore[literal-required]
