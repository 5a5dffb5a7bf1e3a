"""Orders with their lines, shipments and addresses."""

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
# What becomes of an order is the business of the master of orders (L17). What was said when it was placed is not: that
# comes from the connection that brought the order, and no other writes it.
_MASTER_FIELDS = {"status", "source_status", *_ORDER_AMOUNTS, *_LINE_AMOUNTS}


@dataclass(slots=True)
class OrderDraft:
    """A record with everything it refers to resolved to our ids. `order_id` None makes a new order.

    `line_ids` are all lines that this source has brought for the order before, by external id: those that the record
    lacks are cancelled. `variant_ids` are the variants of the record's lines, by the line's external id.
    """

    record: OrderRecord
    order_id: int | None = None
    customer_id: int | None = None
    line_ids: dict[str, int] = field(default_factory=dict)
    variant_ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    """A draft of an order, what it was before (None: it is new), and what its source may write of it."""

    draft: OrderDraft
    result: SaveResult
    item: OrderItem | None
    is_source: bool
    is_master: bool

    def may_write(self, name: str) -> bool | None:
        """None: this was never the source's to say, so that a difference is no conflict."""
        return self.is_master if name in _MASTER_FIELDS else (self.is_source or None)


@transaction.atomic
def save_orders(
    *, seller_id: int, drafts: Sequence[OrderDraft], groups: Collection[str], origin: int, now: datetime
) -> list[SaveResult]:
    """Write drafts of one seller, in their order; whole pages in a fixed number of statements. Raises as above.

    `origin` is the connection they come from, and the source of those that are new. A line that this connection has
    not brought before is first looked for among the order's lines with the same SKU.
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
    """External id → the line of the order that it names, by what this source brought before, else by SKU."""
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
    # A variant that was found once stays, though its link or its SKU may be gone by now.
    if variant_id is None and item is not None and item.sku == record.sku:
        variant_id = item.variant_id
    return {name: getattr(record, name) for name in _LINE} | {
        "quantity": rounded(record.quantity, THOUSANDTHS),
        "unit_price": rounded(record.unit_price, MONEY),
        "variant_id": variant_id,
    }


def _cancel_lines(entry: _Entry, matches: dict[str, OrderLineItem]) -> list[OrderLine]:
    """Lines that this source has brought and has no more in the order."""
    left = {record.external_id for record in entry.draft.record.lines}
    rows = []
    for external_id, item in matches.items():
        if external_id not in left:
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
