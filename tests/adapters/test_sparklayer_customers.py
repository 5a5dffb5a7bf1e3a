"""SparkLayer: customers, orders and store settings."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import StoreItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.records import AddressRecord
from hub.kinds import DataType, Kind
from orders.items import CustomerItem, OrderLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from tests.adapters.samples import customer, order
from tests.adapters.test_sparklayer_catalog import sent
from tests.adapters.writing import NOTHING, creations

CUSTOMERS, ORDERS, SETTINGS = DataType.CUSTOMERS, DataType.ORDERS, DataType.SETTINGS
Open = Callable[..., Adapter]


@pytest.fixture
def site(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("sparklayer")


@pytest.fixture
def storefront(open_adapter: Open) -> Adapter:
    return open_adapter("sparklayer")


def put(adapter: Adapter, path: str, body: dict[str, Any]) -> None:
    """Write data directly to SparkLayer, without the adapter's payloads."""
    adapter.client.call("PUT", path, body=body)


# Customers


def test_a_customer_has_all_required_fields(storefront: Adapter, site: SandboxProcess) -> None:
    refs = References({}, {(Kind.CUSTOMER, 1): "81", (Kind.CUSTOMER, 2): "82"})
    for item in (customer(2), customer(1, parent_id=2)):
        (outcome,) = storefront.target(CUSTOMERS).send(
            [Operation(Action.CREATE, item.id, "", storefront.target(CUSTOMERS).payload(item, refs))]
        )
        assert outcome.error is None
    there = {row["external_id"]: row for row in site.state("customers")}
    row = there["81"]
    assert (row["email"], row["company_name"], row["group"]) == (customer(1).email, "Buyers Ltd", "Trade")
    assert (row["accounting_id"], row["sales_agent_groups"], row["price_lists"]) == ("A-1", ["north"], ["shop-price"])
    assert (row["discount_percentage"], row["payment_on_account"]) == (2.5, {"enabled": True})
    assert (row["parent_customer_id"], row["status"]) == ("82", "active")
    (address,) = row["addresses"]
    assert (address["address_line1"], address["city"], address["country_code"]) == ("1 High Street", "Leeds", "GB")


def test_default_addresses_are_named_and_marked(storefront: Adapter, site: SandboxProcess) -> None:
    """The first of each use. A replacement, where a partial update is refused, keeps them."""
    place = {"street": "1 High Street", "city": "Sydney", "country": "AU", "region": "NSW"}
    uses = ("other", "shipping", "billing", "billing")
    addresses = [AddressRecord(external_id=f"a{n}", use=use, **place) for n, use in enumerate(uses)]
    sent(storefront, CUSTOMERS, before := customer(1, addresses=addresses))
    site.fault("status", status=405, method="PATCH")
    assert update(storefront, before, customer(1, addresses=addresses, first_name="Max")).error is None
    (there,) = site.state("customers")
    assert (there["first_name"], there["default_billing_address_id"]) == ("Max", "a2")
    assert there["default_shipping_address_id"] == "a1"
    assert [each["is_default_billing"] for each in there["addresses"]] == [False, False, True, True]
    assert {(each["region_code"], each["region_name"]) for each in there["addresses"]} == {("NSW", "NSW")}


@pytest.mark.parametrize("partial", [True, False])
def test_the_code_of_a_region_does_not_survive_a_move(storefront: Adapter, site: SandboxProcess, partial: bool) -> None:
    """Not all short names of regions are codes."""
    place = {"street": "1 High Street", "city": "Fresno", "country": "US"}
    before, *moves = (
        customer(1, addresses=[AddressRecord(region=region, **place)]) for region in ("CA", "Texas", "NY", "Goa")
    )
    sent(storefront, CUSTOMERS, before)
    if not partial:
        site.fault("status", status=405, method="PATCH")
    found = []
    for after in moves:
        assert update(storefront, before, after).error is None
        (there,) = site.state("customers")
        found += [(each["region_code"], each["region_name"]) for each in there["addresses"]]
        before = after
    assert found == [("", "Texas"), ("NY", "NY"), ("", "Goa")]


