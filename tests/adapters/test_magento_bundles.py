"""Bundles and grouped products are read with their parts, and bundles are written."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.magento.product_rows import child_ids
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.records import PriceRecord, ProductRecord, StockRecord
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.cases import adapter_of
from tests.adapters.magento import change
from tests.adapters.reading import records
from tests.adapters.samples import product, variant
from tests.adapters.writing import creations

Open = Callable[..., Adapter[Any]]
Rows = dict[str, dict[str, Any]]
HIDDEN = 1


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    """A shop with the parts PART-A (visible, 10 each) and PART-B (hidden, 4 each)."""
    server = platform("magento")
    server.control("POST", "goods", json={"account": "alpha", "skus": ["PART-A", "PART-B", "PART-C"]})
    for sku, price, visibility in (("PART-A", 10, 4), ("PART-B", 4, HIDDEN), ("PART-C", 1, HIDDEN)):
        change(server, "products", goods(server)[sku]["id"], price=price, weight=0.5, visibility=visibility)
    return server


@pytest.fixture
def adapter(open_adapter: Open, shop: SandboxProcess) -> Adapter[Any]:
    adapter = open_adapter("magento")
    stock = [("PART-A", 7), ("PART-B", 9), ("PART-C", 5)]
    rows = [{"sku": s, "source_code": "default", "quantity": q, "status": 1} for s, q in stock]
    adapter.client.post("/inventory/source-items", {"sourceItems": rows})
    return adapter


@pytest.fixture
def target(shop: SandboxProcess) -> Iterator[Adapter[Any]]:
    adapter = adapter_of("magento_target", shop)
    yield adapter
    adapter.http.close()


def goods(shop: SandboxProcess) -> Rows:
    return {row["sku"]: row for row in shop.state("goods")}


def link(sku: str, quantity: float, *, default: bool = True) -> dict[str, Any]:
    """As the vendor's guide prints it, with a `price_type` of null."""
    about = {"qty": quantity, "is_default": default, "price": 0, "price_type": None, "can_change_quantity": 0}
    return {"id": "1", "sku": sku, "option_id": 1, "position": 1} | about


def make_bundle(shop: SandboxProcess, *options: tuple[bool, list[dict[str, Any]]], dynamic: bool = True) -> str:
    shop.control("POST", "goods", json={"account": "alpha", "skus": ["SET"]})
    row = goods(shop)["SET"]
    rows = [
        {"option_id": n, "title": f"Choice {n}", "required": required, "type": "select", "position": n, "sku": "SET"}
        | {"product_links": links}
        for n, (required, links) in enumerate(options, 1)
    ]
    kinds = {"price_type": int(not dynamic), "weight_type": int(not dynamic), "shipment_type": 0}
    change(
        shop, "products", row["id"], type_id="bundle", price=30, weight=3,
        custom_attributes=[{"attribute_code": code, "value": str(value)} for code, value in kinds.items()],
        extension_attributes={"website_ids": [1], "category_links": [], "bundle_product_options": rows},
    )  # fmt: skip
    return str(row["id"])


def read(adapter: Adapter[Any], number: str) -> ProductRecord:
    (found,) = [each for each in adapter.source(DataType.PRODUCTS).fetch([number]) if each.external_id == number]
    assert isinstance(found, ProductRecord) and found.problems == []
    return found


