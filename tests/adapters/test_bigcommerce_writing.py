"""Exporting to a BigCommerce store: behavior that the standard suite does not cover."""

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import ImageItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from synclog.issue_catalog import render
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, creations

PRODUCTS, STOCK, PRICES = DataType.PRODUCTS, DataType.STOCK, DataType.PRICES
VARIANTS = "/v3/catalog/products/.*/variants"

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("bigcommerce_target")


def size(number: int, name: str, **changes: Any) -> Any:
    return variant(number, options=[{"name": "Size", "value": name}], **changes)


def created(adapter: Adapter[Any], item: Any) -> Outcome:
    (outcome,) = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, [item]))
    assert outcome.error is None
    return outcome


def change(adapter: Adapter[Any], outcome: Outcome, before: Any, after: Any) -> Outcome:
    payload, sent = (adapter.target(PRODUCTS).payload(each, NOTHING) for each in (after, before))
    operation = Operation(Action.UPDATE, after.id, outcome.external_id, payload, sent)
    (changed,) = adapter.target(PRODUCTS).send([operation])
    return changed


def variants_of(store: SandboxProcess, product_id: str) -> dict[str, Any]:
    return {row["sku"]: row for row in store.state("variants") if str(row["product_id"]) == product_id}


def writes(store: SandboxProcess) -> list[str]:
    calls = (call for call in store.calls() if call["method"] != "GET")
    return [f"{call['method']} {call['path'].partition('/v3/')[2]}" for call in calls]


# Products


def test_a_product_is_created_with_its_variants_and_linked(adapter: Adapter[Any], store: SandboxProcess) -> None:
    outcome = created(adapter, product(1, variants=[size(10, "S", price="9.5"), size(11, "M", weight_in_grams=None)]))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert (row["name"], row["price"], row["weight"], row["is_visible"]) == ("Lamp 1", 9.5, 0.25, True)
    stored = variants_of(store, outcome.external_id)
    assert {sku: stored[sku]["price"] for sku in stored} == {"SKU-10": 9.5, "SKU-11": 12.5}
    assert outcome.links == {
        ("variant", 10): str(stored["SKU-10"]["id"]),
        ("variant", 11): str(stored["SKU-11"]["id"]),
    }


def test_a_product_without_options_has_one_variant(adapter: Adapter[Any], store: SandboxProcess) -> None:
    item = product(1, variants=[variant(10, options=[])])
    outcome = created(adapter, item)
    (base,) = variants_of(store, outcome.external_id).values()
    assert base["sku"] == "SKU-10" and outcome.links == {("variant", 10): str(base["id"])}
    dearer = product(1, variants=[variant(10, options=[], price="14")])
    assert change(adapter, outcome, item, dearer).links == outcome.links
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert row["price"] == 14


@pytest.mark.parametrize("with_options", [True, False])
def test_existing_products_are_linked_by_sku(adapter: Adapter[Any], store: SandboxProcess, with_options: bool) -> None:
    rows = (row for row in store.state("variants") if row["product_id"] and row["sku"])
    existing = next(row for row in rows if bool(row["option_values"]) == with_options)
    labels = [{"name": each["option_display_name"], "value": each["label"]} for each in existing["option_values"]]
    count = sum(1 for _ in store.state("products"))
    outcome = created(adapter, product(1, variants=[variant(10, sku=existing["sku"], options=labels)]))
    assert outcome.external_id == str(existing["product_id"])
    assert outcome.links == {("variant", 10): str(existing["id"])}
    assert sum(1 for _ in store.state("products")) == count


def test_a_product_is_not_duplicated_after_a_lost_response(adapter: Adapter[Any], store: SandboxProcess) -> None:
    store.fault("drop", method="POST", path="/v3/catalog/products$", when="after", times=1)
    operations = creations(adapter, PRODUCTS, [product(1)])
    with pytest.raises(TryAgainLater):
        adapter.target(PRODUCTS).send(operations)
    (outcome,) = adapter.target(PRODUCTS).send(operations)
    assert outcome.error is None
    assert sum(row["name"] == "Lamp 1" for row in store.state("products")) == 1