def test_only_customers_enabled_for_b2b_are_sent(storefront: Adapter) -> None:
    assert storefront.target(CUSTOMERS).payload(customer(1, b2b_enabled=False), NOTHING) is None


def test_an_incomplete_address_is_reported_with_field_names(storefront: Adapter) -> None:
    gappy = customer(1, addresses=[AddressRecord(street="1 High Street", city="Leeds", country="GB"), AddressRecord()])
    with pytest.raises(SkipRecord, match="line 1 of address 2") as raised:
        storefront.target(CUSTOMERS).payload(gappy, NOTHING)
    assert raised.value.fix


OWN_FIELDS = {"role": "limited-customer", "tax_exempt": True, "company_name": "Own Ltd", "price_lists": ["own"]}
OWN_TERMS = {"enabled": False, "credit_limit": 500, "balance": 20, "balance_date": "2026-01-01"}
OWN_ADDRESS = {"external_id": None, "address_line1": "Dock 1", "city": "Hull", "country_code": "GB"}


def edit(adapter: Adapter, site: SandboxProcess, **changes: Any) -> None:
    """Change the only customer in SparkLayer's dashboard."""
    (there,) = site.state("customers")
    put(adapter, f"/api/v2/customers/sparklayer/{there['id']}", there | changes)


def update(adapter: Adapter, before: CustomerItem, after: CustomerItem) -> Outcome:
    target = adapter.target(CUSTOMERS)
    previous, payload = target.payload(before, NOTHING), target.payload(after, NOTHING)
    (outcome,) = target.send([Operation(Action.UPDATE, after.id, "synccenter-1", payload, previous)])
    return outcome


@pytest.mark.parametrize("partial", [True, False])
def test_nothing_entered_in_the_dashboard_is_lost(storefront: Adapter, site: SandboxProcess, partial: bool) -> None:
    before = customer(1, price_lists=[], company_name="")
    sent(storefront, CUSTOMERS, before)
    (there,) = site.state("customers")
    addresses = [there["addresses"][0] | {"nickname": "Office"}, OWN_ADDRESS]
    edit(storefront, site, **OWN_FIELDS, payment_on_account=OWN_TERMS, addresses=addresses)
    if not partial:
        site.fault("status", status=405, method="PATCH")
    moved = AddressRecord(street="2 High Street", city="Leeds", country="GB")
    after = customer(1, price_lists=[], company_name="", first_name="Max", payment_on_account=False, addresses=[moved])
    assert update(storefront, before, after).error is None
    (there,) = site.state("customers")
    assert there["first_name"] == "Max"
    assert {name: there[name] for name in OWN_FIELDS} == OWN_FIELDS
    # A balance that is sent is booked.
    assert there["payment_on_account"] == {"enabled": False, "credit_limit": 500}
    own, other = there["addresses"]
    assert (own["address_line1"], own["nickname"], other) == ("2 High Street", "Office", OWN_ADDRESS)


def test_only_what_changed_is_sent(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, CUSTOMERS, customer(1))
    edit(storefront, site, last_name="Typed there")
    site.clear_calls()
    assert update(storefront, customer(1), customer(1, first_name="Max")).error is None
    (there,) = site.state("customers")
    assert (there["first_name"], there["last_name"]) == ("Max", "Typed there")
    assert [call["method"] for call in site.calls()] == ["PATCH"]


def test_a_customer_of_the_storefront_keeps_what_it_has(storefront: Adapter, site: SandboxProcess) -> None:
    """Also one that we never sent: it was created by another integration under the shop's ID."""
    body = {"external_id": "synccenter-1", "email": customer(1).email, "first_name": "A", "last_name": "B"}
    put(storefront, "/api/v2/customers/platform/synccenter-1", body | {"role": "limited-customer"})
    sent(storefront, CUSTOMERS, customer(1))
    (there,) = site.state("customers")
    assert (there["first_name"], there["role"]) == ("Sam", "limited-customer")


