"""The report of orders that do not reconcile, for operators (M3, M4)."""

from decimal import Decimal

import pytest
from django.contrib.admin import site
from django.test import RequestFactory
from django.utils import timezone

from hub.models import Job
from orders.admin import ReconciliationFilter
from orders.models import Order
from orders.queries import unreconciled_orders
from orders.services import ComputedTotals, accept_difference, save_target_totals
from tests.factories import make_seller
from tests.orders.importing import import_records, line, order


@pytest.fixture
def found(orders: Job) -> dict[str, Order]:
    """N-1 adds up, N-2 does not, N-3 and N-4 have totals of a target, of which that of N-4 differs."""
    for number in "1234":
        import_records(orders, order(number, f"N-{number}", line(f"{number}-1")))
    stored = {row.number: row for row in Order.objects.all()}
    different = {"reconciliation": "different", "difference": Decimal(5)}
    Order.objects.filter(number="N-2").update(**different)
    totals = {
        stored[number].pk: ComputedTotals(Decimal(10), Decimal(2), Decimal(total), None, differs=total != "10")
        for number, total in (("N-3", "10"), ("N-4", "11"))
    }
    sellers = dict.fromkeys(totals, orders.connection.seller_id)
    save_target_totals(connection_id=orders.connection_id, totals=totals, sellers=sellers, now=timezone.now())
    return stored


def test_open_differences_are_found(found: dict[str, Order], orders: Job) -> None:
    def numbers(seller_id: int | None = None) -> list[str]:
        return sorted(unreconciled_orders(seller_id=seller_id).values_list("number", flat=True))

    assert numbers() == numbers(orders.connection.seller_id) == ["N-2", "N-4"]
    assert numbers(make_seller("beta").pk) == []
    accept_difference(order=found["N-2"], now=timezone.now())
    assert numbers() == ["N-4"]
    Order.objects.filter(number="N-2").update(difference=Decimal(6))
    assert numbers() == ["N-2", "N-4"]


@pytest.mark.parametrize(("value", "shown"), [("open", ["N-2", "N-4"]), ("source", ["N-2"]), ("target", ["N-4"])])
def test_operators_filter_the_list_of_orders(found: dict[str, Order], value: str, shown: list[str]) -> None:
    request = RequestFactory().get("/admin/orders/order/", {"differences": value})
    chosen = ReconciliationFilter(request, {"differences": [value]}, Order, site.get_model_admin(Order))
    rows = chosen.queryset(request, Order.objects.all())
    assert sorted(rows.values_list("number", flat=True)) == shown
