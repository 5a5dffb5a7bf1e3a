"""Customers and orders: lists and single records."""

from django.db.models import Prefetch, QuerySet

from accounts.models import Seller
from dashboard.keyset import Keyset, Page
from dashboard.queries.item_records import ItemRecords
from hub.kinds import Kind
from orders.models import (
    Customer,
    Order,
    OrderAdjustment,
    OrderLine,
    Refund,
    Shipment,
    ShipmentLine,
    TargetTotals,
)
from orders.queries import unreconciled_orders


def customers(*, seller: Seller, keyset: Keyset, search: str = "", status: str = "") -> Page[Customer]:
    """A page of customers, newest first. `search` is a prefix of an email address or of a last name."""
    found = Customer.objects.filter(seller=seller).select_related("group")
    if status:
        found = found.filter(status=status)
    if not search:
        return keyset.page(keyset.apply(found))
    return keyset.page(
        keyset.apply(found.filter(email__istartswith=search)),
        keyset.apply(found.filter(last_name__istartswith=search)),
    )


def customer(*, seller: Seller, customer_id: int) -> Customer:
    """The customer with group, parent and addresses. Raises Customer.DoesNotExist, also for another seller's."""
    return (
        Customer.objects.select_related("group", "parent")
        .prefetch_related("addresses")
        .get(seller=seller, pk=customer_id)
    )


def customer_records(*, customer: Customer) -> ItemRecords:
    return ItemRecords(customer.seller, (Kind.CUSTOMER, customer.pk))


def orders(*, seller: Seller, keyset: Keyset, search: str = "", status: str = "", amounts: str = "") -> Page[Order]:
    """A page of orders, latest placed first. `search` is a prefix of an order number.

    `keyset` must page by `placed_at`. `amounts` `different`: only orders that don't add up (M3, M4).
    """
    own = unreconciled_orders(seller_id=seller.pk) if amounts else Order.objects.filter(seller=seller)
    found = own.select_related("customer", "source")
    if status:
        found = found.filter(status=status)
    if search:
        found = found.filter(number__startswith=search)
    return keyset.page(keyset.apply(found))


def order(*, seller: Seller, order_id: int) -> Order:
    """The order with customer, source, addresses, lines, charges, refunds, totals of targets and shipments.

    Raises Order.DoesNotExist, also for another seller's.
    """
    shipped = ShipmentLine.objects.select_related("order_line")
    return (
        Order.objects.select_related("customer", "source")
        .prefetch_related(
            "addresses",
            Prefetch("adjustments", OrderAdjustment.objects.order_by("position", "id")),
            Prefetch("refunds", Refund.objects.order_by("id")),
            Prefetch("target_totals", TargetTotals.objects.select_related("connection").order_by("id")),
            Prefetch("lines", OrderLine.objects.select_related("variant").order_by("position", "id")),
            Prefetch("shipments", Shipment.objects.select_related("reported_by").order_by("id")),
            Prefetch("shipments__lines", shipped.order_by("id")),
        )
        .get(seller=seller, pk=order_id)
    )


def latest_orders_of(*, customer: Customer, limit: int = 10) -> QuerySet[Order]:
    return Order.objects.filter(seller=customer.seller, customer=customer).order_by("-placed_at")[:limit]


def order_records(*, order: Order) -> ItemRecords:
    lines = [line.pk for line in order.lines.all()]
    return ItemRecords(order.seller, (Kind.ORDER, order.pk), {Kind.ORDER_LINE: lines})