def test_fields_cleared_in_the_shop_are_cleared(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, CUSTOMERS, customer(1))
    update(storefront, customer(1), customer(1, group="", discount_percentage=None, accounting_id="", addresses=[]))
    (there,) = site.state("customers")
    assert (there["group"], there["discount_percentage"], there["accounting_id"]) == (None, None, None)
    assert there["addresses"] == [] and there["price_lists"] == ["shop-price"]


def test_a_deleted_customer_is_created_again(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, CUSTOMERS, customer(1))
    storefront.client.call("DELETE", "/api/v2/customers/platform/synccenter-1")
    assert update(storefront, customer(1), customer(1, first_name="Max")).error is None
    (there,) = site.state("customers")
    assert (there["first_name"], there["company_name"]) == ("Max", "Buyers Ltd")


def test_a_customer_with_a_known_email_address_is_linked(storefront: Adapter, site: SandboxProcess) -> None:
    email = customer(1).email
    body = {"email": email, "first_name": "A", "last_name": "B", "role": "limited-customer"}
    put(storefront, f"/api/v2/customers/email/{email}", body)
    sent(storefront, CUSTOMERS, customer(1))
    (there,) = site.state("customers")
    assert (there["external_id"], there["role"]) == ("synccenter-1", "limited-customer")


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_a_second_customer_with_an_email_address_does_not_take_over_the_account(
    storefront: Adapter, site: SandboxProcess, action: Action
) -> None:
    target, first, second = storefront.target(CUSTOMERS), customer(1), customer(2)
    sent(storefront, CUSTOMERS, first)
    previous = None
    if action is Action.UPDATE:
        sent(storefront, CUSTOMERS, second)
        previous = target.payload(second, NOTHING)
    before = list(site.state("customers"))
    payload = target.payload(customer(2, email=first.email), NOTHING)
    (outcome,) = target.send([Operation(action, 2, "synccenter-2" if previous else "", payload, previous)])
    assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "customer_email_in_use"
    assert outcome.error.problem.values == {"customer": "synccenter-2", "holder": "synccenter-1"}
    assert list(site.state("customers")) == before


@pytest.mark.parametrize("status", [409, 503])
def test_exceptions_contain_no_personal_data(storefront: Adapter, site: SandboxProcess, status: int) -> None:
    email = customer(1).email
    put(storefront, f"/api/v2/customers/email/{email}", {"email": email, "first_name": "A", "last_name": "B"})
    site.fault("status", status=status, path="/customers/email/")
    try:
        (outcome,) = storefront.target(CUSTOMERS).send(creations(storefront, CUSTOMERS, [customer(1)]))
    except TryAgainLater as error:
        outcome = Outcome(error=error)
    assert isinstance(outcome.error, TryAgainLater)
    assert "/customers/" in str(outcome.error) and email.partition("@")[0] not in str(outcome.error)


def test_a_customer_later_added_to_the_shop_keeps_the_account(storefront: Adapter, site: SandboxProcess) -> None:
    (created,) = sent(storefront, CUSTOMERS, customer(1))
    (before,) = site.state("customers")
    payload = storefront.target(CUSTOMERS).payload(
        customer(1, email="new@example.com"), References({}, {(Kind.CUSTOMER, 1): "81"})
    )
    (outcome,) = storefront.target(CUSTOMERS).send([Operation(Action.UPDATE, 1, created.external_id, payload)])
    (there,) = site.state("customers")
    assert (outcome.external_id, there["external_id"], there["id"]) == ("81", "81", before["id"])


def test_a_customer_waits_for_its_parent_and_does_not_affect_others(storefront: Adapter, site: SandboxProcess) -> None:
    operations = creations(storefront, CUSTOMERS, [customer(1, parent_id=2), customer(3)])
    child, other = storefront.target(CUSTOMERS).send(operations)
    assert other.error is None
    assert isinstance(child.error, TryAgainLater) and child.error.not_before is not None
    sent(storefront, CUSTOMERS, customer(2), customer(1, parent_id=2))


