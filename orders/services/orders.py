"""Saves orders with their lines, shipments and addresses."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from hub.field_registry import FieldType, stored_fields
from hub.kinds import Kind
from hub.models import Master
from orders.amounts import balance
from orders.items import load_orders
from orders.models import Order
from orders.models.orders import READ_VERSION
from orders.records import OrderRecord
from orders.services.adjustments import build_adjustments, build_refund, replace_adjustments, replace_refunds
from orders.services.common import (
    MASKED_CHANGE,
    SaveResult,
    addresses_differ,
    amount,
    enqueue_changed,
    lock_and_load,
    replace_addresses,
    rounded,
    writable_changes,
)
from orders.services.entries import ORDER_AMOUNTS, Entry, OrderDraft, merged
from orders.services.lines import save_lines
from orders.services.shipments import build_shipment, replace_shipments

# What is stored as it was read; amounts and the exchange rate are rounded.
_ORDER = tuple(field.name for field in stored_fields(OrderRecord) if field.type is not FieldType.DECIMAL)
_RATE_PLACES = Decimal("0.0000000001")


@transaction.atomic
def save_orders(
    *, seller_id: int, drafts: Sequence[OrderDraft], groups: Collection[str], origin: int, now: datetime
) -> list[SaveResult]:
    """Save a page of drafts of one seller in order, in a fixed number of statements. Raises like save_customers.

    `origin` is the connection they were read from; it becomes the source of new orders. A line that is new from this
    connection is first matched by SKU with the existing lines of the order. Records are completed (orders.amounts).
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
            Entry(
                draft=draft,
                result=SaveResult(next(created).pk if item is None else item.id, created=item is None),
                item=item,
                is_source=item is None or item.source_id == origin,
                is_master=item is None or Master.Group.ORDERS in groups,
            )
        )
    _update_orders(entries)
    save_lines(seller_id, entries)
    _save_adjustments(seller_id, entries)
    _save_shipments(seller_id, entries)
    _save_refunds(seller_id, entries)
    _save_addresses_of_orders(seller_id, entries)
    saved = [entry.result for entry in entries]
    enqueue_changed(Order, Kind.ORDER, seller_id, saved, origin, now)
    return saved


def _order_values(draft: OrderDraft) -> dict[str, Any]:
    record = draft.record
    amounts = {name: amount(getattr(record, name)) for name in ORDER_AMOUNTS}
    rate = None if record.exchange_rate is None else rounded(record.exchange_rate, _RATE_PLACES)
    added_up = balance(record)
    own = {
        "customer_id": draft.customer_id,
        "customer_reference": record.customer_id,
        "exchange_rate": rate,
        "reconciliation": added_up.reconciliation,
        "difference": amount(added_up.difference),
    }
    return {name: getattr(record, name) for name in _ORDER} | amounts | own


def _update_orders(entries: Iterable[Entry]) -> None:
    rows = []
    for entry in entries:
        draft, item = entry.draft, entry.item
        entry.result.complete = not draft.record.customer_id or draft.customer_id is not None
        if item is None:
            continue
        values = _order_values(draft)
        if not entry.result.complete:
            values["customer_id"] = item.customer_id
        # No change of the order: it says with which release the order was read.
        version = READ_VERSION if entry.is_source else item.read_version
        writable = writable_changes(entry.result, item, values, entry.may_write)
        if writable or version != item.read_version:
            rows.append(Order(pk=item.id, read_version=version, **merged(item, values, writable)))
    if rows:
        own = ("customer", "customer_reference", "exchange_rate", "reconciliation", "difference", "read_version")
        Order.objects.bulk_update(rows, [*_ORDER, *ORDER_AMOUNTS, *own])


def _save_adjustments(seller_id: int, entries: Iterable[Entry]) -> None:
    replace_adjustments(
        seller_id,
        [
            (entry.result, entry.item.adjustments if entry.item else [], build_adjustments(records), entry.is_master)
            for entry in entries
            if (records := entry.draft.record.adjustments) is not None
        ],
    )


def _save_refunds(seller_id: int, entries: Iterable[Entry]) -> None:
    replace_refunds(
        seller_id,
        [
            (
                entry.result,
                entry.item.refunds if entry.item else [],
                [build_refund(record, entry.result.line_ids) for record in records],
                entry.is_master,
            )
            for entry in entries
            if (records := entry.draft.record.refunds) is not None
        ],
    )


def _save_shipments(seller_id: int, entries: Iterable[Entry]) -> None:
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


def _save_addresses_of_orders(seller_id: int, entries: Iterable[Entry]) -> None:
    wanted = []
    for entry in entries:
        incoming = entry.draft.record.addresses
        if incoming and entry.is_source and addresses_differ(entry.item.addresses if entry.item else [], incoming):
            if entry.item is not None:
                entry.result.changes["addresses"] = MASKED_CHANGE
            wanted.append((entry.result, incoming))
    replace_addresses(seller_id, "order_id", wanted)
