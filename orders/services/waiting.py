"""What happens to orders and customers when they, or something that they refer to, come or go at the source."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import DecimalField, F, Value
from django.db.models.functions import Greatest

from hub.kinds import Kind
from hub.queue import enqueue
from orders.models import Customer, Order, OrderLine
from orders.services.common import Changes, bump_revisions

_ZERO = Value(0, output_field=DecimalField(max_digits=14, decimal_places=3))


@transaction.atomic
def assign_customers(
    *, seller_id: int, source_id: int, customers: Mapping[str, int], origin: int | None, now: datetime
) -> int:
    """Give orders of a source their customers, who were imported after them (M10). Returns the number of orders.

    `customers`: external ID → our ID.
    """
    waiting = Order.objects.filter(
        seller_id=seller_id, source_id=source_id, customer=None, customer_reference__in=list(customers)
    ).exclude(customer_reference="")
    rows = list(waiting.order_by("pk").select_for_update(no_key=True).only("pk", "customer_reference"))
    for row in rows:
        row.customer_id = customers[row.customer_reference]
    Order.objects.bulk_update(rows, ["customer"])
    _changed(seller_id, [row.pk for row in rows], origin, now)
    return len(rows)


@transaction.atomic
def assign_parents(*, seller_id: int, parents: Mapping[int, int], origin: int | None, now: datetime) -> None:
    """Give customers (our ID) their parent accounts, which were imported after them (C2)."""
    rows = Customer.objects.filter(seller_id=seller_id, pk__in=parents.keys()).order_by("pk")
    found = [row for row in rows.select_for_update(no_key=True) if parents[row.pk] not in (row.pk, row.parent_id)]
    for row in found:
        row.parent_id = parents[row.pk]
    Customer.objects.bulk_update(found, ["parent"])
    changed = [row.pk for row in found]
    bump_revisions(Customer, changed, now)
    enqueue(seller_id=seller_id, kind=Kind.CUSTOMER, item_ids=changed, origin=origin)


@transaction.atomic
def assign_variants(*, seller_id: int, variants: Mapping[int, int], origin: int | None, now: datetime) -> set[int]:
    """Give order lines (our ID) their variants, which were imported after them (C2). Returns the IDs of the orders."""
    orders = Order.objects.filter(seller_id=seller_id, lines__in=variants.keys()).distinct()
    order_ids = sorted(orders.values_list("pk", flat=True))
    lines = list(OrderLine.objects.filter(order__in=order_ids, pk__in=variants.keys(), variant=None).order_by("pk"))
    for line in lines:
        line.variant_id = variants[line.pk]
    OrderLine.objects.bulk_update(lines, ["variant"])
    changed = {line.order_id for line in lines}
    _changed(seller_id, changed, origin, now)
    return changed


@transaction.atomic
def cancel_orders(
    *, seller_id: int, source_id: int, order_ids: Collection[int], origin: int | None, now: datetime
) -> dict[int, Changes]:
    """Cancel orders that their source no longer has, with everything that is open (M9). Returns ID → changes.

    Orders that were first imported from another source are left alone, and so is what was shipped.
    """
    ended = (Order.Status.CANCELLED, Order.Status.RETURNED, Order.Status.REFUNDED)
    rows = Order.objects.filter(seller_id=seller_id, source_id=source_id, pk__in=order_ids).exclude(status__in=ended)
    before = dict(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", "status"))
    Order.objects.filter(pk__in=before.keys()).update(status=Order.Status.CANCELLED)
    left = F("quantity") - F("quantity_refunded") - F("quantity_shipped")
    lines = OrderLine.objects.filter(order_id__in=before.keys())
    lines.update(quantity_cancelled=Greatest(F("quantity_cancelled"), left, _ZERO))
    lines.filter(quantity_cancelled=F("quantity")).update(status=Order.Status.CANCELLED)
    _changed(seller_id, before.keys(), origin, now)
    return {pk: {"status": [status, str(Order.Status.CANCELLED)]} for pk, status in before.items()}


def keep_unread_orders(*, source_id: int) -> None:
    """After all orders of a source were read: those that it did not return stay as an earlier release read them."""
    Order.objects.filter(source_id=source_id, read_version=1).update(read_version=0)


def _changed(seller_id: int, order_ids: Collection[int], origin: int | None, now: datetime) -> None:
    bump_revisions(Order, order_ids, now)
    enqueue(seller_id=seller_id, kind=Kind.ORDER, item_ids=order_ids, origin=origin)