def test_a_group_missing_in_the_storefront_is_reported(storefront: Adapter) -> None:
    (outcome,) = storefront.target(CUSTOMERS).send(creations(storefront, CUSTOMERS, [customer(1, group="Pirates")]))
    assert isinstance(outcome.error, SkipRecord) and "Pirates" in str(outcome.error)


# Orders


def lines(*statuses: str) -> list[OrderLineItem]:
    return [
        OrderLineItem(10 + n, 1, None, n, f"SKU-{n}", f"Lamp {n}", "", Decimal(4), Decimal("12.5"), status)
        for n, status in enumerate(statuses)
    ]


def packages(row: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    return [(each["type"], {line["sku"]: line["quantity"] for line in each["line_items"]}) for each in row["packages"]]


def test_an_order_replaces_its_cart(storefront: Adapter, site: SandboxProcess) -> None:
    cart = {
        "type": "order_unconfirmed",
        "purchase_identifiers": {"sparklayer": "cart-1"},
        "customer_identifiers": {},
        "dates": {},
        "packages": [],
        "accounting_files": [],
        "custom_fields": [],
    }
    put(storefront, "/api/v1/purchases/sparklayer/cart-1", cart)
    refs = References({}, {(Kind.ORDER, 1): "9001", (Kind.CUSTOMER, 3): "83", (Kind.ORDER_LINE, 10): "77"})
    buyer = {"external_id": "83", "email": "b@example.com", "first_name": "A", "last_name": "B"}
    put(storefront, "/api/v2/customers/platform/83", buyer)
    payload = storefront.target(ORDERS).payload(order(1, cart_id="cart-1", tax=Decimal("2.00")), refs)
    (outcome,) = storefront.target(ORDERS).send([Operation(Action.CREATE, 1, "", payload)])
    assert (outcome.error, outcome.external_id) == (None, "cart-1")
    (there,) = site.state("purchases")
    assert there["type"] == "order"
    assert there["purchase_identifiers"] == {"sparklayer": "cart-1", "platform": "9001", "visible": "101"}
    assert there["customer_identifiers"]["sparklayer"].startswith("cu_")
    assert there["tax_lines"] == [{"title": "Tax", "amount": {"number": "2", "currency": "GBP"}}]
    assert packages(there) == [("shipment", {"SKU-10": 1}), ("incoming", {"SKU-10": 1})]
    shipment, rest = there["packages"]
    assert [each["tracking_number"] for each in shipment["shipments"]] == ["TRACK-1"]
    assert rest["line_items"][0]["identifiers"] == {"platform": "77"}
    assert rest["line_items"][0]["line_total"]["total_net"] == {"number": "12.5", "currency": "GBP"}


def test_shipments_returns_and_cancellations_are_packages(storefront: Adapter) -> None:
    item = order(1, status="partly_shipped", lines=lines("pending", "cancelled", "returned", "shipped"))
    item.shipments = [
        ShipmentItem("s1", "post", ["T1"], None, {10: Decimal(1), 11: Decimal(1), 12: Decimal(4)}),
        ShipmentItem("s2", "post", ["T2"], None, {10: Decimal(2)}),
    ]
    assert packages(storefront.target(ORDERS).payload(item, NOTHING)) == [
        ("shipment", {"SKU-0": 1, "SKU-1": 1}),
        ("shipment", {"SKU-0": 2}),
        ("incoming", {"SKU-0": 1}),
        ("shipment", {"SKU-3": 4}),
        ("cancellation", {"SKU-1": 3}),
        ("return", {"SKU-2": 4}),
    ]


@pytest.mark.parametrize(("status", "kind"), [("cancelled", "cancellation"), ("delivered", "shipment")])
def test_lines_without_their_own_status_use_that_of_the_order(storefront: Adapter, status: str, kind: str) -> None:
    item = order(1, status=status, lines=lines("pending"), shipments=[])
    assert packages(storefront.target(ORDERS).payload(item, NOTHING)) == [(kind, {"SKU-0": 4})]


def test_new_shipments_replace_the_packages(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, ORDERS, order(1, cart_id="c", customer_id=None, lines=lines("pending"), shipments=[]))
    shipped = order(1, cart_id="c", customer_id=None, lines=lines("pending"), shipments=[])
    shipped.shipments = [ShipmentItem("s1", "post", ["T1"], None, {10: Decimal(4)})]
    sent(storefront, ORDERS, shipped)
    (there,) = site.state("purchases")
    assert packages(there) == [("shipment", {"SKU-0": 4})]


def test_orders_placed_elsewhere_are_not_sent(storefront: Adapter) -> None:
    assert storefront.target(ORDERS).payload(order(1, placed_through_b2b=False), NOTHING) is None


def test_a_rejected_order_id_does_not_affect_others(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, ORDERS, order(1, cart_id="cart-1", customer_id=None))
    site.fault("status", status=403, path="/purchases/", times=1)
    first, second = storefront.target(ORDERS).send(
        creations(
            storefront, ORDERS, [order(1, cart_id="cart-1", customer_id=None), order(2, cart_id="c2", customer_id=None)]
        )
    )
    assert isinstance(first.error, SkipRecord) and first.error.fix
    assert second.error is None


def test_an_order_cannot_be_removed(storefront: Adapter, site: SandboxProcess) -> None:
    (created,) = sent(storefront, ORDERS, order(1, cart_id="cart-1", customer_id=None))
    (outcome,) = storefront.target(ORDERS).send([Operation(Action.REMOVE, 1, created.external_id, None)])
    assert isinstance(outcome.error, SkipRecord) and outcome.error.fix
    assert len(list(site.state("purchases"))) == 1


def test_an_order_waits_until_the_storefront_has_its_customer(storefront: Adapter, site: SandboxProcess) -> None:
    """Purchases name customers by SparkLayer's own IDs."""
    (outcome,) = storefront.target(ORDERS).send(creations(storefront, ORDERS, [order(1, cart_id="c")]))
    assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "customer_not_ready"
    sent(storefront, CUSTOMERS, customer(3))
    sent(storefront, ORDERS, order(1, cart_id="c"))
    (there,) = site.state("purchases")
    assert there["customer_identifiers"]["sparklayer"].startswith("cu_")


# Store settings


def store(**changes: str) -> StoreItem:
    item = StoreItem(7, 1, "acme-shop", "Acme", "GBP", "acme-shop-price", "BigCommerce Price", "GBP")
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def test_base_currency_and_price_list_are_created_on_connection(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, SETTINGS, store())
    sent(storefront, SETTINGS, store())
    assert list(site.state("store")) == [{"currency_code": "GBP"}]
    assert [row["name"] for row in site.state("price_lists")] == ["BigCommerce Price"]


def test_a_storefront_with_another_currency_is_reported(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, SETTINGS, store())
    (outcome,) = storefront.target(SETTINGS).send(
        creations(storefront, SETTINGS, [store(currency="EUR", list_currency="EUR")])
    )
    assert isinstance(outcome.error, SkipRecord) and "GBP" in str(outcome.error) and outcome.error.fix
    assert [row["currency_code"] for row in site.state("price_lists")] == ["EUR"], "prices are in euros by now"


def test_settings_of_another_shop_are_not_sent(open_adapter: Open) -> None:
    assert open_adapter("sparklayer", shop="other").target(SETTINGS).payload(store(), NOTHING) is None
    assert open_adapter("sparklayer").target(SETTINGS).payload(store(price_list=""), NOTHING) is None
    assert open_adapter("sparklayer", shop="acme-shop").target(SETTINGS).payload(store(), NOTHING) is not None
