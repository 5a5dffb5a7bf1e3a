"""Stock and prices are sent to a Magento shop by SKU, many per call."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import StockItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import SAMPLES, variant
from tests.adapters.writing import NOTHING, creations

Open = Callable[..., Adapter[Any]]
STOCK, PRICES = DataType.STOCK, DataType.PRICES


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("magento_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("magento_target")


def errors(adapter: Adapter[Any], data_type: DataType, *items: Any) -> list[Exception | None]:
    return [outcome.error for outcome in adapter.target(data_type).send(creations(adapter, data_type, items))]


def stored(shop: SandboxProcess, sku: str) -> list[tuple[str, float, int]]:
    return [(e["source_code"], e["quantity"], e["status"]) for e in shop.state("source_items") if e["sku"] == sku]


def prices(shop: SandboxProcess) -> dict[str, float]:
    return {row["sku"]: row.get("price") for row in shop.state("goods")}


def test_all_our_locations_are_summed_into_one_source(open_adapter: Open, shop: SandboxProcess) -> None:
    two = [StockItem("leeds", Decimal("2"), None, None), StockItem("york", Decimal("2.5"), None, None)]
    owed = [StockItem("leeds", Decimal("-3"), None, None)]
    adapter = open_adapter("magento_target", source_code="overflow")
    assert errors(adapter, STOCK, variant(1), variant(2)) == [None, None]
    adapter.target(STOCK).send(creations(adapter, STOCK, [replaced(variant(1), two), replaced(variant(2), owed)]))
    assert stored(shop, "SKU-1") == [("overflow", 4.5, 1)] and stored(shop, "SKU-2") == [("overflow", 0, 0)]


def replaced(item: Any, stock: list[StockItem]) -> Any:
    item.stock = stock
    return item


@pytest.mark.parametrize(("data_type", "calls"), [(STOCK, ["GET", "POST", "GET"]), (PRICES, ["GET", "POST"])])
def test_a_batch_makes_one_write(
    data_type: DataType, calls: list[str], adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    """Stock is read back, because the shop accepts some that it does not store."""
    assert errors(adapter, data_type, *SAMPLES[data_type]) == [None] * 5
    assert [call["method"] for call in shop.calls()] == calls


@pytest.mark.parametrize("data_type", [STOCK, PRICES])
def test_input_limits_are_respected(data_type: DataType, open_adapter: Open, shop: SandboxProcess) -> None:
    items = [variant(number) for number in range(1, 46)]
    shop.control("POST", "goods", json={"account": "alpha", "skus": [f"SKU-{n}" for n in range(6, 46)]})
    shop.control("POST", "setting", json={"account": "alpha", "limited": True})
    with pytest.raises(BatchRejected, match=r"Maximum items of type .* is 20"):
        errors(open_adapter("magento_target"), data_type, *items)
    shop.clear_calls()
    assert errors(open_adapter("magento_target", items_per_call=20), data_type, *items) == [None] * 45
    assert [call["method"] for call in shop.calls()].count("POST") == 3


@pytest.mark.parametrize("data_type", [STOCK, PRICES])
def test_missing_products_are_reported_and_not_written(
    data_type: DataType, adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    first, second = errors(adapter, data_type, variant(99), variant(1))
    assert isinstance(first, SkipRecord) and first.problem.code == "not_at_target_yet" and "SKU-99" in str(first)
    assert second is None and stored(shop, "SKU-99") == []


def test_an_sku_with_a_comma_is_found(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    shop.control("POST", "goods", json={"account": "alpha", "skus": ["A,B"]})
    assert errors(adapter, STOCK, variant(1, sku="A,B"), variant(2)) == [None, None]
    assert stored(shop, "A,B") == [("default", 3, 1)]


@pytest.mark.parametrize("sku", ["sku-1", "SKU-1 ", "SK\u00dc-1"])
def test_an_sku_that_the_shop_does_not_tell_apart_is_not_written(
    sku: str, adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    """Unless the item is linked to that product already."""
    before = prices(shop)["SKU-1"]
    (error,) = errors(adapter, PRICES, variant(1, sku=sku, price="8"))
    assert isinstance(error, SkipRecord) and error.problem.code in ("sku_equal", "not_at_target_yet")
    assert prices(shop)["SKU-1"] == before
    linked = next(str(row["id"]) for row in shop.state("goods") if row["sku"] == "SKU-1")
    payload = adapter.target(PRICES).payload(variant(1, sku="sku-1", price="8"), NOTHING)
    assert adapter.target(PRICES).send([Operation(Action.UPDATE, 1, linked, payload)])[0].error is None
    assert prices(shop)["SKU-1"] == 8


def test_stock_that_the_shop_accepts_and_does_not_store_is_reported(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    configurable = next(row["sku"] for row in shop.state("goods") if row["type_id"] == "configurable")
    (error,) = errors(adapter, STOCK, variant(1, sku=configurable))
    assert isinstance(error, SkipRecord) and error.problem.code == "product_type_unsupported"
    nothing = '"items":[],"search_criteria":{},"total_count":0'
    shop.fault("rewrite", method="GET", path="/source-items", find='"items":.*"total_count":[0-9]+', replace=nothing)
    first, second = errors(adapter, STOCK, variant(1), variant(2))
    assert isinstance(first, SkipRecord) and first.problem.code == "not_stored" and isinstance(second, SkipRecord)


def test_variants_no_longer_offered_are_set_out_of_stock(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (created,) = adapter.target(STOCK).send(creations(adapter, STOCK, [variant(1)]))
    assert adapter.target(STOCK).payload(variant(1, status="discontinued"), NOTHING) is None
    gone = Operation(Action.REMOVE, 1, created.external_id, None)
    assert [outcome.error for outcome in adapter.target(STOCK).send([gone])] == [None]
    assert stored(shop, "SKU-1") == [("default", 0, 0)]


def test_prices_are_not_removed(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (created,) = adapter.target(PRICES).send(creations(adapter, PRICES, [variant(1)]))
    assert [o.error for o in adapter.target(PRICES).send([Operation(Action.REMOVE, 1, created.external_id, None)])] == [
        None
    ]
    assert prices(shop)["SKU-1"] == 12.5


def test_a_rejected_price_does_not_affect_others(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """The shop names only the price, and fills the message's placeholders from a list."""
    with pytest.raises(SkipRecord, match="below zero"):
        adapter.target(PRICES).payload(variant(1, price="-1"), NOTHING)
    entries = [{"sku": f"SKU-{number}", "price": price, "store_id": 0} for number, price in ((1, -1.5), (2, 7))]
    first, second = adapter.target(PRICES).send(
        [Operation(Action.CREATE, number, "", entry) for number, entry in enumerate(entries)]
    )
    assert isinstance(first.error, SkipRecord) and second.error is None
    assert first.error.problem.values == {"reason": "Invalid attribute Price = -1.5."}
    assert (prices(shop)["SKU-1"], prices(shop)["SKU-2"]) == (0, 7)


