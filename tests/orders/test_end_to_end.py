"""Any order of a shop, made of parts, has the same total and the same open quantities at every target (M1–M8).

The sandboxes of shops and targets compute their own totals by their vendors' rules; nothing here knows an adapter.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.process import SandboxProcess, start
from synclog.models import Issue
from tests.orders.chain import Chain, install, open_by_sku, tolerance
from tests.orders.documented_examples import Example, examples
from tests.sales import RATES, Parts, Sales, orders

pytestmark = pytest.mark.django_db(transaction=True)

# The same examples in every run: each takes a second.
few = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Names of targets in the documentation.
NAMES = {"netsuite": "NetSuite", "sparklayer": "SparkLayer"}
SKUS = ["SKU-1", "SKU-2", "SKU-3", "E-BOOK"]


@pytest.fixture(scope="module")
def erp(bigcommerce: SandboxProcess) -> Iterator[SandboxProcess]:
    """An ERP with the items of both shops. The last one of each is not shipped."""
    with start("netsuite", accounts={"erp": "erp-secret"}, products=3) as process:
        process.control("POST", "goods", json={"account": "erp", "skus": [*SKUS[3:], *skus_of(bigcommerce)]})
        for sku in (SKUS[-1], skus_of(bigcommerce)[-1]):
            service = {"account": "erp", "sku": sku, "values": {"itemtype": "Service"}}
            process.control("POST", "items", json=service)
        yield process


@pytest.fixture(scope="module")
def front() -> Iterator[SandboxProcess]:
    with start("sparklayer", accounts={"acme": "client-word"}) as process:
        yield process


@pytest.fixture(scope="module")
def magento() -> Iterator[SandboxProcess]:
    with start("magento", accounts={"alpha": "token"}, products=1, customers=1, dirty=False) as process:
        process.control("POST", "goods", json={"account": "alpha", "skus": SKUS})
        yield process


@pytest.fixture(scope="module")
def oms() -> Iterator[SandboxProcess]:
    with start("seller_center_oms", accounts={"Live": "key"}, products=1, customers=1) as process:
        yield process


@pytest.fixture(scope="module")
def bigcommerce() -> Iterator[SandboxProcess]:
    with start("bigcommerce", accounts={"abc": "token"}, products=3, dirty=False, quota=1_000_000) as process:
        yield process


@pytest.fixture
def from_magento(transactional_db: None, magento: SandboxProcess, erp: SandboxProcess, front: SandboxProcess) -> Chain:
    shop = {
        "platform": "magento",
        "base_url": magento.url,
        "credentials": {"access_token": "token"},
        "settings": {"b2b_store_id": 1},
    }
    return install(shop, Sales(magento, "alpha"), erp, front)


@pytest.fixture
def from_oms(transactional_db: None, oms: SandboxProcess, erp: SandboxProcess) -> Chain:
    shop = {
        "platform": "seller_center_oms",
        "base_url": oms.url,
        "credentials": {"service_name": "Live", "api_key": "key"},
    }
    return install(shop, Sales(oms, "Live"), erp, None)


@pytest.fixture
def from_bigcommerce(
    transactional_db: None, bigcommerce: SandboxProcess, erp: SandboxProcess, front: SandboxProcess
) -> Chain:
    shop = {
        "platform": "bigcommerce",
        "base_url": f"{bigcommerce.url}/stores/abc",
        "credentials": {"access_token": "token"},
        "settings": {"b2b_channel_id": 1},
    }
    bigcommerce.reset()
    return install(shop, Sales(bigcommerce, "abc"), erp, front, custom_item="OTHER-CHARGE")


def skus_of(store: SandboxProcess) -> list[str]:
    return [row["sku"] for row in store.state("variants")][:4]


def account_for_tax(erp: SandboxProcess, rate: str) -> None:
    """NetSuite works out its own tax: from the item and the customer, which here means one rate for everything."""
    tax = {"account": "erp", "engine": "legacy", "rate": rate, "shipping_rate": rate}
    erp.control("POST", "tax", json=tax)


def agree(chain: Chain, placed: Parts, wanted: Parts, skus: list[str]) -> None:
    """Every target has the order with the shop's total, currency and open quantities."""
    here = chain.shop.view(placed["id"])
    for target in chain.targets:
        there = chain.at_target(target, placed["id"])
        if there is None:
            # A target is sent what is to be shipped.
            assert not open_by_sku(here, skus), (target, placed)
            continue
        assert there["currency"] == here["currency"]
        assert abs(Decimal(there["total"]) - Decimal(here["total"])) <= tolerance(here, wanted), (target, wanted, there)
        assert open_by_sku(there, skus) == open_by_sku(here, skus), (target, wanted, there)
    issues = Issue.objects.values_list("code", "external_id", "message")
    assert not list(issues)


