"""Saves orders with their lines, shipments and addresses."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from hub.kinds import Kind
from hub.models import Master
from orders.items import OrderItem, OrderLineItem, load_orders
from orders.models import Order, OrderLine
from orders.records import OrderLineRecord, OrderRecord
from orders.services.common import (
    MASKED_CHANGE,
    MONEY,
    THOUSANDTHS,
    SaveResult,
    addresses_differ,
    enqueue_changed,
    lock_and_load,
    record_difference,
    replace_addresses,
    rounded,
    writable_changes,
)
from orders.services.shipments import build_shipment, replace_shipments

_ORDER = (
    "number", "placed_at", "currency", "placed_through_b2b", "cart_id", "customer_note", "internal_note",
    "ip_address", "status", "source_status",
)  # fmt: skip
_ORDER_AMOUNTS = ("total", "tax", "shipping_cost")
_LINE = ("position", "sku", "title", "vendor", "status")
_LINE_AMOUNTS = ("quantity", "unit_price")
# Fields written by the source of truth for orders (L17). All other fields describe how the order was placed and are
# written only by the connection that the order was first imported from.
_MASTER_FIELDS = {"status", "source_status", *_ORDER_AMOUNTS, *_LINE_AMOUNTS}


@dataclass(slots=True)
class OrderDraft:
    """A record with its references resolved to IDs of SyncCenter. A new order is created if `order_id` is None.

    `line_ids`: external ID → ID of all lines imported from this source before; missing ones are canceled.
    `variant_ids`: external ID of a line → ID of its variant.
    """

    record: OrderRecord
    order_id: int | None = None
    customer_id: int | None = None
    line_ids: dict[str, int] = field(default_factory=dict)
    variant_ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    """A draft, the order before (None if it is new), and what the source may write."""

    draft: OrderDraft
    result: SaveResult
    item: OrderItem | None
    is_source: bool
    is_master: bool

    def may_write(self, name: str) -> bool | None:
        """As in `writable_changes`. None for fields that this source never writes, so differences are no conflict."""
        return self.is_master if name in _MASTER_FIELDS else (self.is_source or None)


@transaction.atomic
def save_orders(
    *, seller_id: int, drafts: Sequence[OrderDraft], groups: Collection[str], origin: int, now: datetime
) -> list[SaveResult]:
    """Save a page of drafts of one seller in order, in a fixed number of statements. Raises like save_customers.

    `origin` is the connection they were read from; it becomes the source of new orders. A line that is new from this
    connection is first matched by SKU with the existing lines of the order.
    """
    known = lock_and_load(Order, load_orders, [draft.order_id for draft in drafts])
    created = iter(
        Order.objects.bulk_create(
            Order(seller_id=seller_id, source_id=origin, updated_at=now, **_order_values(draft))
            for draft in drafts
            if draft.order_id is None
        )
    )
    entries = []
    for draft in drafts:
        item = None if draft.order_id is None else known[draft.order_id]
        entries.append(
            _Entry(
                draft=draft,
                result=SaveResult(next(created).pk if item is None else item.id, created=item is None),
                item=item,
                is_source=item is None or item.source_id == origin,
                is_master=item is None or Master.Group.ORDERS in groups,
            )
        )
    _update_orders(entries)
    _save_lines(seller_id, entries)
    _save_shipments(seller_id, entries)
    _save_addresses_of_orders(seller_id, entries)
    saved = [entry.result for entry in entries]
    enqueue_changed(Order, Kind.ORDER, seller_id, saved, origin, now)
    return saved


def _order_values(draft: OrderDraft) -> dict[str, Any]:
    record = draft.record
    amounts = {name: rounded(getattr(record, name), MONEY) for name in _ORDER_AMOUNTS}
    return {name: getattr(record, name) for name in _ORDER} | amounts | {"customer_id": draft.customer_id}


def _update_orders(entries: Iterable[_Entry]) -> None:
    rows = []
    for entry in entries:
        draft, item = entry.draft, entry.item
        entry.result.complete = not draft.record.customer_id or draft.customer_id is not None
        if item is None:
            continue
        values = _order_values(draft)
        if not entry.result.complete:
            values["customer_id"] = item.customer_id
        if writable := writable_changes(entry.result, item, values, entry.may_write):
            rows.append(Order(pk=item.id, **_merged(item, values, writable)))
    if rows:
        Order.objects.bulk_update(rows, [*_ORDER, *_ORDER_AMOUNTS, "customer"])


def _save_lines(seller_id: int, entries: Iterable[_Entry]) -> None:
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
                updated.append(OrderLine(pk=item.id, **_merged(item, values, writable)))
        updated += _cancel_lines(entry, matches)
    if updated:
        OrderLine.objects.bulk_update(updated, [*_LINE, *_LINE_AMOUNTS, "variant"])
    OrderLine.objects.bulk_create([row for row, _, _ in new])
    for row, record, result in new:
        result.line_ids[record.external_id] = row.pk


def _match_lines(entry: _Entry) -> dict[str, OrderLineItem]:
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
    return {name: getattr(record, name) for name in _LINE} | {
        "quantity": rounded(record.quantity, THOUSANDTHS),
        "unit_price": rounded(record.unit_price, MONEY),
        "variant_id": variant_id,
    }


def _cancel_lines(entry: _Entry, matches: dict[str, OrderLineItem]) -> list[OrderLine]:
    """Canceled rows for lines that this source has removed from the order."""
    remaining = {record.external_id for record in entry.draft.record.lines}
    rows = []
    for external_id, item in matches.items():
        if external_id not in remaining:
            values = {name: getattr(item, name) for name in (*_LINE, *_LINE_AMOUNTS, "variant_id")}
            status = {"status": str(Order.Status.CANCELLED)}
            if writable_changes(entry.result, item, status, entry.may_write, label=f"{_label(item)}: "):
                rows.append(OrderLine(pk=item.id, **(values | status)))
    return rows


def _save_shipments(seller_id: int, entries: Iterable[_Entry]) -> None:
    replace_shipments(
        seller_id=seller_id,
        reported_by=None,
        wanted=[
            (
                entry.result,
                entry.item.shipments if entry.item else [],
                [build_shipment(record, entry.result.line_ids) for record in entry.draft.record.shipments],
                entry.is_master,
            )
            for entry in entries
            if entry.draft.record.shipments is not None
        ],
    )


def _save_addresses_of_orders(seller_id: int, entries: Iterable[_Entry]) -> None:
    wanted = []
    for entry in entries:
        incoming = entry.draft.record.addresses
        if incoming and entry.is_source and addresses_differ(entry.item.addresses if entry.item else [], incoming):
            if entry.item is not None:
                entry.result.changes["addresses"] = MASKED_CHANGE
            wanted.append((entry.result, incoming))
    replace_addresses(seller_id, "order_id", wanted)


def _merged(before: Any, values: dict[str, Any], writable: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(before, name) for name in values} | writable


def _label(line: OrderLineItem | OrderLineRecord) -> str:
    return line.sku or f"line {line.position}"
