"""What B2B storefronts ask of a Magento shop: customers, addresses, carts and orders."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import requests

from catalog.models import Product, Variant
from common.advisory_locks import advisory_lock
from connectors.models import StorefrontCheckout
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Connection, Link, Run
from orders.models import Customer, Order
from sandbox.process import SandboxProcess
from tests.api.test_storefront_checkouts import ADDRESS, CART
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.two_sellers import ApiClient, key_for

pytestmark = pytest.mark.django_db
SITE = "/api/v1/live/acme"
AMERICAN = ADDRESS | {"city": "Albany", "region_name": "New York", "country_code": "US", "phone": "+1 555 0100"}
METHOD = "tablerate_bestway"


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": "token"}, products=6, customers=2, orders=0, dirty=False)


@pytest.fixture
def front(shop: SandboxProcess) -> ApiClient:
    """A storefront on a shop whose products and customers are linked. Prices of the shop include 20% tax."""
    seller = make_seller("acme", currency="GBP")
    installed = install_connection(
        seller=seller,
        platform="magento",
        name="Acme shop",
        slug="acme-shop",
        base_url=shop.url,
        settings={"b2b_store_id": 1},
        credentials={"access_token": "token"},
        start=False,
    )
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
    for row in shop.state("customers"):
        own = Customer.objects.create(seller=seller, email=row["email"], first_name="Ada", b2b_enabled=True)
        Link.objects.create(connection=installed, kind="customer", external_id=str(row["id"]), item_id=own.pk)
    for parent, child in sold(shop):
        product = Product.objects.create(seller=seller, title=parent["name"])
        variant = Variant.objects.create(seller=seller, product=product, sku=child["sku"])
        for kind, item_id, row in (("product", product.pk, parent), ("variant", variant.pk, child)):
            Link.objects.create(connection=installed, kind=kind, external_id=str(row["id"]), item_id=item_id)
    return key_for(seller)


def sold(shop: SandboxProcess) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A simple product, and a configurable one with the variant that is bought."""
    goods = {row["id"]: row for row in shop.state("goods")}
    simple = next(row for row in goods.values() if row["type_id"] == "simple" and row["visibility"] == 4)
    whole = next(row for row in goods.values() if row["type_id"] == "configurable")
    return [(simple, simple), (whole, goods[whole["extension_attributes"]["configurable_product_links"][-1]])]


def cart(shop: SandboxProcess, **changes: Any) -> dict[str, Any]:
    shop.control("POST", "setting", json={"account": "alpha", "unmanaged": [child["sku"] for _, child in sold(shop)]})
    customer = next(iter(shop.state("customers")))
    lines = [{"external_id": str(child["id"]), "sku": child["sku"], "quantity": 3} for _, child in sold(shop)]
    return {
        "cart_id": CART,
        "customer": {"id": "cu_1", "external_id": str(customer["id"]), "email": customer["email"]},
        "currency_code": "gbp",
        "billing_address": AMERICAN,
        "line_items": lines,
        **changes,
    }


def charged(shop: SandboxProcess) -> Decimal:
    special = {
        row["id"]: next((e["value"] for e in row["custom_attributes"] if e["attribute_code"] == "special_price"), None)
        for _, row in sold(shop)
    }
    return sum((3 * Decimal(str(special[row["id"]] or row["price"])) for _, row in sold(shop)), Decimal(0))


