"""WooCommerce as a target: what the shop has after products, stock and prices were sent."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import ImageItem, PriceItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.samples import PRICE_LIST, product, variant
from tests.adapters.writing import NOTHING

Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]


@pytest.fixture
def shop(platform: Platform) -> SandboxProcess:
    return platform("woocommerce_target")


@pytest.fixture
def adapter(shop: SandboxProcess, open_adapter: Open) -> Adapter[Any]:
    return open_adapter("woocommerce_target")


def send(adapter: Adapter[Any], data_type: DataType, item: Any, **details: Any) -> Outcome:
    target = adapter.target(data_type)
    action = Action.UPDATE if details.get("external_id") else Action.CREATE
    details = {"external_id": "", **details}
    operation: Operation[Any] = Operation(action, item.id, payload=target.payload(item, NOTHING), **details)
    [outcome] = target.send([operation])
    return outcome


def variations(shop: SandboxProcess, outcome: Outcome) -> dict[str, Any]:
    return {row["sku"]: row for row in shop.state("variations") if str(row["parent_id"]) == outcome.external_id}


def stored(shop: SandboxProcess, outcome: Outcome) -> Any:
    return next(row for row in shop.state("goods") if str(row["id"]) == outcome.external_id)


def test_variable_and_simple_products(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    found, rows = stored(shop, outcome), variations(shop, outcome)
    assert (found["type"], found["sku"], found["name"]) == ("variable", "synccenter-1", "Lamp 1")
    names = [(each["name"], each["variation"], each["options"]) for each in found["attributes"]]
    assert names == [("Size", True, ["S10", "S11"]), ("Material", False, ["Oak"])]
    assert {sku: row["attributes"][0]["option"] for sku, row in rows.items()} == {"SKU-10": "S10", "SKU-11": "S11"}
    assert {row["weight"] for row in rows.values()} == {"0.25"}
    assert outcome.links == {(Kind.VARIANT, number): str(rows[f"SKU-{number}"]["id"]) for number in (10, 11)}

    single = product(2, variants=[variant(20, 2, options=[])])
    outcome = send(adapter, DataType.PRODUCTS, single)
    found = stored(shop, outcome)
    assert (found["type"], found["sku"], found["regular_price"]) == ("simple", "SKU-20", "12.5")
    assert outcome.links == {(Kind.VARIANT, 20): outcome.external_id}


def test_images_are_kept_by_their_ids(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    """An address is downloaded each time that it is sent."""
    before = product(1)
    payload = adapter.target(DataType.PRODUCTS).payload(before, NOTHING)
    outcome = send(adapter, DataType.PRODUCTS, before)
    [image] = stored(shop, outcome)["images"]
    known = {"external_id": outcome.external_id, "previous": payload}
    send(adapter, DataType.PRODUCTS, product(1, title="Other"), **known)
    assert stored(shop, outcome)["images"] == [image] and stored(shop, outcome)["name"] == "Other"
    more = [ImageItem("https://images.example.com/new.jpg", "", 0), *before.images]
    send(adapter, DataType.PRODUCTS, product(1, images=more), **known)
    assert [each == image for each in stored(shop, outcome)["images"]] == [False, True]


def test_variations_follow_and_a_refused_one_is_reported(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    payload = adapter.target(DataType.PRODUCTS).payload(product(1), NOTHING)
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    other = send(adapter, DataType.PRODUCTS, product(2, variants=[variant(20, 2, options=[])]))
    changed = product(1, variants=[variant(11, options=[{"name": "Size", "value": "XL"}]), variant(20)])
    again = send(adapter, DataType.PRODUCTS, changed, external_id=outcome.external_id, previous=payload)
    assert {*variations(shop, outcome)} == {"SKU-11"}
    assert variations(shop, outcome)["SKU-11"]["attributes"][0]["option"] == "XL"
    assert "SKU-20" in str(again.error) and "duplicated" in str(again.error)
    assert again.external_id == outcome.external_id and stored(shop, other)["sku"] == "SKU-20"


def test_a_sku_is_found_as_the_shop_stores_it(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    """The shop stores no extra spaces and no percent-encoded octets."""
    item = product(1, variants=[variant(10, sku="SIZE  5%20 A"), variant(11)])
    payload = adapter.target(DataType.PRODUCTS).payload(item, NOTHING)
    outcome = send(adapter, DataType.PRODUCTS, item)
    assert {*variations(shop, outcome)} == {"SIZE 5 A", "SKU-11"}
    again = send(adapter, DataType.PRODUCTS, item, external_id=outcome.external_id, previous=payload)
    assert again.error is None and again.links == outcome.links
    assert send(adapter, DataType.STOCK, item.variants[0]).error is None


def test_a_product_that_was_created_without_an_answer_is_found(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    """The product exists, its variations do not."""
    shop.fault("drop", method="POST", path="/products/batch$", when="after", times=1)
    with pytest.raises(TryAgainLater, match="connection"):
        send(adapter, DataType.PRODUCTS, product(1))
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    assert [row["sku"] for row in shop.state("goods")].count("synccenter-1") == 1
    assert {*variations(shop, outcome)} == {"SKU-10", "SKU-11"}


def test_stock_and_prices_of_variations(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    sale = PriceItem(PRICE_LIST, "GBP", 1, Decimal("9.90"), Decimal("12.50"))
    written = send(adapter, DataType.PRICES, variant(10, prices=[sale]))
    send(adapter, DataType.STOCK, variant(10))
    row = variations(shop, outcome)["SKU-10"]
    assert (row["regular_price"], row["sale_price"]) == ("12.5", "9.9")
    assert (row["manage_stock"], row["stock_quantity"], row["stock_status"]) == (True, 3, "instock")
    assert written.external_id == str(row["id"])
    target = adapter.target(DataType.STOCK)
    payload = target.payload(variant(10), NOTHING)
    target.send([Operation(Action.REMOVE, 10, str(row["id"]), None, previous=payload)])
    assert variations(shop, outcome)["SKU-10"]["stock_status"] == "outofstock"
    missing = send(adapter, DataType.STOCK, variant(99))
    assert "SKU-99" in str(missing.error)


def test_a_key_that_may_only_read(shop: SandboxProcess, adapter: Adapter[Any]) -> None:
    shop.control("POST", "setting", json={"account": "ck_alpha", "permissions": "read"})
    with pytest.raises(NeedsAttention, match="only read"):
        send(adapter, DataType.PRODUCTS, product(1))