def placed_orders(
    chain: Chain,
    erp: SandboxProcess,
    data: st.DataObject,
    skus: list[str],
    *,
    kinds: tuple[str, ...] = ("product",),
    untaxed: tuple[str, ...] = (),
    **others: Any,
) -> list[tuple[Parts, Parts]]:
    """Three orders with one rate of tax each, as they were placed and as the shop made them.

    `untaxed`: kinds of lines, or `wrapping`, that the shop never taxes. An ERP with one rate for everything would.
    """
    rate = data.draw(st.sampled_from(("0", "8.25", "20", "25")))
    account_for_tax(erp, rate)
    *goods, digital = skus
    if rate == "0":
        kinds += tuple(kind for kind in untaxed if kind != "wrapping")
        others["wrapping"] = "wrapping" in untaxed
    drawn = [data.draw(orders(goods, not_shipped=[digital], one_rate=rate, kinds=kinds, **others)) for _ in range(3)]
    return [(wanted, chain.shop.place(wanted)) for wanted in drawn]


@few
@given(data=st.data())
def test_orders_of_bigcommerce_reconcile(from_bigcommerce: Chain, erp: SandboxProcess, data: st.DataObject) -> None:
    skus = skus_of(from_bigcommerce.shop.process)
    charges = ("shipping", "handling", "fee")
    kinds = {"kinds": ("product", "digital", "custom"), "untaxed": ("gift_certificate", "wrapping")}
    found = placed_orders(from_bigcommerce, erp, data, skus, charges=charges, **kinds)
    from_bigcommerce.sync()
    for wanted, placed in found:
        agree(from_bigcommerce, placed, wanted, skus[:-1])


@few
@given(data=st.data())
def test_orders_of_magento_reconcile(from_magento: Chain, erp: SandboxProcess, data: st.DataObject) -> None:
    kinds = ("product", "digital", "set", "fixed_set")
    found = placed_orders(from_magento, erp, data, SKUS, kinds=kinds)
    from_magento.sync()
    for wanted, placed in found:
        agree(from_magento, placed, wanted, SKUS[:-1])


@few
@given(data=st.data())
def test_orders_of_the_oms_reconcile(from_oms: Chain, erp: SandboxProcess, data: st.DataObject) -> None:
    # Shipping that is shared over the pieces is rounded for each of them; so there is none here.
    found = placed_orders(from_oms, erp, data, SKUS, charges=())
    from_oms.sync()
    for wanted, placed in found:
        agree(from_oms, placed, wanted, SKUS[:-1])


SHOPS = {"BigCommerce": "from_bigcommerce", "Magento": "from_magento", "Seller Center OMS": "from_oms"}


