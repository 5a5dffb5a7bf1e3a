"""Names what differs between two payloads of an order, for when Tryton rejects the changes of a sale (M7)."""

from connectors.platforms.tryton.targets.order_payloads import OrderPayload


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
