"""The reconciliation of an order on its page, and accepting a difference (M3, M4)."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from hub.kinds import DataType, Kind
from hub.models import Change
from orders.models import Order, OrderAdjustment, OrderLine
from orders.services import ComputedTotals, save_target_totals
from tests.dashboard.merchants import Merchant
from tests.factories import make_connection, make_job


@pytest.fixture
def order(acorn: Merchant) -> Order:
    """Lines of 250 less 50, shipping of 12.50: 212.50, but a total of 220."""
    order = acorn.order
    OrderLine.objects.filter(order=order).delete()
    OrderLine.objects.create(
        seller=order.seller,
        order=order,
        sku="LAMP",
        quantity=2,
        unit_price=125,
        total_net=160,
        tax=40,
        total_gross=200,
        discount_net=40,
        discount_gross=50,
    )
    for kind, gross in (("shipping", "12.50"), ("coupon", "50")):
        OrderAdjustment.objects.create(seller=order.seller, order=order, kind=kind, title=kind, net=gross, gross=gross)
    Order.objects.filter(pk=order.pk).update(total=220, tax=40, reconciliation="different", difference=Decimal("-7.5"))
    return order


def test_amounts_are_shown_side_by_side(client: Client, acorn: Merchant, order: Order) -> None:
    books = make_connection(order.seller, name="The books")
    totals = ComputedTotals(Decimal("212.50"), Decimal(40), Decimal("215.25"), Decimal("42.75"), differs=True)
    save_target_totals(
        connection_id=books.pk, totals={order.pk: totals}, sellers={order.pk: order.seller_id}, now=timezone.now()
    )
    client.force_login(acorn.owner)
    page = client.get(reverse("dashboard:order", args=[order.seller.slug, order.pk])).content.decode()
    for amount in ("250.00", "-50.00", "212.50", "220.00", "215.25", "42.75", "-7.50"):
        assert amount in page.replace("−", "-"), amount
    assert "The books" in page and "Accept the difference" in page
    home = client.get(reverse("dashboard:overview", args=[order.seller.slug])).content.decode()
    assert 'orders/?amounts=different">1 order</a> doesn’t add up, or differs at a target.' in home


def test_a_difference_is_accepted_once_and_the_order_is_sent(client: Client, acorn: Merchant, order: Order) -> None:
    make_job(make_connection(order.seller), DataType.ORDERS)
    client.force_login(acorn.owner)
    address = reverse("dashboard:accept_difference", args=[order.seller.slug, order.pk])
    for _ in range(2):
        assert client.post(address).status_code == 302
    order.refresh_from_db()
    assert order.accepted_difference == Decimal("-7.5")
    assert Change.objects.get(kind=Kind.ORDER).item_id == order.pk
    assert AuditEvent.objects.filter(action="order.accept").count() == 1
    page = client.get(reverse("dashboard:order", args=[order.seller.slug, order.pk])).content.decode()
    assert "Somebody accepted this difference" in page and "Accept the difference" not in page


def test_orders_that_do_not_add_up_are_found(client: Client, acorn: Merchant, order: Order) -> None:
    Order.objects.create(
        seller=order.seller, source=order.source, number="7", currency="EUR", total=1, placed_at=timezone.now()
    )
    client.force_login(acorn.owner)
    assert "Some orders don’t add up" in client.get("/s/acorn/orders/").content.decode()
    assert client.get("/s/acorn/orders/?amounts=different").context["page"].rows == [order]