@pytest.mark.parametrize("example", examples(), ids=lambda each: f"{each.shop}: {each.title}")
def test_worked_examples_of_the_documentation(
    request: pytest.FixtureRequest, example: Example, erp: SandboxProcess
) -> None:
    chain: Chain = request.getfixturevalue(SHOPS[example.shop])
    skus = skus_of(chain.shop.process) if example.shop == "BigCommerce" else SKUS
    rates = {"rate": example.rate("product", "bundle"), "shipping_rate": example.rate("shipping", "handling", "fee")}
    erp.control("POST", "tax", json={"account": "erp", "engine": "legacy", **rates})
    placed = chain.shop.place(example.order(skus))
    if example.refunded:
        chain.shop.act("refund", placed["id"], lines={placed["lines"][0]["id"]: str(example.refunded)})
    chain.sync()
    views = {"shop": chain.shop.view(placed["id"])}
    views |= {NAMES[target]: chain.at_target(target, placed["id"]) for target in chain.targets}
    for who, wanted in example.wanted.items():
        view = views[who]
        assert view is not None
        found = {name: view[name] for name in ("total", "tax")} | {"open": sum(open_by_sku(view, skus).values())}
        assert {name: Decimal(found[name]) for name in wanted} == {name: Decimal(text) for name, text in wanted.items()}
    # The shop also has the orders of other tests, for which the ERP has another tax now.
    assert chain.issues(placed["id"]) == []


def test_orders_reconcile_with_their_own_tax(
    transactional_db: None, magento: SandboxProcess, erp: SandboxProcess
) -> None:
    """With SuiteTax, every line of an order may have another rate."""
    erp.control("POST", "tax", json={"account": "erp", "engine": "suitetax", "rate": "19", "shipping_rate": "19"})
    shop = {"platform": "magento", "base_url": magento.url, "credentials": {"access_token": "token"}}
    codes = {"tax_type": "1", "tax_codes": {rate: str(number) for number, rate in enumerate(RATES, 1)}}
    chain = install(shop, Sales(magento, "alpha"), erp, None, **codes)
    lines = [
        {"sku": sku, "quantity": quantity, "price": price, "tax_rate": rate}
        for sku, quantity, price, rate in (
            ("SKU-1", 3, "33.33", "25"),
            ("SKU-2", 1, "9.99", "8.25"),
            ("SKU-3", 7, "1", "0"),
        )
    ]
    charges = [{"kind": "shipping", "amount": "7.50", "tax_rate": "20"}]
    placed = [chain.shop.place({"lines": lines, "charges": charges, "coupon": coupon}) for coupon in ("0", "10")]
    chain.sync()
    for each in placed:
        held = chain.at_target("netsuite", each["id"])
        assert held is not None
        assert (Decimal(held["total"]), Decimal(held["tax"])) == (Decimal(each["total"]), Decimal(each["tax"]))
        assert chain.issues(each["id"]) == []


ACTIONS = ("refund", "ship", "cancel", "change")


def happen(chain: Chain, placed: Parts, data: st.DataObject) -> None:
    """Something that a person in the shop does to a part of an order. The shop may refuse it."""
    action = data.draw(st.sampled_from(ACTIONS))
    line = data.draw(st.sampled_from(chain.shop.view(placed["id"])["lines"]))
    quantity = data.draw(st.integers(1, 4))
    details: dict[str, Any] = {"lines": {line["id"]: str(quantity)}}
    if action == "change":
        details = {"change": {"quantities": {line["id"]: quantity}}}
    answer = chain.shop.attempt(action, placed["id"], **details)
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("shop", ["from_bigcommerce", "from_magento"])
@few
@given(data=st.data())
def test_whatever_happens_the_open_quantities_are_those_of_the_shop(
    request: pytest.FixtureRequest, shop: str, erp: SandboxProcess, data: st.DataObject
) -> None:
    chain: Chain = request.getfixturevalue(shop)
    skus = skus_of(chain.shop.process) if shop == "from_bigcommerce" else SKUS
    found = placed_orders(chain, erp, data, skus, charges=(), discounts=())
    if data.draw(st.booleans()):
        chain.sync()
    for _ in range(3):
        for _, placed in found:
            happen(chain, placed, data)
        if data.draw(st.booleans()):
            chain.sync()
    chain.sync()
    for _, placed in found:
        here = open_by_sku(chain.shop.view(placed["id"]), skus[:-1])
        for target in chain.targets:
            there = chain.at_target(target, placed["id"])
            assert (open_by_sku(there, skus[:-1]) if there else {}) == here, (
                target,
                placed,
                there,
                chain.shop.view(placed["id"]),
            )
