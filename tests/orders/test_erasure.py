"""Personal data of customers and in their orders is erased (M9, A5)."""

from django.utils import timezone

from hub.kinds import Kind
from hub.models import Change, Job
from orders.models import Address, Customer, Order, OrderLine
from orders.policy import POLICY
from orders.services import erase_customers
from orders.services.erasure import ADDRESS_COLUMNS, CUSTOMER_COLUMNS, ORDER_COLUMNS
from tests.factories import make_seller
from tests.orders.importing import address, import_records, line, order


def test_all_columns_that_a_copy_masks_are_erased() -> None:
    for table, columns in (
        ("orders_customer", CUSTOMER_COLUMNS),
        ("orders_address", ADDRESS_COLUMNS),
        ("orders_order", ORDER_COLUMNS),
    ):
        masked = {name for name, rule in POLICY[table].items() if str(rule).startswith(("mask", "empty"))}
        assert masked <= columns.keys()


def test_customers_and_their_orders_are_erased(orders: Job) -> None:
    personal = {"first_name": "Zoe", "last_name": "Zimmer", "email": "zoe@buyer.example"}
    where = address(**personal)
    import_records(orders, order("5", "N-5", line("5-1"), addresses=[where], customer_note="Ring at Zoe's"))
    import_records(orders, order("6", "N-6", line("6-1"), addresses=[where], customer_note="Ring at Zoe's"))
    seller = orders.connection.seller
    customer = Customer.objects.create(seller=seller, note="Zoe", **personal)
    erased, other = Order.objects.order_by("number")
    Order.objects.filter(pk=erased.pk).update(customer=customer, ip_address="192.0.2.1")
    Change.objects.all().delete()
    for _ in range(2):
        assert erase_customers(seller_id=seller.pk, customer_ids=[customer.pk], now=timezone.now()) == 1
    assert erase_customers(seller_id=make_seller("beta").pk, customer_ids=[customer.pk], now=timezone.now()) == 0
    customer.refresh_from_db()
    assert (customer.status, customer.email, customer.last_name) == ("deleted", "", "")
    erased.refresh_from_db()
    rows = [
        erased.__dict__,
        *OrderLine.objects.filter(order=erased).values(),
        *Address.objects.filter(order=erased).values(),
    ]
    assert "Zoe" not in str(rows) and "192.0.2.1" not in str(rows) and erased.total and erased.number == "N-5"
    assert Address.objects.filter(order=other, last_name="Zimmer").exists()
    # The customer is removed from targets; orders are not sent again without their addresses.
    assert set(Change.objects.values_list("kind", flat=True)) <= {Kind.CUSTOMER}
