"""Carts of B2B storefronts are computed by the shop and become one order (BigCommerce)."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEvent
from catalog.models import Variant
from connectors.models import StorefrontCheckout
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Connection, Job, Link, Run
from orders.models import Customer, Order
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.two_sellers import ApiClient, key_for

pytestmark = pytest.mark.django_db(transaction=True)
SITE = "/api/v1/live/acme/checkout"
CART = "8c1f0d1e-7dec-11d0-a765-00a0c91e6bf6"
ADDRESS = {
    "first_name": "Eve",
    "last_name": "Rope",
    "address_line1": "3 Ropewalk",
    "city": "Hull",
    "postal_code": "HU1",
    "country_code": "GB",
}


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("bigcommerce", accounts={"shop": "token"}, products=2, customers=2, dirty=False, quota=100_000)


@pytest.fixture
def front(store: SandboxProcess, sandbox: Callable[..., SandboxProcess]) -> ApiClient:
    seller = make_seller("acme", currency="GBP")
    install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{store.url}/stores/shop",
        credentials={"access_token": "token"},
    )
    work_until_idle()
    install_connection(
        seller=seller,
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url="http://127.0.0.1:9",
        settings={"site_id": "acme", "client_id": "c", "checkout": True},
        credentials={"client_secret": "word"},
        start=False,
    )
    return key_for(seller)


def external_id(kind: str, pk: int) -> str:
    return Link.objects.get(connection__slug="acme-shop", kind=kind, item_id=pk).external_id


def cart(**changes: Any) -> dict[str, Any]:
    variant, customer = Variant.objects.order_by("pk")[0], Customer.objects.order_by("pk")[0]
    line = {"external_id": external_id("variant", variant.pk), "sku": variant.sku, "quantity": 3, "price": "10.00"}
    return {
        "cart_id": CART,
        "customer": {"id": "cu_1", "external_id": external_id("customer", customer.pk), "email": customer.email},
        "currency_code": "gbp",
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "line_items": [line],
        **changes,
    }


def quote(front: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = front.send("POST", f"{SITE}/calculate", cart(**changes))
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("forged", ["../../v2/orders", "../customers?id:in=1", "another-cart"])
def test_a_cart_that_was_not_returned_before_is_left_alone(
    front: ApiClient, store: SandboxProcess, forged: str
) -> None:
    """Whoever has a key could otherwise delete carts, customers or orders of the shop."""
    store.clear_calls()
    answer = front.send("POST", f"{SITE}/calculate", cart(ignite_state={"shop_cart": forged}))
    assert answer.status_code == 400 and "ignite_state" in answer.json()["detail"]
    assert store.calls() == []


def test_a_cart_is_computed_by_the_shop_and_becomes_one_order(front: ApiClient, store: SandboxProcess) -> None:
    first = quote(front)
    assert [each["title"] for each in first["available_shipping_methods"]] == ["Flat Rate", "Ship by Weight"]
    assert first["totals"] == {"subtotal": "30.0", "shipping": "0.0", "tax": "6.0", "total": "36.0"}
    method = first["available_shipping_methods"][1]["id"]
    chosen = quote(front, shipping_line={"id": method}, ignite_state=first["ignite_state"])
    assert chosen["totals"] == {"subtotal": "30.0", "shipping": "8.5", "tax": "7.7", "total": "46.2"}
    body = cart(shipping_line={"id": method}, ignite_state=chosen["ignite_state"])
    answers = [front.send("POST", f"{SITE}/complete", body) for _ in range(3)]
    number = answers[0].json()["order_external_id"]
    assert [(each.status_code, each.json()) for each in answers] == [(201, {"order_external_id": number})] * 3
    (order,) = store.state("orders")
    assert (str(order["id"]), order["status_id"], order["customer_id"]) == (
        number,
        7,
        int(body["customer"]["external_id"]),
    )
    assert AuditEvent.objects.filter(action="checkout.complete").count() == 1
    # The order comes back with the storefront's cart, which it replaces there.
    run(DataType.ORDERS)
    assert str(Order.objects.get().cart_id) == CART
    assert front.send("POST", f"{SITE}/calculate", cart()).status_code == 400


def run(data_type: DataType) -> None:
    sync(connection=Connection.objects.get(slug="acme-shop"), data_type=data_type, trigger=Run.Trigger.BUTTON)
    work_until_idle()


def test_an_interrupted_completion_makes_no_second_order(front: ApiClient, store: SandboxProcess) -> None:
    method = quote(front)["available_shipping_methods"][0]["id"]
    body = cart(shipping_line={"id": method})
    # The order is made, and the answer to the change of its status is lost.
    store.fault("status", status=503, method="PUT", path="/v2/orders/", times=1)
    assert front.send("POST", f"{SITE}/complete", body).status_code == 503
    assert front.send("POST", f"{SITE}/complete", body).status_code == 201
    (order,) = store.state("orders")
    assert order["status_id"] == 7
    assert StorefrontCheckout.objects.get().order_id == str(order["id"])


def test_a_customer_who_pays_up_front_is_sent_to_the_shop(front: ApiClient, store: SandboxProcess) -> None:
    method = quote(front)["available_shipping_methods"][0]["id"]
    body = cart(shipping_line={"id": method}, payment_type="upfrontPayment")
    answer = front.send("POST", f"{SITE}/complete", body)
    assert answer.status_code == 201 and answer.json().keys() == {"redirect_url"}
    assert answer.json()["redirect_url"].startswith("https://") and not list(store.state("orders"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {
                "ignite_state": {"shop_cart": "", "total": "1.00"},
                "shipping_line": {"id": "shipping_flatrate:Flat Rate"},
            },
            "total",
        ),
        ({}, "shipping method"),
        ({"customer": {"external_id": "987654"}}, "customer 987654"),
        ({"line_items": [{"sku": "NONE", "quantity": 1}]}, "NONE"),
        ({"line_items": [{"sku": "NONE", "quantity": 0}]}, "quantity"),
    ],
)
def test_a_cart_that_cannot_be_sold_makes_no_order(
    front: ApiClient, store: SandboxProcess, changes: dict[str, Any], reason: str
) -> None:
    answer = front.send("POST", f"{SITE}/complete", cart(**changes))
    assert answer.status_code in (400, 404) and reason in answer.json()["detail"]
    assert not list(store.state("orders")) and not StorefrontCheckout.objects.exists()


def test_checkouts_are_off_by_default(front: ApiClient, store: SandboxProcess) -> None:
    Connection.objects.filter(slug="acme-b2b").update(settings={"site_id": "acme", "client_id": "c"})
    answer = front.send("POST", f"{SITE}/calculate", cart())
    assert answer.status_code == 400 and "off for this storefront" in answer.json()["detail"]
    assert Job.objects.filter(connection__slug="acme-b2b").exists()
