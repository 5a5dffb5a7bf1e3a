"""Requests that SparkLayer sends to an integration, as its pages print them, with other names (Ignite)."""

from typing import Any

import pytest

from hub.models import Connection
from orders.models import Customer
from tests.two_sellers import TwoSellers, key_for

SITE = "/api/v1/live/site-north"
# https://docs.sparklayer.io/ignite/api/new-platform-connection
CONNECT = {
    "store_id": "5678",
    "spark_api_client_id": "0b1cf4ac-51cb-4836-9a79-d425afc6e280",
    "spark_api_client_secret": "aBcUwJZRfsnpB7nENulMW67prs94QYbu2DXHL3Sh",
    "extra_config": {"woocommerce_api_key": "<key>", "woocommerce_basic_pass": "<pass>"},
    "magento_consumer_key": "<consumer_key>",
    "magento_access_token_secret": "<token_secret>",
}
# https://docs.sparklayer.io/ignite/api/create-an-update-a-customer
CUSTOMER = {
    "email": "eve@example.com",
    "first_name": "Eve",
    "last_name": "Rope",
    "company_name": "Rope & Sons",
    "sales_agent_groups": ["group-9"],
    "price_lists": ["10-off"],
    "customer_discount_percentage": 10,
    "group": "10-off",
    "role": "limited-customer",
}
# https://docs.sparklayer.io/ignite/create-a-new-customer-sub-account
SUB_ACCOUNT = {"email": "ed@example.com", "first_name": "Ed", "last_name": "Rope", "role": "limited-customer"}
# https://docs.sparklayer.io/ignite/api/create-a-new-customer-address
ADDRESS = {
    "title": "Ms",
    "first_name": "Eve",
    "last_name": "Rope",
    "company": "Rope & Sons",
    "address_line1": "Example Estate",
    "address_line2": "South Side",
    "city": "Townville",
    "region_name": "Nevada",
    "region_code": "NV",
    "postal_code": "54321",
    "country_code": "US",
    "phone": "+44 (0) 987654321",
    "is_default_shipping": True,
    "is_default_billing": True,
    "is_temporary": False,
}


def test_the_printed_requests_are_answered_as_printed(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    assert client.send("POST", SITE, CONNECT).status_code == 204
    created = client.send("PUT", f"{SITE}/customers", CUSTOMER)
    number = created.json()["customer_external_id"]
    assert (created.status_code, set(created.json())) == (201, {"customer_external_id"})
    below = client.send("POST", f"{SITE}/sub-accounts", SUB_ACCOUNT | {"parent_customer_external_id": number})
    assert (below.status_code, set(below.json())) == (201, {"customer_external_id"})
    again = client.send("POST", f"{SITE}/sub-accounts", SUB_ACCOUNT | {"parent_customer_external_id": number})
    assert (again.status_code, again.json()["error_code"]) == (400, "email-already-taken")
    address = client.send("POST", f"{SITE}/customers/{number}/addresses", ADDRESS)
    assert address.status_code == 201
    expected = {"title", "first_name", "last_name", "company", "address_line1", "address_line2", "city", "region_code"}
    assert expected | {"postal_code", "country_code", "phone", "customer_address_external_id"} <= address.json().keys()
    own = Customer.objects.get(email="eve@example.com")
    assert (own.group.name, own.price_lists, own.discount_percentage) == ("10-off", ["10-off"], 10)
    assert own.addresses.get().region == "Nevada"
    assert Customer.objects.get(email="ed@example.com").parent == own
    assert client.send("POST", f"{SITE}/status/customers").status_code == 201
    assert client.send("POST", f"{SITE}/status/customers").status_code == 400
    assert client.send("DELETE", SITE).status_code == 204
    assert Connection.objects.get(slug="north-front").state == "uninstalled"


@pytest.mark.parametrize(("path", "missing"), [("customers", "last_name"), ("sub-accounts", "first_name")])
def test_a_starred_field_is_required(two_sellers: TwoSellers, path: str, missing: str) -> None:
    body: dict[str, Any] = {**SUB_ACCOUNT, "parent_customer_external_id": "1"}
    del body[missing]
    method = "PUT" if path == "customers" else "POST"
    answer = key_for(two_sellers.north.seller).send(method, f"{SITE}/{path}", body)
    assert answer.status_code == 400 and answer.json()["errors"][0]["property"] == missing


def test_the_printed_verification_is_read(two_sellers: TwoSellers) -> None:
    """The paper shop offers no proof of who is signed in."""
    answer = key_for(two_sellers.north.seller).send("POST", f"{SITE}/authentication/verify", {"data": "<data>"})
    assert answer.status_code == 400 and "no proof" in answer.json()["detail"]
