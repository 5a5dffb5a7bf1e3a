"""Lookups of orders, order lines and customers used by several apps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Upper

from hub import links
from hub.kinds import Kind
from orders.models import Customer, Order, OrderLine, TargetTotals


@dataclass(frozen=True, slots=True)
class OrderIdentity:
    """The fields that identify an order and don't change."""

    order_id: int
    number: str
    placed_at: datetime
    source_id: int | None


_IDENTITY = ("pk", "number", "placed_at", "source_id")


def order_identities(*, order_ids: Collection[int]) -> dict[int, OrderIdentity]:
    """Order ID → identity."""
    rows = Order.objects.filter(pk__in=order_ids).values_list(*_IDENTITY)
    return {row[0]: OrderIdentity(*row) for row in rows}


def sellers_of_orders(*, order_ids: Collection[int]) -> dict[int, int]:
    """Order ID → seller ID."""
    return dict(Order.objects.filter(pk__in=order_ids).values_list("pk", "seller"))


def unreconciled_orders(*, seller_id: int | None = None) -> QuerySet[Order]:
    """Orders that do not add up and that nobody accepted, or whose total or tax at a target differs (M3, M4).

    Without `seller_id`: those of all sellers.
    """
    different = Q(reconciliation=Order.Reconciliation.DIFFERENT)
    accepted = Q(accepted_difference__isnull=False, accepted_difference=F("difference"))
    at_target = Q(pk__in=TargetTotals.objects.filter(differs=True).values("order"))
    found = Order.objects.filter((different & ~accepted) | at_target)
    return found if seller_id is None else found.filter(seller_id=seller_id)


def orders_of_source(*, source_id: int, order_ids: Collection[int]) -> set[int]:
    """Those of the orders that were first imported from the source."""
    return set(Order.objects.filter(source_id=source_id, pk__in=order_ids).values_list("pk", flat=True))


def has_orders_to_read_again(*, source_id: int) -> bool:
    """Whether orders of the source were imported by a release that did not read their amounts."""
    return Order.objects.filter(source_id=source_id, read_version=1).exists()


def orders_by_number(*, source_id: int, numbers: Collection[str]) -> dict[str, OrderIdentity]:
    """Order number → order of this source."""
    rows = Order.objects.filter(source_id=source_id, number__in=numbers).exclude(number="").values_list(*_IDENTITY)
    return {row[1]: OrderIdentity(*row) for row in rows}


def orders_of_lines(*, line_ids: Collection[int]) -> dict[int, int]:
    """Order line ID → order ID."""
    return dict(OrderLine.objects.filter(pk__in=line_ids).values_list("pk", "order_id"))


def lines_of_orders(*, order_ids: Collection[int]) -> dict[int, int]:
    """Order line ID → order ID, for all lines of these orders."""
    return dict(OrderLine.objects.filter(order_id__in=order_ids).values_list("pk", "order_id"))


def customers_without_source(*, seller_id: int, emails: Collection[str]) -> dict[str, int]:
    """Uppercase email address → ID of a customer that was created on a B2B storefront, not imported from a source.

    Addresses shared by several of these customers are left out.
    """
    wanted = {email.upper() for email in emails if email}
    imported = links.imported(Kind.CUSTOMER).filter(item_id=OuterRef("pk"))
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