def test_ten_changes_take_one_write(adapter: Adapter[Any], store: SandboxProcess) -> None:
    items = [product(number, variants=[size(number * 10, "S")]) for number in range(1, 11)]
    outcomes = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, items))
    store.clear_calls()
    operations = [
        Operation(Action.UPDATE, item.id, outcome.external_id, payload, payload)
        for item, outcome in zip(items, outcomes, strict=True)
        if (payload := adapter.target(PRODUCTS).payload(item, NOTHING))
    ]
    assert [each.error for each in adapter.target(PRODUCTS).send(operations)] == [None] * 10
    assert writes(store) == ["PUT catalog/products"]


def test_changed_variants_of_a_product_take_one_write(adapter: Adapter[Any], store: SandboxProcess) -> None:
    before = product(1, variants=[size(10, "S"), size(11, "M"), size(12, "L")])
    outcome = created(adapter, before)
    store.clear_calls()
    after = product(1, variants=[size(10, "S", price="1"), size(11, "M", price="2"), size(12, "L")])
    assert change(adapter, outcome, before, after).error is None
    assert writes(store) == ["PUT catalog/products", "PUT catalog/variants"]
    stored = variants_of(store, outcome.external_id)
    assert (stored["SKU-10"]["price"], stored["SKU-11"]["price"], stored["SKU-12"]["price"]) == (1, 2, 12.5)


