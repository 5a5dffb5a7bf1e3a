"""SparkLayer: tokens, products, stock and the price list."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from catalog.items import PriceItem, StockItem
from connectors.platforms.sparklayer.rejections import batch_rejection
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected, Response
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, creations

PRODUCTS, STOCK, PRICES = DataType.PRODUCTS, DataType.STOCK, DataType.PRICES
Open = Callable[..., Adapter]


@pytest.fixture
def site(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("sparklayer")


@pytest.fixture
def storefront(open_adapter: Open) -> Adapter:
    return open_adapter("sparklayer")


def sent(adapter: Adapter, data_type: DataType, *items: Any) -> list[Outcome]:
    outcomes = adapter.target(data_type).send(creations(adapter, data_type, items))
    assert [outcome.error for outcome in outcomes] == [None] * len(items)
    return outcomes


def writes(site: SandboxProcess) -> list[tuple[str, str]]:
    return [
        (call["method"], call["path"])
        for call in site.calls()
        if call["method"] != "GET" and not call["path"].endswith("/token")
    ]


def test_an_expired_token_is_renewed_once(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, PRODUCTS, product(1))
    site.control("POST", "expire", json={"site": "acme"})
    site.clear_calls()
    sent(storefront, PRODUCTS, product(1, title="Lantern"))
    statuses = [(call["path"].rpartition("/")[2], call["status"]) for call in site.calls()]
    assert statuses[:3] == [("synccenter-1", 401), ("token", 200), ("synccenter-1", 200)]


def test_a_token_is_reused_by_later_turns(open_adapter: Open, site: SandboxProcess) -> None:
    sent(open_adapter("sparklayer"), PRODUCTS, product(1))
    site.clear_calls()
    sent(open_adapter("sparklayer"), PRODUCTS, product(1, title="Lantern"))
    assert not [call for call in site.calls() if call["path"].endswith("/token")]


def test_a_token_is_not_reused_for_another_site(open_adapter: Open, site: SandboxProcess) -> None:
    with pytest.raises(NeedsAttention, match="access token") as raised:
        open_adapter("sparklayer", site_id="other").check()
    assert "site ID" in raised.value.fix


def test_products_are_sent_with_the_shops_ids(storefront: Adapter, site: SandboxProcess) -> None:
    refs = References({}, {(Kind.PRODUCT, 1): "501", (Kind.VARIANT, 10): "77"})
    item = product(1, variants=[variant(10, weight_in_grams=Decimal("250.5")), variant(11, status="suspended")])
    (operation,) = [Operation(Action.CREATE, 1, "", storefront.target(PRODUCTS).payload(item, refs))]
    (outcome,) = storefront.target(PRODUCTS).send([operation])
    assert outcome.external_id == "501"
    assert outcome.links == {(Kind.VARIANT, 10): "77", (Kind.VARIANT, 11): "synccenter-11"}
    (there,) = [row for row in site.state("products") if row["external_id"] == "501"]
    assert (there["title"], there["slug"]) == ("Lamp 1", "lamp-1")
    first, second = there["variants"]
    assert first == {
        "external_id": "77",
        "sku": "SKU-10",
        "weight_in_grams": 250.5,
        "position": 10,
        "cart_image_url": "https://images.example.com/1.jpg",
        "options": [{"group": "Size", "name": "S10"}],
        "status": "live",
        "rrp": [{"currency_code": "GBP", "price": 20}],
        "settings": [],
    }
    assert second["status"] == "suspended"


def test_settings_of_a_variant_are_mapped_by_the_field_map(open_adapter: Open) -> None:
    storefront = open_adapter("sparklayer", field_map={"settings": {"pack": "pack_size"}})
    item = product(1, variants=[variant(10, settings={"pack": 6, "colour code": "x"})])
    assert storefront.target(PRODUCTS).payload(item, NOTHING)["product"]["variants"][0]["settings"] == [
        {"pack_size": 6}
    ]


def test_variants_are_discontinued_or_suspended_with_their_product(storefront: Adapter) -> None:
    item = product(1, status="suspended", variants=[variant(10), variant(11, status="discontinued")])
    variants = storefront.target(PRODUCTS).payload(item, NOTHING)["product"]["variants"]
    assert [each["status"] for each in variants] == ["suspended", "discontinued"]


def test_a_removed_product_has_its_variants_discontinued(storefront: Adapter, site: SandboxProcess) -> None:
    sent(storefront, PRODUCTS, product(1), product(2))
    storefront.target(PRODUCTS).send([Operation(Action.REMOVE, 1, "synccenter-1", None)])
    there = {row["external_id"]: row for row in site.state("products")}
    assert {each["status"] for each in there["synccenter-1"]["variants"]} == {"discontinued"}
    assert {each["status"] for each in there["synccenter-2"]["variants"]} == {"live"}
    site.clear_calls()
    storefront.target(PRODUCTS).send([Operation(Action.REMOVE, 1, "synccenter-1", None)])
    assert writes(site) == []


def test_a_variant_without_sku_is_reported_and_its_product_skipped(storefront: Adapter) -> None:
    with pytest.raises(SkipRecord, match="S11") as raised:
        storefront.target(PRODUCTS).payload(product(1, variants=[variant(10), variant(11, sku="")]), NOTHING)
    assert raised.value.problem.code == "sku_missing" and raised.value.fix


def test_a_rejected_product_fails_alone_with_the_vendors_message(storefront: Adapter, site: SandboxProcess) -> None:
    heavy = product(2, variants=[variant(20, weight_in_grams=Decimal(-1))])
    first, second, third = storefront.target(PRODUCTS).send(
        creations(storefront, PRODUCTS, [product(1), heavy, product(3)])
    )
    assert first.error is None and third.error is None
    assert isinstance(second.error, SkipRecord) and "weight_in_grams" in str(second.error) and second.error.fix


def test_a_conflict_is_retried_and_does_not_affect_others(storefront: Adapter, site: SandboxProcess) -> None:
    site.fault("status", status=409, method="PATCH", times=1)
    first, second = storefront.target(PRODUCTS).send(creations(storefront, PRODUCTS, [product(1), product(2)]))
    assert isinstance(first.error, TryAgainLater) and not first.error.sent
    assert second.error is None
    sent(storefront, PRODUCTS, product(1))


# Stock


def test_stock_is_sent_in_one_call_with_restock_dates(open_adapter: Open, site: SandboxProcess) -> None:
    storefront = open_adapter("sparklayer", stock_locations={"north": "warehouse", "south": "warehouse"})
    stock = [
        StockItem("default", Decimal("3.7"), Decimal(1), date(2026, 5, 4)),
        StockItem("north", Decimal(4), None, date(2026, 7, 1)),
        StockItem("south", Decimal(2), None, date(2026, 6, 1)),
    ]
    one = variant(1)
    one.stock = stock
    storefront.check()
    site.clear_calls()
    sent(storefront, STOCK, one, variant(2))
    assert writes(site) == [("POST", "/api/v1/batch-update-stock")]
    there = {(row["sku"], row["stock_location_external_id"]): row for row in site.state("stock")}
    assert len(there) == 3
    own, far = there["SKU-1", "default"], there["SKU-1", "warehouse"]
    assert (own["stock_level"], own["restock_date"], own["min_stock_level"]) == (3, "2026-05-04", 0)
    assert (far["stock_level"], far["restock_date"], far["min_stock_level"]) == (6, "2026-06-01", 0)


@pytest.mark.parametrize(("value", "level"), [(9, -9), ("2.5", -2), (-3, 0), ("many", 0)])
def test_only_what_may_be_back_ordered_can_be_sold_below_zero(open_adapter: Open, value: Any, level: int) -> None:
    """A level of 0 with a minimum of -9 sells nine units; the warning level of the shop is no such minimum."""
    storefront = open_adapter("sparklayer", field_map={"back_order_allowance": "back_orders"})
    item = variant(1, settings={"back_orders": value})
    item.stock = [StockItem("default", Decimal(0), Decimal(5), None)]
    assert storefront.target(STOCK).payload(item, NOTHING)["levels"][0]["min_stock_level"] == level


def test_an_unknown_location_needs_attention(storefront: Adapter) -> None:
    lost = variant(1)
    lost.stock = [StockItem("moon", Decimal(1), None, None)]
    with pytest.raises(NeedsAttention, match="moon") as raised:
        storefront.target(STOCK).send(creations(storefront, STOCK, [lost, variant(2)]))
    assert "settings" in raised.value.fix


def test_two_variants_with_one_sku_do_not_affect_others(storefront: Adapter, site: SandboxProcess) -> None:
    operations = creations(storefront, STOCK, [variant(1), variant(2, sku="SKU-1"), variant(3)])
    first, second, third = storefront.target(STOCK).send(operations)
    assert first.error is None and third.error is None
    assert isinstance(second.error, SkipRecord) and second.error.problem.code == "sku_duplicate"


def test_stock_of_removed_variants_is_zero_at_every_location(storefront: Adapter, site: SandboxProcess) -> None:
    (created,) = sent(storefront, STOCK, variant(1))
    storefront.target(STOCK).send([Operation(Action.REMOVE, 1, created.external_id, None)])
    (level,) = site.state("stock")
    assert (level["sku"], level["stock_level"]) == ("SKU-1", 0)


def test_a_removal_does_not_clear_the_stock_of_its_successor(storefront: Adapter, site: SandboxProcess) -> None:
    """A recreated variant has the SKU of the old one."""
    (created,) = sent(storefront, STOCK, variant(1))
    (successor,) = creations(storefront, STOCK, [variant(9, sku="SKU-1", stock="8")])
    previous = storefront.target(STOCK).payload(variant(1), NOTHING)
    storefront.target(STOCK).send([Operation(Action.REMOVE, 1, created.external_id, None, previous), successor])
    assert [row["stock_level"] for row in site.state("stock")] == [8]


# Prices


def tiered(number: int, currency: str = "GBP") -> Any:
    item = variant(number)
    item.prices = [
        PriceItem("acme-shop-price", currency, 10, Decimal(9), None, "BigCommerce Price"),
        PriceItem("acme-shop-price", currency, 1, Decimal("12.50"), None, "BigCommerce Price"),
        PriceItem("vip", currency, 1, Decimal(1), None, "VIP"),
    ]
    return item


def test_prices_are_sent_to_one_list_named_after_the_platform(open_adapter: Open, site: SandboxProcess) -> None:
    """The list is compared without regard to the case of its currency."""
    sent(open_adapter("sparklayer"), PRICES, tiered(1), tiered(2))
    (created,) = site.state("price_lists")
    named = {"slug": "bigcommerce-price", "name": "BigCommerce Price"}
    assert created == named | {"currency_code": "GBP", "source": "integration"}
    pricing = {row["sku"]: row["pricing"] for row in site.state("prices")}
    assert pricing["SKU-1"] == [{"quantity": 1, "price": 12.5}, {"quantity": 10, "price": 9}]
    assert pricing.keys() == {"SKU-1", "SKU-2"}
    site.clear_calls()
    sent(open_adapter("sparklayer"), PRICES, tiered(1))
    assert writes(site) == [("PATCH", "/api/v1/batch-update-pricing")]


def test_all_price_lists_are_sent_in_one_call(open_adapter: Open, site: SandboxProcess) -> None:
    storefront = open_adapter("sparklayer", price_lists="all")
    sent(storefront, PRICES, tiered(1), tiered(2))
    names = {row["slug"]: row["name"] for row in site.state("price_lists")}
    assert names == {"bigcommerce-price": "BigCommerce Price", "sc-vip": "VIP"}
    assert [path for _, path in writes(site)].count("/api/v1/batch-update-pricing") == 1
    prices = {(row["price_list"], row["sku"]): row["pricing"] for row in site.state("prices")}
    assert len(prices) == 4 and prices["sc-vip", "SKU-2"] == [{"quantity": 1, "price": 1}]


def test_a_variant_that_left_a_price_list_has_no_price_there(open_adapter: Open, site: SandboxProcess) -> None:
    storefront = open_adapter("sparklayer", price_lists="all")
    (created, _) = sent(storefront, PRICES, tiered(1), tiered(2))
    target, left = storefront.target(PRICES), tiered(1)
    left.prices = left.prices[:2]
    previous, payload = target.payload(tiered(1), NOTHING), target.payload(left, NOTHING)
    target.send([Operation(Action.UPDATE, 1, created.external_id, payload, previous)])
    found = [(row["price_list"], row["sku"]) for row in site.state("prices")]
    assert found == [("bigcommerce-price", "SKU-1"), ("bigcommerce-price", "SKU-2"), ("sc-vip", "SKU-2")]


def test_the_currency_of_the_list_can_change(open_adapter: Open, site: SandboxProcess) -> None:
    sent(open_adapter("sparklayer"), PRICES, tiered(1))
    sent(open_adapter("sparklayer"), PRICES, tiered(1, "EUR"))
    assert [row["currency_code"] for row in site.state("price_lists")] == ["EUR"]


def test_a_deleted_price_list_is_recreated(open_adapter: Open, site: SandboxProcess) -> None:
    storefront = open_adapter("sparklayer")
    sent(storefront, PRICES, tiered(1))
    site.fault("status", status=404, path="/batch-update-pricing$", times=1)
    with pytest.raises(TryAgainLater):
        storefront.target(PRICES).send(creations(storefront, PRICES, [tiered(1)]))
    sent(open_adapter("sparklayer"), PRICES, tiered(1))


@pytest.mark.parametrize("in_doubt", [True, False])
def test_a_removed_price_is_only_removed_from_our_list(
    storefront: Adapter, site: SandboxProcess, in_doubt: bool
) -> None:
    """The merchant's own lists stay unchanged, even if it is unknown what was sent last."""
    created, _ = sent(storefront, PRICES, tiered(1), tiered(2))
    storefront.client.call("POST", "/api/v1/price-lists", body={"slug": "vip", "name": "VIP", "currency_code": "GBP"})
    own = [{"sku": "SKU-1", "pricing": [{"quantity": 1, "price": 1}]}]
    storefront.client.call("PATCH", "/api/v1/price-lists/vip/pricing", body=own)
    previous = None if in_doubt else storefront.target(PRICES).payload(tiered(1), NOTHING)
    storefront.target(PRICES).send([Operation(Action.REMOVE, 1, created.external_id, None, previous)])
    left = [(row["price_list"], row["sku"]) for row in site.state("prices")]
    assert left == [("bigcommerce-price", "SKU-2"), ("vip", "SKU-1")]


