"""What is special about systems that speak our own protocol."""

import json
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import (
    AdjustmentRecord,
    CustomerRecord,
    OrderRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
)
from hub.kinds import DataType
from orders.amounts import balance, completed
from orders.items import RefundItem
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.adapters.reading import records
from tests.adapters.samples import SAMPLES, order, product, variant
from tests.adapters.test_order_amounts_at_targets import order as order_at_targets
from tests.adapters.writing import NOTHING, creations

PRODUCTS = DataType.PRODUCTS


@pytest.fixture
def target(open_adapter: Callable[..., Adapter]) -> Adapter:
    return open_adapter("rest")


@pytest.fixture
def shop(open_adapter: Callable[..., Adapter]) -> Adapter:
    return open_adapter("rest_shop")


@pytest.fixture
def system(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("rest")


def test_a_bad_object_fails_alone_and_is_reported(target: Adapter, system: SandboxProcess) -> None:
    operations = creations(target, PRODUCTS, [product(1), product(2, title=""), product(3)])
    first, second, third = target.target(PRODUCTS).send(operations)
    assert first.error is None and third.error is None
    assert isinstance(second.error, SkipRecord) and "title" in str(second.error) and second.error.fix
    assert [row["key"] for row in system.state("products")] == ["1", "3"]


def test_removals_and_writes_of_one_batch_stay_in_order(target: Adapter, system: SandboxProcess) -> None:
    target.target(PRODUCTS).send(creations(target, PRODUCTS, [product(1), product(2)]))
    (new,) = creations(target, PRODUCTS, [product(3)])
    gone = Operation(Action.REMOVE, 1, "1", None)
    outcomes = target.target(PRODUCTS).send([gone, new, Operation(Action.REMOVE, 2, "2", None)])
    assert [outcome.external_id for outcome in outcomes] == ["1", "3", "2"]
    assert [row["key"] for row in system.state("products")] == ["3"]
    assert [call["method"] for call in system.calls()] == ["PUT", "PUT", "DELETE"]


def test_references_are_the_keys_that_the_system_knows(target: Adapter) -> None:
    refs = References({("brand", 5): "acme", ("category", 7): "lamps", ("variant", 10): "v-10"})
    payload = target.target(PRODUCTS).payload(product(1), refs)
    assert (payload["brand"], payload["categories"]) == ("acme", ["lamps"])
    assert [each["key"] for each in payload["variants"]] == ["v-10", "11"]


def test_an_order_goes_with_what_was_shipped_of_which_line(target: Adapter) -> None:
    refs = References({("customer", 3): "c-3", ("order_line", 10): "l-10", ("variant", 10): "v-10"})
    payload = target.target(DataType.ORDERS).payload(order(1), refs)
    assert (payload["number"], payload["customer"], payload["total"]) == ("101", "c-3", 25)
    assert payload["placed_at"] == "2026-01-02T08:00:00+00:00"
    (line,) = payload["lines"]
    assert (line["key"], line["variant"], line["quantity"], line["unit_price"]) == ("l-10", "v-10", 2, 12.5)
    assert payload["shipments"][0]["lines"] == [{"line": "l-10", "quantity": 1}]
    assert payload["addresses"][0]["street"] == "1 High Street"


def test_null_is_none_and_absence_says_nothing(shop: Adapter, platform: Callable[[str], SandboxProcess]) -> None:
    said = {"key": "v1", "sku": "A", "price": None, "quantity": None}
    rows = [{"key": "said", "title": "A", "variants": [said], "images": []}, {"key": "silent", "title": "B"}]
    rows.append({"key": "half", "title": "C", "variants": [{"key": "v2", "sku": "C"}]})
    platform("rest_shop").fault("status", status=200, body={"items": rows, "next": None})
    read = {record.external_id: record for record in records(shop, PRODUCTS) if isinstance(record, ProductRecord)}
    (variant_said,), (variant_half,) = read["said"].variants or (), read["half"].variants or ()
    assert (variant_said.price, variant_said.stock) == (PriceRecord(amount=None), [StockRecord(quantity=None)])
    assert (variant_half.price, variant_half.stock) == (None, None)
    assert (read["said"].images, read["silent"].images, read["silent"].variants) == ([], None, None)


def test_a_change_of_price_or_stock_is_no_change_of_the_product(target: Adapter) -> None:
    dear = product(1, variants=[variant(10, price="99", stock="0"), variant(11)])
    assert target.target(PRODUCTS).payload(dear, NOTHING) == target.target(PRODUCTS).payload(product(1), NOTHING)


def test_what_is_not_counted_or_has_no_price_has_no_object(target: Adapter) -> None:
    assert target.target(DataType.STOCK).payload(variant(1, stock=None), NOTHING) is None
    assert target.target(DataType.PRICES).payload(variant(1, price=None), NOTHING) is None
    assert target.target(DataType.STOCK).payload(variant(1, stock="-2"), NOTHING)["quantity"] == -2


@pytest.mark.parametrize("body", [{"results": []}, {"results": "all well"}, [], "ok"])
def test_an_answer_without_a_result_for_each_is_no_answer(target: Adapter, system: SandboxProcess, body: Any) -> None:
    system.fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        target.target(PRODUCTS).send(creations(target, PRODUCTS, SAMPLES[PRODUCTS]))


def test_a_rejection_of_the_whole_batch_names_nobody(target: Adapter, system: SandboxProcess) -> None:
    system.fault("status", status=413)
    with pytest.raises(BatchRejected) as raised:
        target.target(PRODUCTS).send(creations(target, PRODUCTS, SAMPLES[PRODUCTS]))
    assert raised.value.item_errors == {}


@pytest.mark.parametrize("status", [404, 405])
def test_a_system_that_does_not_serve_a_kind_needs_a_person(
    target: Adapter, system: SandboxProcess, status: int
) -> None:
    system.fault("status", status=status)
    with pytest.raises(NeedsAttention, match="/v1/products"):
        target.target(PRODUCTS).send(creations(target, PRODUCTS, SAMPLES[PRODUCTS]))
    with pytest.raises(NeedsAttention):
        target.check()


def test_what_is_written_can_be_read_back(target: Adapter, shop: Adapter) -> None:
    """One form in both directions."""
    wanted = product(1, variants=[variant(10, stock=None)])
    (operation,) = creations(target, PRODUCTS, [wanted])
    target.target(PRODUCTS).send([operation])
    body = operation.payload | {"key": "1"}
    shop.http.request("PUT", "/v1/products", body=[body])
    (record,) = shop.source(PRODUCTS).fetch(["1"])
    assert isinstance(record, ProductRecord) and record.problems == [] and record.variants and record.images
    assert (record.title, record.slug, record.status, record.brand_id) == (wanted.title, wanted.slug, "live", "5")
    assert (record.attributes, record.category_ids) == (wanted.attributes, ["7"])
    assert [each.url for each in record.images] == [each.url for each in wanted.images]
    own, existing = wanted.variants[0], record.variants[0]
    assert (existing.external_id, existing.sku, existing.options) == ("10", own.sku, own.options)
    assert (existing.weight_in_grams, existing.rrp) == (own.weight_in_grams, own.rrp)


def test_orders_and_customers_are_read_as_they_are_written(
    target: Adapter, shop: Adapter, platform: Callable[[str], SandboxProcess]
) -> None:
    """What a custom system receives is what a custom shop sends; and what is due follows from it."""
    sold = order_at_targets(refunds=[RefundItem("r1", "R-1", None, D(8), D(2), D(10), None, D(5), D(5), [])])
    gift = AdjustmentRecord(kind="gift_card", title="Gift", code="", gross=D(5))
    sold.adjustments.append(gift)
    (sent,) = creations(target, DataType.ORDERS, [sold])
    (customer,) = creations(target, DataType.CUSTOMERS, [samples.customer(4)])
    system = platform("rest_shop")
    for kind, operation in (("orders", sent), ("customers", customer)):
        shop.http.request("PUT", f"/v1/{kind}", body=[operation.content | {"key": "k1"}])
    (found,) = shop.source(DataType.ORDERS).fetch(["k1"])
    assert isinstance(found, OrderRecord) and found.problems == []
    full = completed(found)
    assert (balance(full).reconciliation, full.total, full.lines[0].total_net) == ("balanced", sold.total, 160)
    assert [each.kind for each in full.adjustments or ()] == ["shipping", "coupon", "gift_card"]
    assert [(each.shipping_gross, each.adjustment) for each in full.refunds or ()] == [(5, 5)]
    (person,) = shop.source(DataType.CUSTOMERS).fetch(["k1"])
    assert isinstance(person, CustomerRecord) and person.email == samples.customer(4).email
    assert person.addresses == samples.customer(4).addresses
    assert system.violations() == []


def test_the_order_of_the_documentation_adds_up(shop: Adapter) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "platforms" / "rest.md").read_text()
    example = json.loads(next(each for each in page.split("```json")[1:] if '"charges"' in each).partition("```")[0])
    shop.http.request("PUT", "/v1/orders", body=[example])
    (found,) = shop.source(DataType.ORDERS).fetch([example["key"]])
    assert isinstance(found, OrderRecord)
    full = completed(found)
    assert (balance(full).difference, balance(full).lines) == (0, 250)
    assert [(each.total_net, each.tax) for each in full.lines] == [(160, 40)]