def test_variants_are_added_and_removed_and_those_of_the_store_are_kept(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    before = product(1, variants=[size(10, "S"), size(11, "M")])
    outcome = created(adapter, before)
    path = f"/v3/catalog/products/{outcome.external_id}"
    (option,) = adapter.http.get(f"{path}/options").json()["data"]
    label = {"label": "XXL", "sort_order": 2}
    value = adapter.http.request("POST", f"{path}/options/{option['id']}/values", body=label).json()
    own = {"sku": "THEIRS", "option_values": [{"option_id": option["id"], "id": value["data"]["id"]}]}
    adapter.http.request("POST", f"{path}/variants", body=own)
    after = product(1, variants=[size(10, "S"), size(12, "L")])
    changed = change(adapter, outcome, before, after)
    stored = variants_of(store, outcome.external_id)
    assert sorted(stored) == ["SKU-10", "SKU-12", "THEIRS"]
    assert changed.links["variant", 12] == str(stored["SKU-12"]["id"])


def replaced(adapter: Adapter[Any], store: SandboxProcess) -> tuple[Outcome, Any, Any]:
    """A variant at the store with stock and a bin number, and the product with another size for that SKU."""
    before, after = (
        product(1, variants=[size(10, "S"), size(11, "M")]),
        product(1, variants=[size(10, "Small"), size(11, "M")]),
    )
    outcome = created(adapter, before)
    number = int(outcome.links["variant", 10])
    own = {
        "id": number,
        "inventory_level": 42,
        "bin_picking_number": "B-7",
        "cost_price": 3.5,
        "purchasing_disabled_message": "Soon",
    }
    adapter.http.request("PUT", "/v3/catalog/variants", body=[own])
    return outcome, before, after


def test_a_changed_option_value_creates_a_new_variant_that_keeps_its_stock(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    outcome, before, after = replaced(adapter, store)
    warehouse = {"location_id": 2, "variant_id": int(outcome.links["variant", 10]), "quantity": 7}
    adapter.http.request("PUT", "/v3/inventory/adjustments/absolute", body={"items": [warehouse]})
    changed = change(adapter, outcome, before, after)
    row = variants_of(store, outcome.external_id)["SKU-10"]
    assert [each["label"] for each in row["option_values"]] == ["Small"]
    (stock,) = [each for each in store.state("inventory") if each["identity"]["variant_id"] == row["id"]]
    assert [each["total_inventory_onhand"] for each in stock["locations"]] == [42, 7]
    assert (row["inventory_level"], row["bin_picking_number"], row["cost_price"]) == (42, "B-7", 3.5)
    assert row["purchasing_disabled_message"] == "Soon"
    [warning] = changed.warnings
    message, fix = render(warning, platform="BigCommerce")
    assert "SKU-10" in message and "metafields" in message.lower() and fix
    assert not change(adapter, outcome, after, after).warnings
    assert changed.links["variant", 10] == str(row["id"]) != outcome.links["variant", 10]
    assert sorted(variants_of(store, outcome.external_id)) == ["SKU-10", "SKU-11"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_replacing_a_variant_may_be_interrupted_anywhere(
    adapter: Adapter[Any], store: SandboxProcess, method: str, when: str
) -> None:
    outcome, before, after = replaced(adapter, store)
    store.fault("drop", method=method, path=VARIANTS, when=when, times=1)
    with pytest.raises(TryAgainLater):
        change(adapter, outcome, before, after)
    again = change(adapter, outcome, before, after)
    assert again.error is None and bool(again.warnings) is not (method == "DELETE" and when == "after")
    stored = variants_of(store, outcome.external_id)
    assert sorted(stored) == ["SKU-10", "SKU-11"]
    assert [each["label"] for each in stored["SKU-10"]["option_values"]] == ["Small"]
    assert stored["SKU-10"]["inventory_level"] == 42


def test_a_rejected_batch_names_no_item_and_a_rejected_product_is_reported(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    taken = next(row["name"] for row in store.state("products"))
    items = [product(1), product(2)]
    outcomes = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, items))
    bad = adapter.target(PRODUCTS).payload(product(2, title=taken), NOTHING)
    good = adapter.target(PRODUCTS).payload(product(1), NOTHING)
    operations = [
        Operation(Action.UPDATE, 1, outcomes[0].external_id, good, None),
        Operation(Action.UPDATE, 2, outcomes[1].external_id, bad, None),
    ]
    with pytest.raises(BatchRejected) as raised:
        adapter.target(PRODUCTS).send(operations)
    assert raised.value.item_errors == {} and "duplicate" in str(raised.value)
    new = creations(adapter, PRODUCTS, [product(3, title=taken), product(4)])
    third, fourth = adapter.target(PRODUCTS).send(new)
    assert isinstance(third.error, SkipRecord) and "duplicate" in str(third.error) and third.error.fix
    assert fourth.error is None


def test_a_partly_saved_product_is_reported(adapter: Adapter[Any], store: SandboxProcess) -> None:
    items = [product(1), product(2)]
    outcomes = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, items))
    changes = [
        Operation(Action.UPDATE, item.id, outcome.external_id, adapter.target(PRODUCTS).payload(item, NOTHING))
        for item, outcome in zip(items, outcomes, strict=True)
    ]
    body = {"data": [], "errors": {"title": "The brand could not be saved"}}
    store.fault("status", method="PUT", path="/v3/catalog/products$", status=207, body=body)
    with pytest.raises(BatchRejected) as raised:
        adapter.target(PRODUCTS).send(changes)
    assert raised.value.item_errors == {}
    with pytest.raises(BatchRejected) as raised:
        adapter.target(PRODUCTS).send([*creations(adapter, PRODUCTS, [product(3)]), changes[1]])
    (problem,) = raised.value.item_errors.values()
    assert list(raised.value.item_errors) == [1] and problem.code == "partly_saved"
    assert "The brand could not be saved" in render(problem, platform="BigCommerce")[0]


def test_a_new_product_that_is_saved_in_part_is_reported(adapter: Adapter[Any], store: SandboxProcess) -> None:
    """The vendor then answers a list, and an error that names the values."""
    body = {"data": [{"id": 1}], "errors": {"title": "Multi-status", "errors": {"custom_url": "in use"}}}
    store.fault("status", method="POST", path="/v3/catalog/products$", status=207, body=body)
    item = product(1, variants=[variant(10, options=[])])
    (outcome,) = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, [item]))
    assert outcome.external_id == "1" and isinstance(outcome.error, SkipRecord)


@pytest.mark.parametrize("fallback, sent", [(None, []), (3, [3])])
def test_a_new_product_without_categories_says_so(
    open_adapter: Open, store: SandboxProcess, fallback: int | None, sent: list[int]
) -> None:
    outcome = created(open_adapter("bigcommerce_target", fallback_category_id=fallback), product(1))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert row["categories"] == sent


