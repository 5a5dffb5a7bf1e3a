"""Saves shipments reported by an ERP, in addition to those of other reporters (S9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from hub.kinds import Kind
from hub.models import Master
from orders.items import OrderItem, OrderLineItem, load_orders
from orders.models import Order, OrderLine
from orders.records import FulfilmentRecord
from orders.services.common import SaveResult, enqueue_changed, lock_and_load, writable_changes
from orders.services.shipments import build_shipment, replace_shipments

_Status = Order.Status
# Statuses that shipments change. All others are kept.
_NOT_YET_SHIPPED = {_Status.PENDING, _Status.CONFIRMED, _Status.PARTLY_SHIPPED}


@dataclass(slots=True)
class FulfilmentDraft:
    """A record with its order. `line_ids`: external ID → ID of the order lines that were exported to the reporter."""

    record: FulfilmentRecord
    order_id: int
    line_ids: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def save_fulfilments(
    *,
    seller_id: int,
    drafts: Sequence[FulfilmentDraft],
    groups: frozenset[str],
    by_vendor: bool,
    origin: int,
    now: datetime,
) -> list[SaveResult]:
    """Save shipments of one seller's orders that the connection `origin` reported. Raises like save_orders.

    Vendors may always write the shipments of their own part (`by_vendor`). The status of orders and lines is updated
    from the shipments only if `groups` contains orders, that is, if `origin` may write them (L17).
    """
    master = Master.Group.ORDERS in groups
    known = lock_and_load(Order, load_orders, [draft.order_id for draft in drafts])
    saved = [SaveResult(draft.order_id, created=False) for draft in drafts]
    reported = [
        [build_shipment(record, draft.line_ids, reported_by=origin) for record in draft.record.shipments]
        for draft in drafts
    ]
    replace_shipments(
        seller_id=seller_id,
        reported_by=origin,
        wanted=[
            (result, known[draft.order_id].shipments, shipments, by_vendor or master)
            for draft, result, shipments in zip(drafts, saved, reported, strict=True)
        ],
    )
    if master:
        _advance_statuses(saved)
    enqueue_changed(Order, Kind.ORDER, seller_id, saved, origin, now)
    return saved


def _advance_statuses(saved: Sequence[SaveResult]) -> None:
    """Update the status of orders and lines whose shipments changed. A status never moves back."""
    changed = load_orders([result.item_id for result in saved if result.changes])
    orders, lines = [], []
    for result in saved:
        if (item := changed.get(result.item_id)) is None:
            continue
        shipped, left = item.shipped_quantities(), item.open_quantities()
        for line in item.lines:
            if line.status in _NOT_YET_SHIPPED and shipped[line.id]:
                status = _Status.PARTLY_SHIPPED if left[line.id] else _Status.SHIPPED
                if _set_status(result, line, status, f"{line.sku or f'line {line.position}'}: "):
                    lines.append(OrderLine(pk=line.id, status=status))
                    line.status = str(status)
        if item.status in _NOT_YET_SHIPPED and any(shipped.values()):
            # What is never shipped does not keep an order partly shipped (M6).
            unshipped = any(line.needs_shipping and left[line.id] for line in item.lines)
            status = _Status.PARTLY_SHIPPED if unshipped else _Status.SHIPPED
            if _set_status(result, item, status):
                orders.append(Order(pk=item.id, status=status))
    OrderLine.objects.bulk_update(lines, ["status"])
    Order.objects.bulk_update(orders, ["status"])


def _set_status(result: SaveResult, item: OrderItem | OrderLineItem, status: _Status, label: str = "") -> bool:
    return bool(writable_changes(result, item, {"status": str(status)}, lambda name: True, label=label))