def test_removing_a_price_from_a_deleted_list_succeeds(storefront: Adapter) -> None:
    previous = storefront.target(PRICES).payload(tiered(1), NOTHING)
    gone = Operation(Action.REMOVE, 1, "bigcommerce-price/synccenter-1", None, previous)
    assert [outcome.error for outcome in storefront.target(PRICES).send([gone])] == [None]


@pytest.mark.breaks_contract
def test_a_rejected_price_is_named_and_does_not_affect_others(storefront: Adapter) -> None:
    operations = creations(storefront, PRICES, [tiered(2), tiered(1), tiered(3)])
    operations[1].content["lists"][0]["pricing"][0]["price"] = -1
    with pytest.raises(BatchRejected, match="price") as raised:
        storefront.target(PRICES).send(operations)
    assert list(raised.value.item_errors) == [1] and "SKU-1" in str(raised.value.item_errors[1].values)


ROWS = [{"sku": "A-1"}, {"sku": "A-10"}, {"sku": "B"}]


@pytest.mark.parametrize(
    ("body", "text", "items"),
    [
        # Lines may be counted from 0 or from 1: the SKU decides.
        ([{"line": 1, "field": "price", "message": "A-10 has no price"}], "price: A-10 has no price", [1]),
        ([{"line": 2, "field": "price", "message": "A-10 has no price"}], "price: A-10 has no price", [1]),
        ([{"line": 1, "field": "price", "message": "must be a number"}], "price: must be a number", []),
        ([{"line": 9, "field": "sku", "message": "A-1 twice"}], "sku: A-1 twice", []),
        ({"title": "Bad", "errors": [{"code": "x", "message": "no", "property": "sku"}]}, "sku: no", []),
        ({"title": "Bad", "detail": "All wrong"}, "All wrong", []),
        (None, "no reason given (400)", []),
        ({"errors": "?"}, "no reason given (400)", []),
    ],
)
def test_rejections_are_understood_in_every_documented_form(body: Any, text: str, items: list[int]) -> None:
    content = b"" if body is None else orjson.dumps(body)
    error = RequestRejected(Response(400, {"Content-Type": "application/json"}, content))
    rejection = batch_rejection(error, ROWS, {row["sku"]: position for position, row in enumerate(ROWS)})
    assert (str(rejection), list(rejection.item_errors)) == (text, items)