def test_a_variant_that_is_saved_in_part_replaces_none(adapter: Adapter[Any], store: SandboxProcess) -> None:
    outcome, before, after = replaced(adapter, store)
    body = {"data": {"id": 999_999}, "errors": {"title": "The stock was not saved"}}
    store.fault("status", method="POST", path=f"{VARIANTS}$", status=207, body=body, when="after", times=1)
    partly = change(adapter, outcome, before, after)
    assert isinstance(partly.error, SkipRecord) and partly.error.problem.code == "partly_saved"
    assert sorted(variants_of(store, outcome.external_id)) == ["SKU-10", "SKU-10~replaced", "SKU-11"]
    again = change(adapter, outcome, before, after)
    assert again.error is None and again.warnings
    stored = variants_of(store, outcome.external_id)
    assert sorted(stored) == ["SKU-10", "SKU-11"] and stored["SKU-10"]["inventory_level"] == 42


def test_a_product_is_hidden_instead_of_deleted(open_adapter: Open, store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce_target", on_removal="hide")
    outcome = created(adapter, product(1))
    for number in (outcome.external_id, "999999"):
        (gone,) = adapter.target(PRODUCTS).send([Operation(Action.REMOVE, 1, number, None)])
        assert gone.error is None
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert row["is_visible"] is False


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (product(1, variants=[variant(10, sku="")]), "sku_missing"),
        (product(1, variants=[variant(10, price=None)]), "price_missing"),
        (product(1, variants=[variant(10, weight_in_grams=None)]), "weight_missing"),
        (product(1, title=""), "title_length"),
        (product(1, title="x" * 251), "title_length"),
        (product(1, variants=[variant(10, options=[]), variant(11)]), "options_missing"),
    ],
)
def test_a_product_that_the_store_cannot_represent_is_reported(adapter: Adapter[Any], item: Any, code: str) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.target(PRODUCTS).payload(item, NOTHING)
    assert skipped.value.problem.code == code and skipped.value.fix


# Images


def images_of(store: SandboxProcess, product_id: str) -> list[tuple[str, bool]]:
    rows = [row for row in store.state("images") if str(row["product_id"]) == product_id]
    rows.sort(key=lambda row: row["sort_order"])
    return [(row["image_file"].rpartition("/")[2].partition("__")[0], row["is_thumbnail"]) for row in rows]


def with_images(*names: str) -> Any:
    images = [ImageItem(f"https://images.example.com/{name}.jpg", "", place) for place, name in enumerate(names)]
    return product(1, images=images)


def test_changed_images_are_added_reordered_and_deleted(adapter: Adapter[Any], store: SandboxProcess) -> None:
    before, after = with_images("front", "back", "side"), with_images("side", "front", "top view")
    outcome = created(adapter, before)
    assert images_of(store, outcome.external_id) == [("front", True), ("back", False), ("side", False)]
    own = {"image_url": "https://images.example.com/theirs.jpg", "sort_order": 9}
    adapter.http.request("POST", f"/v3/catalog/products/{outcome.external_id}/images", body=own)
    assert change(adapter, outcome, before, after).error is None
    expected = [("side", True), ("front", False), ("top view", False), ("theirs", False)]
    assert images_of(store, outcome.external_id) == expected
    store.clear_calls()
    change(adapter, outcome, after, after)
    assert writes(store) == ["PUT catalog/products"]


def test_an_image_that_the_store_rejects_is_reported(adapter: Adapter[Any], store: SandboxProcess) -> None:
    before, after = with_images("front"), with_images("front", "gone")
    outcome = created(adapter, before)
    body = {"status": 422, "title": "The image could not be downloaded"}
    store.fault("status", method="POST", path="/images$", status=422, body=body)
    rejected = change(adapter, outcome, before, after)
    assert isinstance(rejected.error, SkipRecord) and "downloaded" in str(rejected.error)


# Stock and prices


@pytest.fixture
def refs(store: SandboxProcess) -> References:
    """Links our variants 1, 2, 3 … to the store's first ones."""
    existing = [row["id"] for row in store.state("variants")]
    return References({("variant", number): str(pk) for number, pk in enumerate(existing, 1)})


def operations(adapter: Adapter[Any], data_type: DataType, items: list[Any], refs: References) -> list[Operation[Any]]:
    return [
        Operation(
            Action.UPDATE, item.id, refs.get(Kind.VARIANT, item.id) or "", adapter.target(data_type).payload(item, refs)
        )
        for item in items
    ]


