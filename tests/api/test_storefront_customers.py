"""Customers created on a B2B storefront are saved and exported."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from accounts.models import AuditEvent
from connectors.services.storefront_customers import StorefrontCustomer, receive_customer
from hub.models import Change, Link, Master
from orders.models import Customer
from synclog.models import Issue
from tests.factories import make_connection, make_job
from tests.two_sellers import TwoSellers, key_for

ADDRESS = "/api/v1/live/site-north/customers"
BOB = {
    "email": "Bob@Climbing.example",
    "first_name": "Bob",
    "last_name": "Jones",
    "company_name": "Climbing Ltd",
    "sales_agent_groups": ["north"],
    "price_lists": ["trade"],
    "customer_discount_percentage": 25,
    "group": "Trade",
    "role": "limited-customer",
    "addresses": [
        {
            "title": "Mr",
            "first_name": "Bob",
            "last_name": "Jones",
            "address_line1": "1 High Street",
            "city": "Leeds",
            "postal_code": "LS1",
            "country_code": "GB",
            "is_default_billing": True,
        }
    ],
}


def put(two_sellers: TwoSellers, body: dict[str, Any], address: str = ADDRESS) -> Any:
    return key_for(two_sellers.north.seller).send("PUT", address, body)


def test_a_customer_is_created_and_exported(two_sellers: TwoSellers) -> None:
    shop = make_connection(two_sellers.north.seller)
    job = make_job(shop, "customers")
    answer = put(two_sellers, BOB)
    customer = Customer.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"customer_external_id": f"synccenter-{customer.pk}"})
    assert (customer.seller, customer.email, customer.company_name) == (
        two_sellers.north.seller,
        BOB["email"],
        "Climbing Ltd",
    )
    assert (customer.group.name, customer.price_lists, customer.discount_percentage) == ("Trade", ["trade"], 25)
    assert customer.b2b_enabled and customer.parent is None
    address = customer.addresses.get()
    assert (address.street, address.city, address.country, address.use) == ("1 High Street", "Leeds", "GB", "billing")
    assert list(Change.objects.values_list("job", "item_id")) == [(job.pk, customer.pk)], "not back to the storefront"
    assert AuditEvent.objects.filter(action="customer.receive").count() == 1


def test_the_same_email_is_the_same_customer_and_missing_fields_are_kept(two_sellers: TwoSellers) -> None:
    first = put(two_sellers, BOB).json()
    again = {"email": "BOB@climbing.example", "first_name": "Robert", "last_name": "Jones"}
    assert put(two_sellers, again).json() == first
    customer = Customer.objects.get()
    assert (customer.first_name, customer.company_name, customer.price_lists) == ("Robert", "Climbing Ltd", ["trade"])
    assert customer.addresses.count() == 1


def test_the_storefront_gets_our_id_even_if_the_shop_has_the_customer(two_sellers: TwoSellers) -> None:
    put(two_sellers, BOB)
    Link.objects.create(
        connection=two_sellers.north.shop, kind="customer", external_id="81", item_id=Customer.objects.get().pk
    )
    two_sellers.north.storefront.refresh_from_db()
    answer = put(two_sellers, BOB).json()["customer_external_id"]
    assert answer == f"synccenter-{Customer.objects.get().pk}", "the paper storefront doesn't use the shop's IDs"


@pytest.mark.parametrize(
    ("invalid", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"last_name": None}, "last_name"),
        ({"customer_discount_percentage": 101}, "customer_discount_percentage"),
        ({"company_name": "x\0"}, "company_name"),
        ({"company_name": "x" * 300}, "company_name"),
        ({"addresses": [{"country_code": "Britain"}]}, "country_code"),
    ],
)
def test_invalid_fields_are_named_and_nothing_is_created(
    two_sellers: TwoSellers, invalid: dict[str, Any], field: str
) -> None:
    answer = put(two_sellers, BOB | invalid)
    assert answer.status_code == 400
    assert field in answer.json()["errors"][0]["property"]
    assert not Customer.objects.exists()


def test_the_source_of_truth_for_customers_wins(two_sellers: TwoSellers) -> None:
    put(two_sellers, BOB)
    Master.objects.create(
        seller=two_sellers.north.seller, group=Master.Group.CUSTOMERS, connection=two_sellers.north.shop
    )
    assert put(two_sellers, BOB | {"company_name": "Other Ltd"}).status_code == 201
    assert Customer.objects.get().company_name == "Climbing Ltd"
    issue = Issue.objects.get(code="not_source_of_truth")
    assert "Customers: Company" in issue.message and issue.external_id == f"customer:{Customer.objects.get().pk}"


def test_of_two_customers_with_one_email_the_one_at_the_storefront_is_updated(two_sellers: TwoSellers) -> None:
    put(two_sellers, BOB)
    first = Customer.objects.get()
    Customer.objects.create(seller=two_sellers.north.seller, email=BOB["email"].lower())
    answer = put(two_sellers, BOB | {"first_name": "Robert"})
    assert answer.status_code == 400 and "Several" in answer.json()["detail"]
    Link.objects.create(connection=two_sellers.north.storefront, kind="customer", external_id="x", item_id=first.pk)
    assert put(two_sellers, BOB | {"first_name": "Robert"}).status_code == 201
    first.refresh_from_db()
    assert first.first_name == "Robert"


def test_other_environments_and_sellers_find_no_site(two_sellers: TwoSellers) -> None:
    assert put(two_sellers, BOB, "/api/v1/test/site-north/customers").status_code == 404
    assert key_for(two_sellers.south.seller).send("PUT", ADDRESS, BOB).status_code == 404
    assert key_for(two_sellers.north.seller, scopes=["sync:trigger"]).send("PUT", ADDRESS, BOB).status_code == 403
    assert not Customer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_concurrent_calls_create_a_customer_only_once(two_sellers: TwoSellers) -> None:
    customer = StorefrontCustomer(email="new@example.com", first_name="Ada", last_name="New")

    def receive(_: int) -> str:
        try:
            return receive_customer(storefront=two_sellers.north.storefront, customer=customer, by=None)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(receive, range(4)))) == 1
    assert Customer.objects.count() == 1