def test_a_system_without_orders_has_none(shop: Adapter, platform: Callable[[str], SandboxProcess]) -> None:
    """Orders and customers are optional. That a single one cannot be fetched is no proof that it was deleted."""
    platform("rest_shop").fault("status", status=404, path="/v1/orders", times=2)
    assert records(shop, DataType.ORDERS) == []
    with pytest.raises(NeedsAttention):
        shop.source(DataType.ORDERS).fetch(["o1"])


def test_hundreds_of_keys_are_looked_up_a_hundred_at_a_time(
    shop: Adapter, platform: Callable[[str], SandboxProcess]
) -> None:
    system = platform("rest_shop")
    for start in (0, 100):
        shop.http.request(
            "PUT", "/v1/products", body=[{"key": f"{n}", "title": "t"} for n in range(start, start + 100)]
        )
    system.clear_calls()
    assert shop.listing("product").lookup(str(n) for n in range(250)) == {str(n) for n in range(200)}
    assert [(call["method"], call["path"]) for call in system.calls()] == [("POST", "/v1/products/find")] * 3


@pytest.mark.parametrize("body", [{}, {"items": ["1"]}, {"items": [{"key": "2"}]}])
def test_what_was_not_asked_for_is_no_answer(
    shop: Adapter, platform: Callable[[str], SandboxProcess], body: Any
) -> None:
    platform("rest_shop").fault("status", status=200, body=body)
    with pytest.raises(TryAgainLater):
        shop.listing("product").lookup(["1"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": ["5"]}, "title"),
        ({"status": "sleeping"}, "status"),
        ({"variants": [{"sku": "no key"}]}, "variants.0.key"),
        ({"variants": [{"key": "v", "price": -1}]}, "variants.0.price"),
    ],
)
def test_what_does_not_fit_is_reported_by_its_field(shop: Adapter, wrong: dict[str, Any], field: str) -> None:
    good = {"key": "p000x", "title": "Between"}
    page = {"items": [good, {"key": "bad", "title": "t"} | wrong, "text"], "next": None}
    process_of(shop, page)
    first, second, third = records(shop, PRODUCTS)
    assert first.problems == []
    assert second.external_id == "bad" and second.problems[0].values["field"] == field and second.problems[0].fatal
    assert third.problems[0].fatal


def process_of(adapter: Adapter, page: dict[str, Any]) -> None:
    """Let the system answer its next listing with this page."""
    adapter.http.request(
        "POST", "/_sandbox/faults", body={"fault": "status", "status": 200, "body": page, "path": "/v1/products$"}
    )