def test_stock_is_sent_in_one_call(adapter: Adapter[Any], store: SandboxProcess, refs: References) -> None:
    items = [variant(number, stock=str(number * 10 - 15)) for number in (1, 2, 3)]
    for _ in range(2):
        outcomes = adapter.target(STOCK).send(operations(adapter, STOCK, items, refs))
        assert [each.external_id for each in outcomes] == [refs.get(Kind.VARIANT, number) for number in (1, 2, 3)]
        levels = {row["id"]: row["inventory_level"] for row in store.state("variants")}
        assert [levels[int(each.external_id)] for each in outcomes] == [0, 5, 15]
    assert writes(store) == ["PUT inventory/adjustments/absolute"] * 2


def test_stock_of_a_product_without_options_is_that_of_the_product(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    item = product(1, variants=[variant(10, options=[], stock="7")])
    outcome = created(adapter, item)
    links = References({(Kind.PRODUCT, 1): outcome.external_id} | outcome.links)
    [sent] = operations(adapter, STOCK, item.variants, links)
    [done] = adapter.target(STOCK).send([sent])
    assert done.external_id == links.get(Kind.VARIANT, 10)
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert (row["inventory_tracking"], row["inventory_level"]) == ("product", 7)
    # The vendor's text for a product with options whose stock is tracked by product.
    del sent.content["product_id"]
    with pytest.raises(BatchRejected, match="tracked by product, please update stock by product id") as raised:
        adapter.target(STOCK).send([Operation(Action.REMOVE, 3, "3", None), sent])
    assert list(raised.value.item_errors) == [1]


def test_a_rejected_adjustment_names_the_items(adapter: Adapter[Any], refs: References) -> None:
    some = operations(adapter, STOCK, [variant(1), variant(2)], refs)
    some[1].content["variant_id"] = 999999
    gone: Operation[Any] = Operation(Action.REMOVE, 3, "3", None)
    with pytest.raises(BatchRejected) as raised:
        adapter.target(STOCK).send([gone, *some])
    assert list(raised.value.item_errors) == [2]


def test_a_variant_missing_at_the_store_is_reported(adapter: Adapter[Any]) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.target(STOCK).payload(variant(1), NOTHING)
    assert skipped.value.problem.code == "not_at_target_yet"


def test_prices_are_written_to_the_selected_price_list(
    open_adapter: Open, store: SandboxProcess, refs: References
) -> None:
    assert open_adapter("bigcommerce_target").target(PRICES).payload(variant(1, price="-1"), refs) is None
    adapter = open_adapter("bigcommerce_target", price_list_id=1)
    some = operations(adapter, PRICES, [variant(1, price="7.25"), variant(2, price="8")], refs)
    assert [each.error for each in adapter.target(PRICES).send(some)] == [None, None]
    stored = {row["variant_id"]: row["price"] for row in store.state("price_records")}
    assert [stored[int(each.external_id)] for each in some] == [7.25, 8]
    adapter.target(PRICES).send([Operation(Action.REMOVE, 1, some[0].external_id, None)])
    assert int(some[0].external_id) not in {row["variant_id"] for row in store.state("price_records")}
    some[1].content["currency"] = "xxx"
    with pytest.raises(BatchRejected) as raised:
        adapter.target(PRICES).send(some)
    assert list(raised.value.item_errors) == [1]


def test_quantity_prices_are_ranges_that_do_not_overlap(
    open_adapter: Open, store: SandboxProcess, refs: References
) -> None:
    adapter = open_adapter("bigcommerce_target", price_list_id=1)
    item = variant(1, price="8")
    item.prices += [replace(item.prices[0], min_quantity=at, amount=Decimal(8 - at / 100)) for at in (50, 10)]
    adapter.target(PRICES).send(operations(adapter, PRICES, [item], refs))
    row = next(row for row in store.state("price_records") if row["bulk_pricing_tiers"])
    found = [(tier["quantity_min"], tier["quantity_max"], tier["amount"]) for tier in row["bulk_pricing_tiers"]]
    assert found == [(10, 49, 7.9), (50, 2**31 - 1, 7.5)]
    item.prices[1].amount = Decimal(-1)
    with pytest.raises(SkipRecord, match="below zero"):
        adapter.target(PRICES).payload(item, refs)


def test_what_a_price_record_no_longer_has_is_deleted(
    open_adapter: Open, store: SandboxProcess, refs: References
) -> None:
    """The vendor does not say whether writing a record clears what it leaves out."""
    adapter = open_adapter("bigcommerce_target", price_list_id=1)
    reduced = variant(1, price="8")
    reduced.prices[0].list_amount = Decimal(10)
    (before,) = operations(adapter, PRICES, [reduced], refs)
    (after,) = operations(adapter, PRICES, [variant(1, price="10")], refs)
    adapter.target(PRICES).send([before])
    store.clear_calls()
    adapter.target(PRICES).send([replace(after, previous=before.payload)])
    assert writes(store) == ["DELETE pricelists/1/records", "PUT pricelists/1/records"]


def test_weights_are_sent_in_the_stores_unit(adapter: Adapter[Any], store: SandboxProcess) -> None:
    store.fault("status", path="/v2/store$", status=200, body={"weight_units": "LBS"})
    outcome = created(adapter, product(1, variants=[size(10, "S")]))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert math.isclose(row["weight"] * 453.59237, 250, rel_tol=1e-3)


def test_a_reduced_price_is_sent_as_a_sale_price(adapter: Adapter[Any], store: SandboxProcess) -> None:
    reduced = size(10, "S", price="8")
    reduced.prices[0].list_amount = Decimal(10)
    outcome = created(adapter, product(1, variants=[reduced]))
    row = variants_of(store, outcome.external_id)["SKU-10"]
    assert (row["price"], row["sale_price"]) == (10, 8)


def test_variants_of_an_unchanged_product_are_not_written(adapter: Adapter[Any], store: SandboxProcess) -> None:
    item = product(1, variants=[size(10, "S"), size(11, "M")])
    outcome = created(adapter, item)
    store.clear_calls()
    change(adapter, outcome, item, product(1, title="Brighter lamp", variants=item.variants))
    assert writes(store) == ["PUT catalog/products"]


def test_two_products_with_the_same_sku_are_an_issue(adapter: Adapter[Any], store: SandboxProcess) -> None:
    existing = next(row for row in store.state("variants") if row["product_id"] and row["option_values"])
    labels = [{"name": each["option_display_name"], "value": each["label"]} for each in existing["option_values"]]
    variants_with_equal_options = [
        product(number, variants=[variant(number, sku=existing["sku"], options=labels)]) for number in (1, 2)
    ]
    first, second = adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, variants_with_equal_options))
    assert first.error is None
    assert isinstance(second.error, SkipRecord) and second.error.problem.code == "already_linked"


