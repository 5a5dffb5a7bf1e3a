"""Saves the lines of orders."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.field_registry import FieldType, stored_fields
from orders.items import OrderLineItem
from orders.models import Order, OrderLine
from orders.records import OrderLineRecord
from orders.services.common import THOUSANDTHS, amount, record_difference, rounded, writable_changes
from orders.services.entries import LINE_AMOUNTS, QUANTITIES, Entry, merged

_LINE = tuple(field.name for field in stored_fields(OrderLineRecord) if field.type is not FieldType.DECIMAL)
_REMOVED_AMOUNTS = ("total_net", "tax", "total_gross", "discount_net", "discount_gross")


def save_lines(seller_id: int, entries: Iterable[Entry]) -> None:
    new, updated = [], []
    for entry in entries:
        result, matches = entry.result, _match_lines(entry)
        for record in entry.draft.record.lines:
            item = matches.get(record.external_id)
            values = _line_values(record, entry.draft.variant_ids.get(record.external_id), item)
            if item is None:
                if result.created or record_difference(result, _label(record), [None, "new line"], entry.is_master):
                    row = OrderLine(seller_id=seller_id, order_id=result.item_id, **values)
                    new.append((row, record, result))
                continue
            result.line_ids[record.external_id] = item.id
            if writable := writable_changes(result, item, values, entry.may_write, label=f"{_label(item)}: "):
                updated.append(OrderLine(pk=item.id, **merged(item, values, writable)))
        updated += _cancel_lines(entry, matches)
    if updated:
        OrderLine.objects.bulk_update(updated, [*_LINE, *QUANTITIES, *LINE_AMOUNTS, "variant"])
    OrderLine.objects.bulk_create([row for row, _, _ in new])
    for row, record, result in new:
        result.line_ids[record.external_id] = row.pk
    _set_parents(entries)


def _set_parents(entries: Iterable[Entry]) -> None:
    """Bundles of their parts. A part may be listed before its bundle, so this comes after all lines were saved."""
    rows = []
    for entry in entries:
        before = {line.id: line for line in entry.item.lines} if entry.item else {}
        for record in entry.draft.record.lines:
            if (line_id := entry.result.line_ids.get(record.external_id)) is None:
                continue
            parent_id = entry.result.line_ids.get(record.parent_id)
            item = before.get(line_id)
            if parent_id == (item.parent_id if item else None):
                continue
            if item is None or writable_changes(
                entry.result, item, {"parent_id": parent_id}, entry.may_write, label=f"{_label(record)}: "
            ):
                rows.append(OrderLine(pk=line_id, parent_id=parent_id))
    if rows:
        OrderLine.objects.bulk_update(rows, ["parent"])


def _match_lines(entry: Entry) -> dict[str, OrderLineItem]:
    """External ID → existing order line, matched by links of this source, else by SKU."""
    if entry.item is None:
        return {}
    lines = {line.id: line for line in entry.item.lines}
    matches = {ext: lines.pop(pk) for ext, pk in entry.draft.line_ids.items() if pk in lines}
    free: dict[str, list[OrderLineItem]] = defaultdict(list)
    for line in lines.values():
        free[line.sku].append(line)
    for record in entry.draft.record.lines:
        if record.sku and record.external_id not in matches and free[record.sku]:
            matches[record.external_id] = free[record.sku].pop(0)
    return matches


def _line_values(record: OrderLineRecord, variant_id: int | None, item: OrderLineItem | None) -> dict[str, Any]:
    # Keep the variant if it was found before, even if its link or SKU no longer exists.
    if variant_id is None and item is not None and item.sku == record.sku:
        variant_id = item.variant_id
    values = {name: amount(getattr(record, name)) for name in LINE_AMOUNTS}
    if values["unit_price"] is None:
        prices = (record.unit_price_gross, record.unit_price_net, Decimal(0))
        values["unit_price"] = amount(next(price for price in prices if price is not None))
    if record.needs_shipping is None:
        kept = {"needs_shipping": item.needs_shipping, "kind": item.kind} if item else {"needs_shipping": True}
        record = replace(record, **kept)
    return {
        **{name: getattr(record, name) for name in _LINE},
        **{name: rounded(getattr(record, name), THOUSANDTHS) for name in QUANTITIES},
        **values,
        "variant_id": variant_id,
    }


def _cancel_lines(entry: Entry, matches: dict[str, OrderLineItem]) -> list[OrderLine]:
    """Canceled rows for lines that this source has removed from the order: they cost nothing any more."""
    remaining = {record.external_id for record in entry.draft.record.lines}
    rows = []
    for external_id, item in matches.items():
        if external_id not in remaining:
            values = {name: getattr(item, name) for name in (*_LINE, *QUANTITIES, *LINE_AMOUNTS, "variant_id")}
            status = {"status": str(Order.Status.CANCELLED)}
            cancelled = item.quantity - item.quantity_refunded - item.quantity_shipped
            zero = {name: Decimal(0) for name in _REMOVED_AMOUNTS if getattr(item, name) is not None}
            removed = status | zero | {"quantity_cancelled": max(Decimal(0), cancelled)}
            # The line may have been canceled before it was removed.
            changed = status if item.status != status["status"] else {name: removed[name] for name in zero}
            if writable_changes(entry.result, item, changed, entry.may_write, label=f"{_label(item)}: "):
                rows.append(OrderLine(pk=item.id, **(values | removed)))
    return rows


def _label(line: OrderLineItem | OrderLineRecord) -> str:
    return line.sku or f"line {line.position}"
