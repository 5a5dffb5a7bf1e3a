"""Erases personal data of customers and in their orders (M9, A5). Numbers and amounts stay, because books need them."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from orders.models import Address, Customer, Order, OrderLine
from orders.services.customers import delete_customers

# The columns that may identify a person, and what they are set to.
CUSTOMER_COLUMNS = {
    "email": "", "first_name": "", "last_name": "", "company_name": "", "phone": "", "tax_id": "", "accounting_id": "",
    "sales_agent_groups": [], "note": "",
}  # fmt: skip
ADDRESS_COLUMNS = {
    "external_id": "", "first_name": "", "last_name": "", "company": "", "street": "", "street2": "", "city": "",
    "region": "", "postcode": "", "phone": "", "email": "",
}  # fmt: skip
ORDER_COLUMNS = {"cart_id": "", "customer_note": "", "internal_note": "", "ip_address": None}


@transaction.atomic
def erase_customers(*, seller_id: int, customer_ids: Collection[int], now: datetime) -> int:
    """Erase these customers of a seller, and the personal data in their orders; returns how many were found.

    Customers become deleted, which targets are told as usual. Orders are not sent again: what a target has of them is
    erased there. Erasing again changes nothing.
    """
    delete_customers(seller_id=seller_id, customer_ids=customer_ids, origin=None, now=now)
    customers = Customer.objects.filter(seller_id=seller_id, pk__in=customer_ids)
    found = list(customers.values_list("pk", flat=True))
    customers.update(**CUSTOMER_COLUMNS)
    Address.objects.filter(customer_id__in=found).delete()
    orders = Order.objects.filter(seller_id=seller_id, customer_id__in=found)
    erase_orders(seller_id=seller_id, order_ids=list(orders.values_list("pk", flat=True)))
    return len(found)


@transaction.atomic
def erase_orders(*, seller_id: int, order_ids: Collection[int]) -> int:
    """Erase the personal data in these orders of a seller, such as those of guests; returns how many were found.

    Titles of lines are erased too: personalized goods name the customer.
    """
    found = list(Order.objects.filter(seller_id=seller_id, pk__in=order_ids).values_list("pk", flat=True))
    Order.objects.filter(pk__in=found).update(**ORDER_COLUMNS)
    OrderLine.objects.filter(order_id__in=found).update(title="")
    Address.objects.filter(order_id__in=found).update(**ADDRESS_COLUMNS)
    return len(found)
