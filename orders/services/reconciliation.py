"""What people and targets say about the totals of orders (M3, M4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from hub.kinds import Kind
from hub.queue import enqueue
from orders.models import Order, TargetTotals
from orders.services.common import amount, bump_revisions


@dataclass(frozen=True, slots=True)
class ComputedTotals:
    """What a target computed for an order, beside what it was expected to compute. Amounts with tax.

    `differs`: by more than rounding, in total or tax.
    """

    expected_total: Decimal
    expected_tax: Decimal
    total: Decimal
    tax: Decimal | None
    differs: bool


@transaction.atomic
def accept_difference(*, order: Order, now: datetime) -> bool:
    """Send an order although it does not add up. False if it does, or was accepted already.

    The acceptance ends when the difference becomes another one.
    """
    row = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    if row.reconciliation != Order.Reconciliation.DIFFERENT or row.accepted_difference == row.difference:
        return False
    Order.objects.filter(pk=row.pk).update(accepted_difference=row.difference)
    bump_revisions(Order, [row.pk], now)
    enqueue(seller_id=row.seller_id, kind=Kind.ORDER, item_ids=[row.pk], origin=None)
    return True


def save_target_totals(
    *, connection_id: int, totals: Mapping[int, ComputedTotals], sellers: Mapping[int, int], now: datetime
) -> None:
    """Store what a target computed for orders. `totals`: order ID → totals; `sellers`: order ID → seller ID."""
    TargetTotals.objects.bulk_create(
        [
            TargetTotals(
                seller_id=sellers[order_id],
                order_id=order_id,
                connection_id=connection_id,
                expected_total=amount(each.expected_total),
                expected_tax=amount(each.expected_tax),
                total=amount(each.total),
                tax=amount(each.tax),
                difference=amount(each.total - each.expected_total),
                differs=each.differs,
                read_at=now,
            )
            for order_id, each in sorted(totals.items())
        ],
        update_conflicts=True,
        unique_fields=["order", "connection"],
        update_fields=["expected_total", "expected_tax", "total", "tax", "difference", "differs", "read_at"],
    )