def test_stock_and_prices_at_the_store_are_compared(
    open_adapter: Open, store: SandboxProcess, refs: References
) -> None:
    adapter = open_adapter("bigcommerce_target", price_list_id=1)
    item = variant(1, stock="17", price="8")
    item.prices.append(replace(item.prices[0], min_quantity=10, max_quantity=99, amount=Decimal(7)))
    for data_type in (STOCK, PRICES):
        [operation] = operations(adapter, data_type, [item], refs)
        adapter.target(data_type).send([operation])
        page = adapter.target(data_type).read_existing(cursor=None)
        assert page.items[operation.external_id] == operation.content and page.cursor is None
        assert adapter.target(data_type).find_existing([operation.external_id, "999999"]) == {operation.external_id}
    assert operation.content["bulk_pricing_tiers"][0]["quantity_max"] == 99
    for data_type in (STOCK, PRICES):
        store.fault("status", status=200, body={"surprise": []}, times=1)
        with pytest.raises(TryAgainLater):
            adapter.target(data_type).read_existing(cursor=None)


def test_a_new_product_is_assigned_to_the_storefront_of_the_settings(open_adapter: Open, store: SandboxProcess) -> None:
    outlet = open_adapter("bigcommerce_target", channel_id=2)
    outcome = created(outlet, product(1))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert row["channels"] == [1, 2]
    store.clear_calls()
    change(outlet, outcome, product(1), product(1, title="Other"))
    assert not [each for each in writes(store) if "channel-assignments" in each]
