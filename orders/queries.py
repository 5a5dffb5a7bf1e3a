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


# Kinds of lines that are no variant: sets are made of other lines, the rest is no product.
WITHOUT_VARIANT = (OrderLine.Kind.BUNDLE, OrderLine.Kind.KIT, OrderLine.Kind.CUSTOM, OrderLine.Kind.GIFT_CARD)

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

    Without `seller_id`: those of all sellers. A union, because each half has an index and OR would read all orders.
    """
    of_seller = {} if seller_id is None else {"seller_id": seller_id}
    accepted = Q(accepted_difference__isnull=False, accepted_difference=F("difference"))
    different = Order.objects.filter(reconciliation=Order.Reconciliation.DIFFERENT, **of_seller).exclude(accepted)
    at_target = TargetTotals.objects.filter(differs=True, **of_seller)
    return Order.objects.filter(pk__in=different.values("pk").union(at_target.values("order")), **of_seller)


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


OPEN_STATUSES = (Order.Status.PENDING, Order.Status.CONFIRMED, Order.Status.PARTLY_SHIPPED)


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line of an open order with a SKU that no variant had when it was imported."""

    line_id: int
    order_id: int
    sku: str
    number: str
    source_id: int | None


def _without_variant(seller_id: int) -> QuerySet[OrderLine]:
    rows = OrderLine.objects.filter(seller=seller_id, variant=None, order__status__in=OPEN_STATUSES)
    return rows.exclude(sku="").exclude(kind__in=WITHOUT_VARIANT)


def orders_without_variants(*, seller_id: int) -> list[int]:
    """The IDs of open orders with lines whose variant is not known."""
    return sorted(set(_without_variant(seller_id).values_list("order", flat=True)))


def lines_without_variant(
    *, seller_id: int, skus: Collection[str] | None = None, order_ids: Collection[int] | None = None
) -> list[UnknownLine]:
    """Lines of open orders whose variant is not known: those with the SKUs, or those of the orders."""
    rows = _without_variant(seller_id)
    if skus is not None:
        rows = rows.filter(sku__in=skus)
    if order_ids is not None:
        rows = rows.filter(order__in=order_ids)
    found = rows.order_by("pk").values_list("pk", "order", "sku", "order__number", "order__source")
    return [UnknownLine(*row) for row in found]


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