def test_tier_prices_are_replaced_and_removed(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento_target", tier_prices=True)

    def priced(*more: tuple[int, str, list[str]]) -> Any:
        item = variant(1)
        (first,) = item.prices
        lists = {True: "of-a-group", False: first.price_list}
        item.prices = [
            first,
            *(
                replace(first, price_list=lists[bool(g)], min_quantity=q, amount=Decimal(a), customer_groups=g)
                for q, a, g in more
            ),
        ]
        return item

    def stored() -> list[tuple[int, float, float]]:
        row = next(row for row in shop.state("goods") if row["sku"] == "SKU-1")
        return [(each["customer_group_id"], each["qty"], each["value"]) for each in row.get("tier_prices", ())]

    group: list[str] = ["Wholesale"]
    assert errors(adapter, PRICES, priced((10, "9", []), (1, "8", group), (5, "7", group))) == [None]
    assert stored() == [(32000, 10, 9), (2, 1, 8), (2, 5, 7)]
    page = adapter.target(PRICES).read_existing(cursor=None)
    sent = adapter.target(PRICES).payload(priced((10, "9", []), (1, "8", group), (5, "7", group)), NOTHING)
    assert sent in page.items.values()
    assert errors(adapter, PRICES, priced((10, "9.5", []))) == [None] and stored() == [(32000, 10, 9.5)]
    with pytest.raises(SkipRecord, match="below zero"):
        adapter.target(PRICES).payload(priced((10, "-9", [])), NOTHING)
    (unknown,) = errors(adapter, PRICES, priced((1, "8", ["Nobody"])))
    assert isinstance(unknown, SkipRecord) and "Customer Group = Nobody" in str(unknown)
    assert errors(adapter, PRICES, priced()) == [None] and stored() == []


def test_a_missing_inventory_source_needs_attention(open_adapter: Open) -> None:
    adapter = open_adapter("magento_target", source_code="nowhere")
    with pytest.raises(NeedsAttention, match="'nowhere'.*Source with code \"nowhere\" does not exist") as raised:
        errors(adapter, STOCK, variant(1))
    assert "source" in raised.value.fix


@pytest.mark.parametrize("data_type", [STOCK, PRICES])
def test_variants_without_sku_are_skipped(data_type: DataType, adapter: Adapter[Any]) -> None:
    with pytest.raises(SkipRecord) as raised:
        adapter.target(data_type).payload(variant(1, sku=""), NOTHING)
    assert raised.value.problem.code == "sku_missing" and raised.value.fix


def test_the_configured_price_list_is_sent(open_adapter: Open) -> None:
    payload = open_adapter("magento_target", price_list="shop-price").target(PRICES).payload(variant(1), NOTHING)
    assert payload == {"sku": "SKU-1", "price": 12.5, "store_id": 0}
    assert open_adapter("magento_target", price_list="another").target(PRICES).payload(variant(1), NOTHING) is None
