"""Who holds what: questions about orders that several rooms ask."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.db.models.functions import Upper

from hub.kinds import Kind
from hub.models import Link
from orders.models import Customer, Order, OrderLine


@dataclass(frozen=True, slots=True)
class OrderIdentity:
    """What tells one order from another, whatever else changes about it."""

    order_id: int
    number: str
    placed_at: datetime
    source_id: int | None


_IDENTITY = ("pk", "number", "placed_at", "source_id")


def order_identities(*, order_ids: Collection[int]) -> dict[int, OrderIdentity]:
    rows = Order.objects.filter(pk__in=order_ids).values_list(*_IDENTITY)
    return {row[0]: OrderIdentity(*row) for row in rows}


def sellers_of_orders(*, order_ids: Collection[int]) -> dict[int, int]:
    """Order → its seller."""
    return dict(Order.objects.filter(pk__in=order_ids).values_list("pk", "seller"))


def orders_by_number(*, source_id: int, numbers: Collection[str]) -> dict[str, OrderIdentity]:
    """Order number → the order of this source that has it."""
    rows = Order.objects.filter(source_id=source_id, number__in=numbers).exclude(number="").values_list(*_IDENTITY)
    return {row[1]: OrderIdentity(*row) for row in rows}


def orders_of_lines(*, line_ids: Collection[int]) -> dict[int, int]:
    """Order line → its order."""
    return dict(OrderLine.objects.filter(pk__in=line_ids).values_list("pk", "order_id"))


def lines_of_orders(*, order_ids: Collection[int]) -> dict[int, int]:
    """Order line → its order, for all lines of the orders."""
    return dict(OrderLine.objects.filter(order_id__in=order_ids).values_list("pk", "order_id"))


def customers_without_source(*, seller_id: int, emails: Collection[str]) -> dict[str, int]:
    """E-mail address (in capitals) → the customer who has it and was brought by no source: one who was made at a B2B
    front. Left out where two have it."""
    wanted = {email.upper() for email in emails if email}
    imported = Link.objects.filter(kind=Kind.CUSTOMER, item_id=OuterRef("pk"), received_hash__isnull=False)
    rows = (
        Customer.objects.annotate(name=Upper("email"))
        .filter(~Exists(imported), seller_id=seller_id, name__in=wanted)
        .exclude(status=Customer.Status.DELETED)
        .values_list("name", "pk")
    )
    found: dict[str, list[int]] = {}
    for email, pk in rows:
        found.setdefault(email, []).append(pk)
    return {email: pks[0] for email, pks in found.items() if len(pks) == 1}