def test_a_bundle_has_the_prices_weights_and_stock_of_its_parts(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Two of A, and one of B or C: the default counts for the price, the scarcest choice for the stock."""
    number = make_bundle(
        shop, (True, [link("PART-A", 2)]), (True, [link("PART-B", 3, default=False), link("PART-C", 1)])
    )
    (bundle,) = read(adapter, number).variants or []
    assert isinstance(bundle.price, PriceRecord) and bundle.price.amount == 21 and bundle.weight_in_grams == 1500
    assert [(each["sku"], each["quantity"], each["choice"], each["default"]) for each in bundle.parts] == [
        ("PART-A", "2", "Choice 1", True), ("PART-B", "3", "Choice 2", False), ("PART-C", "1", "Choice 2", True),
    ]  # fmt: skip
    assert bundle.stock == [StockRecord(quantity=Decimal(3), location="default")]
    stock = {each.external_id: each.stock for each in adapter.source(DataType.STOCK).fetch([number])}
    assert stock == {number: bundle.stock}


def test_a_bundle_with_fixed_price(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """A special price is a percentage. A choice that nobody has to make limits nothing."""
    number = make_bundle(shop, (True, [link("PART-A", 1)]), (False, [link("PART-B", 100)]), dynamic=False)
    custom = goods(shop)["SET"]["custom_attributes"] + [{"attribute_code": "special_price", "value": "80.000000"}]
    change(shop, "products", int(number), custom_attributes=custom)
    (bundle,) = read(adapter, number).variants or []
    assert isinstance(bundle.price, PriceRecord) and bundle.weight_in_grams == 3000
    assert (bundle.price.amount, bundle.price.list_amount) == (Decimal(24), Decimal(30))
    assert bundle.stock == [StockRecord(quantity=Decimal(7), location="default")]


def test_hidden_parts_are_imported_with_their_bundle(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """An order names them. They are not sold alone, so they are suspended; one that no bundle has is not imported."""
    make_bundle(shop, (True, [link("PART-A", 1)]), (True, [link("PART-B", 1)]))
    found = {each.external_id: each for each in records(adapter, DataType.PRODUCTS) if isinstance(each, ProductRecord)}
    ids = {sku: str(row["id"]) for sku, row in goods(shop).items()}
    assert found[ids["SET"]].status == found[ids["PART-A"]].status == "live"
    assert found[ids["PART-B"]].status == "suspended" and ids["PART-C"] not in found


@pytest.mark.parametrize("since", [None, datetime(2020, 1, 1, tzinfo=UTC)])
def test_the_parents_of_hidden_parts_are_looked_for_once(
    open_adapter: Open, shop: SandboxProcess, since: datetime | None
) -> None:
    """At the end, in pages of their own, however many turns the import takes; hidden variants are none of theirs."""
    variant = next(number for row in shop.state("goods") for number in child_ids(row))
    sku = next(row["sku"] for row in shop.state("goods") if row["id"] == variant)
    change(shop, "products", variant, visibility=HIDDEN)
    bundle = make_bundle(shop, (True, [link("PART-B", 1)]), (True, [link(sku, 1)]))
    found: list[str] = []
    scans, cursor, is_first = [], None, True
    while cursor or is_first:
        is_first = False
        shop.clear_calls()
        source = open_adapter("magento", page_size=20).source(DataType.PRODUCTS)  # another turn
        page = source.read_page(since=since, cursor=cursor)
        scans.append(sum("configurable,grouped" in call["query"].values() for call in shop.calls()))
        cursor = page.cursor
        found += [each.external_id for each in page.records]
    part = str(goods(shop)["PART-B"]["id"])
    assert {bundle, part} <= set(found) and found[-1] == part and str(variant) not in found
    assert len(scans) > 3 and scans == [0] * (len(scans) - 2) + [1, 0]


def test_hidden_parts_of_a_grouped_product_are_its_variants(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Visible ones are products of their own; without hidden ones there is nothing to import."""
    shop.control("POST", "goods", json={"account": "alpha", "skus": ["GROUP"]})
    row = goods(shop)["GROUP"]

    def group(*skus: str) -> list[tuple[str, list[dict[str, str]]]]:
        about = {"sku": "GROUP", "link_type": "associated", "linked_product_type": "simple"}
        links = [
            about | {"linked_product_sku": sku, "position": n, "extension_attributes": {"qty": 1}}
            for n, sku in enumerate(skus)
        ]
        change(shop, "products", row["id"], type_id="grouped", product_links=links)
        found = adapter.source(DataType.PRODUCTS).fetch([str(row["id"])])
        return [(each.sku, each.options) for record in found for each in record.variants or ()]

    assert group("PART-C", "PART-A", "PART-B") == [
        ("PART-C", [{"name": "Product", "value": "PART-C"}]), ("PART-B", [{"name": "Product", "value": "PART-B"}]),
    ]  # fmt: skip
    assert adapter.source(DataType.PRODUCTS).fetch([str(goods(shop)["PART-B"]["id"])]) == []
    assert group("PART-A") == []


def test_a_bundle_is_written_after_its_parts(target: Adapter[Any], shop: SandboxProcess) -> None:
    parts = [
        {"sku": "NEW-1", "quantity": "2", "choice": "Lens", "required": True, "default": False},
        {"sku": "PART-A", "quantity": "1", "choice": "", "required": True, "default": False},
    ]
    bundle = product(1, variants=[variant(10, options=[], sku="OURS", parts=parts, price="25")])
    part = product(2, variants=[variant(20, 2, options=[], sku="NEW-1")])
    products = target.target(DataType.PRODUCTS)
    (waiting,) = products.send(creations(target, DataType.PRODUCTS, [bundle]))
    assert isinstance(waiting.error, TryAgainLater) and "NEW-1" in str(waiting.error) and "OURS" not in goods(shop)
    (written, _) = products.send(creations(target, DataType.PRODUCTS, [bundle, part]))
    row = goods(shop)["OURS"]
    assert written.error is None and written.links == {(Kind.VARIANT, 10): str(row["id"])}
    assert (row["type_id"], row["price"], row["visibility"]) == ("bundle", 25, 4)
    choices = row["extension_attributes"]["bundle_product_options"]
    assert [(each["title"], each["required"]) for each in choices] == [("Lens", True), ("PART-A", True)]
    links = [each["product_links"][0] for each in choices]
    assert [(each["sku"], each["qty"], each["is_default"]) for each in links] == [
        ("NEW-1", 2, True),
        ("PART-A", 1, True),
    ]
    for data_type in (DataType.STOCK, DataType.PRICES):  # its parts have the stock, its product the price
        assert creations(target, data_type, bundle.variants)[0].payload is None
    shop.clear_calls()
    assert products.send(creations(target, DataType.PRODUCTS, [bundle]))[0].error is None
    assert goods(shop)["OURS"]["extension_attributes"]["bundle_product_options"] == choices


def test_a_product_does_not_become_another_type(target: Adapter[Any], shop: SandboxProcess) -> None:
    make_bundle(shop, (True, [link("PART-A", 1)]))
    taken = product(1, variants=[variant(10, options=[], sku="SET")])
    parts = [{"sku": "PART-B", "quantity": "1", "choice": "", "required": True, "default": True}]
    bundle = product(2, variants=[variant(20, 2, options=[], sku="PART-A", parts=parts)])
    before = goods(shop)
    for outcome in target.target(DataType.PRODUCTS).send(creations(target, DataType.PRODUCTS, [taken, bundle])):
        assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "product_type_unsupported"
    assert goods(shop) == before