@pytest.mark.django_db(transaction=True)
def test_a_cart_is_computed_by_the_shop_and_becomes_one_order(front: ApiClient, shop: SandboxProcess) -> None:
    first = front.send("POST", f"{SITE}/checkout/calculate", cart(shop))
    assert first.status_code == 200, first.content
    methods = first.json()["available_shipping_methods"]
    assert [(each["id"], each["price"]) for each in methods] == [("flatrate_flatrate", "5.0"), (METHOD, "8.5")]
    assert Decimal(first.json()["totals"]["total"]) == charged(shop)
    chosen = front.send("POST", f"{SITE}/checkout/calculate", cart(shop, shipping_line={"id": METHOD})).json()
    totals = {name: Decimal(amount) for name, amount in chosen["totals"].items()}
    assert totals["total"] == charged(shop) + Decimal("8.5")
    assert totals["subtotal"] + totals["shipping"] + totals["tax"] == totals["total"]
    body = cart(shop, shipping_line={"id": METHOD}, ignite_state=chosen["ignite_state"])
    answers = [front.send("POST", f"{SITE}/checkout/complete", body) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201], answers[0].content
    (order,) = shop.state("orders")
    assert answers[0].json() == answers[1].json() == {"order_external_id": str(order["entity_id"])}
    assert (order["customer_id"], order["payment"]["method"], order["billing_address"]["region_code"]) == (
        int(body["customer"]["external_id"]),
        "checkmo",
        "NY",
    )
    # The order comes back with the storefront's cart, which it replaces there; not with one that was never ordered.
    row = StorefrontCheckout.objects.get()
    StorefrontCheckout.objects.create(storefront=row.storefront, cart_id=uuid4(), shop_cart=row.shop_cart)
    sync(connection=Connection.objects.get(slug="acme-shop"), data_type=DataType.ORDERS, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    imported = Order.objects.get()
    assert (str(imported.cart_id), imported.placed_through_b2b, imported.total) == (CART, True, totals["total"])


def test_an_interrupted_completion_makes_no_second_order(front: ApiClient, shop: SandboxProcess) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    shop.fault("drop", method="PUT", path="/rest/default/V1/carts", when="after", times=1)
    assert front.send("POST", f"{SITE}/checkout/complete", body).status_code == 503
    assert front.send("POST", f"{SITE}/checkout/complete", body).status_code == 201
    (order,) = shop.state("orders")
    assert StorefrontCheckout.objects.get().order_id == str(order["entity_id"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shipping_line": {"id": METHOD}, "currency_code": "eur"}, "GBP, not in EUR"),
        ({"shipping_line": {"id": "ups_11"}}, "shipping method"),
        ({"shipping_line": {"id": METHOD}, "ignite_state": {"shop_cart": "", "total": "1.00"}}, "total"),
    ],
)
def test_what_cannot_be_sold_leaves_no_order_and_an_empty_cart(
    front: ApiClient, shop: SandboxProcess, changes: dict[str, Any], reason: str
) -> None:
    answer = front.send("POST", f"{SITE}/checkout/complete", cart(shop, **changes))
    assert answer.status_code == 400 and reason in answer.json()["detail"]
    assert not list(shop.state("orders")) and all(not each["items"] for each in shop.state("carts"))


def test_prices_that_differ_and_what_the_customer_put_into_the_cart_are_left_alone(
    front: ApiClient, shop: SandboxProcess
) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    body["line_items"][0]["price"] = "0.01"
    answer = front.send("POST", f"{SITE}/checkout/calculate", body)
    assert answer.status_code == 400 and "the storefront at 0.01" in answer.json()["detail"]
    customer = int(body["customer"]["external_id"])
    put_into_cart(shop, customer, body["line_items"][0]["sku"], 1)
    answer = front.send("POST", f"{SITE}/checkout/complete", cart(shop, shipping_line={"id": METHOD}))
    assert answer.status_code == 400 and "another cart" in answer.json()["detail"]
    assert [each["items"][0]["qty"] for each in shop.state("carts")] == [1]


def at_shop(shop: SandboxProcess, path: str, body: Any, method: str = "POST") -> Any:
    """The answer to a call that the customer's browser could have caused."""
    headers = {"Authorization": "Bearer token"}
    answer = requests.request(method, f"{shop.url}/rest/default/V1{path}", json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.json()


def put_into_cart(shop: SandboxProcess, customer: int | str, sku: str, quantity: int) -> int:
    """Add something to the customer's cart of the shop, and return the cart's ID."""
    number = int(at_shop(shop, f"/customers/{customer}/carts", None))
    at_shop(shop, f"/carts/{number}/items", {"cartItem": {"sku": sku, "qty": quantity, "quote_id": str(number)}})
    return number


def take_out(shop: SandboxProcess, sku: str | None = None) -> None:
    """The customer takes a product, or everything, out of the cart of the shop."""
    for each in in_cart(shop):
        if sku in (None, each["sku"]):
            at_shop(shop, f"/carts/{each['quote_id']}/items/{each['item_id']}", None, "DELETE")


def in_cart(shop: SandboxProcess) -> list[dict[str, Any]]:
    return [item for each in shop.state("carts") if each["is_active"] for item in each["items"]]


def other_sku(shop: SandboxProcess) -> str:
    """A product that no cart of these tests orders."""
    used = {row["sku"] for pair in sold(shop) for row in pair}
    [found, *_] = [row["sku"] for row in shop.state("offered") if row["sku"] not in used and is_simple(shop, row["id"])]
    return str(found)


def is_simple(shop: SandboxProcess, number: int) -> bool:
    return any(row["id"] == number and row["type_id"] == "simple" for row in shop.state("goods"))


def interrupted(front: ApiClient, shop: SandboxProcess, **changes: Any) -> dict[str, Any]:
    """A cart whose order the shop did not make, and did not say so."""
    body = cart(shop, shipping_line={"id": METHOD}, **changes)
    shop.fault("status", status=503, method="PUT", path="/order$", times=1)
    assert front.send("POST", f"{SITE}/checkout/complete", body).status_code == 503
    assert len(in_cart(shop)) == 2 and not list(shop.state("orders"))
    return body


def test_what_the_customer_adds_meanwhile_is_not_ordered(front: ApiClient, shop: SandboxProcess) -> None:
    body, extra = interrupted(front, shop), other_sku(shop)
    allow(shop, extra)
    put_into_cart(shop, body["customer"]["external_id"], extra, 1)
    answer = front.send("POST", f"{SITE}/checkout/complete", body)
    assert answer.status_code == 400 and "another cart" in answer.json()["detail"]
    assert len(in_cart(shop)) == 3 and not list(shop.state("orders"))
    take_out(shop, extra)
    late = front.send("POST", f"{SITE}/checkout/complete", body | {"ignite_state": {"total": "1.00"}})
    assert late.status_code == 400 and "The total is" in late.json()["detail"] and not list(shop.state("orders"))
    assert front.send("POST", f"{SITE}/checkout/complete", body).status_code == 201
    [order] = shop.state("orders")
    assert StorefrontCheckout.objects.get().order_id == str(order["entity_id"])


def allow(shop: SandboxProcess, sku: str) -> None:
    skus = [sku, *(child["sku"] for _, child in sold(shop))]
    shop.control("POST", "setting", json={"account": "alpha", "unmanaged": skus})


@pytest.mark.parametrize("of_another_cart", [False, True])
def test_an_order_of_other_things_is_not_reported_as_the_carts(
    front: ApiClient, shop: SandboxProcess, of_another_cart: bool
) -> None:
    body = interrupted(front, shop)
    known = StorefrontCheckout.objects.get()
    take_out(shop, body["line_items"][0]["sku"])
    other = at_shop(shop, f"/carts/{known.shop_cart}/order", {"paymentMethod": {"method": "checkmo"}}, "PUT")
    if of_another_cart:
        StorefrontCheckout.objects.create(
            storefront=known.storefront, cart_id=uuid4(), shop_cart=known.shop_cart, order_id=str(other)
        )
    answer = front.send("POST", f"{SITE}/checkout/complete", body)
    known.refresh_from_db()
    orders = [str(each["entity_id"]) for each in shop.state("orders")]
    if of_another_cart:
        assert answer.status_code == 201 and orders == [str(other), known.order_id]
    else:
        assert answer.status_code == 400 and f"order ID {other}" in answer.json()["detail"]
        assert orders == [str(other)] and not known.order_id


def test_a_customer_who_left_the_payment_page_can_order_again(front: ApiClient, shop: SandboxProcess) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    state = front.send("POST", f"{SITE}/checkout/calculate", body).json()["ignite_state"]
    pay = body | {"ignite_state": state, "payment_type": "upfrontPayment"}
    assert "redirect_url" in front.send("POST", f"{SITE}/checkout/complete", pay).json()
    again = front.send("POST", f"{SITE}/checkout/calculate", body | {"ignite_state": state})
    assert again.status_code == 200 and len(in_cart(shop)) == 2, again.content
    # Another cart would empty the one that may be paid at this moment.
    other = body | {"cart_id": str(uuid4()), "line_items": body["line_items"][:1]}
    rejected = front.send("POST", f"{SITE}/checkout/calculate", other)
    assert rejected.status_code == 400 and "another cart" in rejected.json()["detail"] and len(in_cart(shop)) == 2
    take_out(shop)
    assert front.send("POST", f"{SITE}/checkout/calculate", other).status_code == 200
    assert not StorefrontCheckout.objects.exists()  # what is ordered in the shop from now on is not this cart
    assert front.send("POST", f"{SITE}/checkout/complete", other).status_code == 201


def test_a_refused_order_leaves_the_cart_as_it_was(front: ApiClient, shop: SandboxProcess) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    shop.fault("status", status=400, body={"message": "No such payment."}, method="PUT", path="/order$", times=1)
    rejected = front.send("POST", f"{SITE}/checkout/complete", body)
    assert rejected.status_code == 400 and "No such payment" in rejected.json()["detail"] and not in_cart(shop)
    assert front.send("POST", f"{SITE}/checkout/calculate", body).status_code == 200
    assert front.send("POST", f"{SITE}/checkout/complete", body).status_code == 201


def test_a_calculation_takes_out_only_what_it_put_in(front: ApiClient, shop: SandboxProcess) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    put_into_cart(shop, body["customer"]["external_id"], body["line_items"][0]["sku"], 3)
    own = in_cart(shop)
    assert front.send("POST", f"{SITE}/checkout/calculate", body).status_code == 200
    assert in_cart(shop) == own
    # An item whose answer is lost is taken out as well.
    shop.fault("drop", method="POST", path="/items$", when="after", times=1)
    assert front.send("POST", f"{SITE}/checkout/calculate", body).status_code == 503
    assert in_cart(shop) == own


def test_a_cart_that_cannot_be_emptied_hides_neither_the_quote_nor_the_reason(
    front: ApiClient, shop: SandboxProcess
) -> None:
    body = cart(shop, shipping_line={"id": METHOD})
    shop.fault("status", status=400, method="DELETE", path="/items/")
    dear = body | {"line_items": [body["line_items"][0] | {"price": "0.01"}, body["line_items"][1]]}
    rejected = front.send("POST", f"{SITE}/checkout/calculate", dear)
    assert rejected.status_code == 400 and "the storefront at 0.01" in rejected.json()["detail"]
    assert front.send("POST", f"{SITE}/checkout/calculate", body).status_code == 200


def test_calls_about_a_customer_wait_for_each_other_but_not_for_ever(
    front: ApiClient, shop: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.services.storefront_shops.WAIT_SECONDS", 1)
    connection = Connection.objects.get(slug="acme-shop")
    body = cart(shop, shipping_line={"id": METHOD})
    number = body["customer"]["external_id"]
    own = f"synccenter-{Link.objects.get(connection=connection, kind='customer', external_id=number).item_id}"
    with advisory_lock(f"checkouts {connection.pk} {number}"), advisory_lock(f"customers {connection.pk} {number}"):
        answers = [
            front.send("POST", f"{SITE}/checkout/calculate", body),
            front.send("POST", f"{SITE}/checkout/complete", body | {"customer": {"external_id": own}}),
            front.send("POST", f"{SITE}/customers/{number}/addresses", AMERICAN),
        ]
    assert [each.status_code for each in answers] == [503] * 3
    assert all("still running" in each.json()["detail"] for each in answers)
    assert not list(shop.state("carts")) and not list(shop.state("orders"))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_no_address_is_lost_if_the_shop_does_not_say_which_it_has(
    front: ApiClient, shop: SandboxProcess, method: str
) -> None:
    customer = next(iter(shop.state("customers")))
    places = f"{SITE}/customers/{customer['id']}/addresses"
    assert front.send("POST", places, AMERICAN).status_code == 201
    before = [each["id"] for each in rows(shop)[customer["email"]]["addresses"]]
    shop.fault("rewrite", method=method, path=r"/customers/\d+$", find='"addresses"', replace='"places"', times=1)
    assert front.send("POST", places, AMERICAN | {"city": "Troy"}).status_code == 503
    after = [each["id"] for each in rows(shop)[customer["email"]]["addresses"]]
    assert after[: len(before)] == before and len(after) == len(before) + (method == "PUT")


def test_sub_accounts_and_addresses_reach_the_shop(front: ApiClient, shop: SandboxProcess) -> None:
    parent = next(iter(shop.state("customers")))
    person = {"email": "bob@climbing.example", "first_name": "Bob", "last_name": "Jones", "role": "limited-customer"}
    body = person | {"parent_customer_external_id": str(parent["id"])}
    number = front.send("POST", f"{SITE}/sub-accounts", body).json()["customer_external_id"]
    assert rows(shop)[person["email"]]["id"] == int(number)
    taken = front.send("POST", f"{SITE}/sub-accounts", body | {"email": list(rows(shop))[1].upper()})
    assert (taken.status_code, taken.json()["error_code"]) == (400, "email-already-taken")
    assert front.send("PATCH", f"{SITE}/sub-accounts/{number}", {"first_name": "Max"}).status_code == 200
    assert rows(shop)[person["email"]]["firstname"] == "Max"
    places = f"{SITE}/customers/{number}/addresses"
    made = front.send("POST", places, AMERICAN | {"is_default_billing": True})
    assert made.status_code == 201, made.content
    first = made.json()["customer_address_external_id"]
    front.send("POST", places, ADDRESS | {"phone": "1", "is_default_billing": True})
    assert front.send("PUT", f"{places}/{first}", AMERICAN | {"city": "Troy"}).status_code == 200
    stored = rows(shop)[person["email"]]["addresses"]
    assert {(each["city"], each["default_billing"]) for each in stored} == {("Troy", False), ("Hull", True)}
    assert next(each for each in stored if each["id"] == int(first))["region"]["region_id"] == 43
    assert [front.send("DELETE", f"{places}/{first}").status_code for _ in range(2)] == [204, 204]
    assert [each["city"] for each in rows(shop)[person["email"]]["addresses"]] == ["Hull"]
    assert front.send("DELETE", f"{SITE}/sub-accounts/{number}").status_code == 204
    assert person["email"] not in rows(shop)


def rows(shop: SandboxProcess) -> dict[str, dict[str, Any]]:
    return {row["email"]: row for row in shop.state("customers")}


def test_a_missing_right_is_named(front: ApiClient, shop: SandboxProcess) -> None:
    shop.control("POST", "setting", json={"account": "alpha", "denied": ["Magento_Cart::manage"]})
    answer = front.send("POST", f"{SITE}/checkout/calculate", cart(shop))
    assert answer.status_code == 400 and "Magento_Cart::manage" in answer.json()["detail"]
