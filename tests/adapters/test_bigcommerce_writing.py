"""What is special about writing to a BigCommerce store."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRefused, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, creations

PRODUCTS, STOCK, PRICES = DataType.PRODUCTS, DataType.STOCK, DataType.PRICES
VARIANTS = "/v3/catalog/products/.*/variants"


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce_target")


@pytest.fixture
def adapter(open_adapter: Callable[..., Adapter]) -> Adapter:
    return open_adapter("bigcommerce_target")


def size(number: int, name: str, **changes: Any) -> Any:
    return variant(number, options=[{"name": "Size", "value": name}], **changes)


def made(adapter: Adapter, item: Any) -> Outcome:
    (outcome,) = adapter.send(PRODUCTS, creations(adapter, PRODUCTS, [item]))
    assert outcome.error is None
    return outcome


def change(adapter: Adapter, outcome: Outcome, before: Any, after: Any) -> Outcome:
    payload, sent = (adapter.payload(PRODUCTS, each, NOTHING) for each in (after, before))
    operation = Operation(Action.UPDATE, after.id, outcome.external_id, payload, sent)
    (changed,) = adapter.send(PRODUCTS, [operation])
    return changed


def variants_of(store: SandboxProcess, product_id: str) -> dict[str, Any]:
    return {row["sku"]: row for row in store.state("variants") if str(row["product_id"]) == product_id}


def writes(store: SandboxProcess) -> list[str]:
    calls = (call for call in store.calls() if call["method"] != "GET")
    return [f"{call['method']} {call['path'].partition('/v3/')[2]}" for call in calls]


# Products


def test_a_product_is_made_with_its_variants_and_linked(adapter: Adapter, store: SandboxProcess) -> None:
    outcome = made(adapter, product(1, variants=[size(10, "S", price="9.5"), size(11, "M", weight_in_grams=None)]))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert (row["name"], row["price"], row["weight"], row["is_visible"]) == ("Lamp 1", 9.5, 0.25, True)
    held = variants_of(store, outcome.external_id)
    assert {sku: held[sku]["price"] for sku in held} == {"SKU-10": 9.5, "SKU-11": 12.5}
    assert outcome.links == {
        ("variant", 10): str(held["SKU-10"]["id"]),
        ("variant", 11): str(held["SKU-11"]["id"]),
    }


def test_a_product_without_options_is_its_only_variant(adapter: Adapter, store: SandboxProcess) -> None:
    item = product(1, variants=[variant(10, options=[])])
    outcome = made(adapter, item)
    (base,) = variants_of(store, outcome.external_id).values()
    assert base["sku"] == "SKU-10" and outcome.links == {("variant", 10): str(base["id"])}
    dearer = product(1, variants=[variant(10, options=[], price="14")])
    assert change(adapter, outcome, item, dearer).links == outcome.links
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert row["price"] == 14


def test_what_the_store_has_already_is_linked_by_sku(adapter: Adapter, store: SandboxProcess) -> None:
    theirs = next(row for row in store.state("variants") if row["product_id"] and row["option_values"])
    labels = [{"name": each["option_display_name"], "value": each["label"]} for each in theirs["option_values"]]
    count = sum(1 for _ in store.state("products"))
    outcome = made(adapter, product(1, variants=[variant(10, sku=theirs["sku"], options=labels)]))
    assert outcome.external_id == str(theirs["product_id"])
    assert outcome.links == {("variant", 10): str(theirs["id"])}
    assert sum(1 for _ in store.state("products")) == count


def test_a_create_whose_answer_was_lost_makes_no_second_product(adapter: Adapter, store: SandboxProcess) -> None:
    store.fault("drop", method="POST", path="/v3/catalog/products$", when="after", times=1)
    operations = creations(adapter, PRODUCTS, [product(1)])
    with pytest.raises(TryAgainLater):
        adapter.send(PRODUCTS, operations)
    (outcome,) = adapter.send(PRODUCTS, operations)
    assert outcome.error is None
    assert sum(row["name"] == "Lamp 1" for row in store.state("products")) == 1


def test_ten_changes_take_one_write(adapter: Adapter, store: SandboxProcess) -> None:
    items = [product(number, variants=[size(number * 10, "S")]) for number in range(1, 11)]
    outcomes = adapter.send(PRODUCTS, creations(adapter, PRODUCTS, items))
    store.clear_calls()
    operations = [
        Operation(Action.UPDATE, item.id, outcome.external_id, payload, payload)
        for item, outcome in zip(items, outcomes, strict=True)
        if (payload := adapter.payload(PRODUCTS, item, NOTHING))
    ]
    assert [each.error for each in adapter.send(PRODUCTS, operations)] == [None] * 10
    assert writes(store) == ["PUT catalog/products"]


def test_changed_variants_of_a_product_take_one_write(adapter: Adapter, store: SandboxProcess) -> None:
    before = product(1, variants=[size(10, "S"), size(11, "M"), size(12, "L")])
    outcome = made(adapter, before)
    store.clear_calls()
    after = product(1, variants=[size(10, "S", price="1"), size(11, "M", price="2"), size(12, "L")])
    assert change(adapter, outcome, before, after).error is None
    assert writes(store) == ["PUT catalog/products", "PUT catalog/variants"]
    held = variants_of(store, outcome.external_id)
    assert (held["SKU-10"]["price"], held["SKU-11"]["price"], held["SKU-12"]["price"]) == (1, 2, 12.5)


def test_variants_come_and_go_and_those_of_the_store_stay(adapter: Adapter, store: SandboxProcess) -> None:
    before = product(1, variants=[size(10, "S"), size(11, "M")])
    outcome = made(adapter, before)
    own = {"sku": "THEIRS", "option_values": [{"option_display_name": "Size", "label": "XXL"}]}
    adapter.http.request("POST", f"/v3/catalog/products/{outcome.external_id}/variants", body=own)
    after = product(1, variants=[size(10, "S"), size(12, "L")])
    changed = change(adapter, outcome, before, after)
    held = variants_of(store, outcome.external_id)
    assert sorted(held) == ["SKU-10", "SKU-12", "THEIRS"]
    assert changed.links["variant", 12] == str(held["SKU-12"]["id"])


def replaced(adapter: Adapter, store: SandboxProcess) -> tuple[Outcome, Any, Any]:
    """A variant with stock and a bin in the store, and the product with another size on that SKU."""
    before, after = (
        product(1, variants=[size(10, "S"), size(11, "M")]),
        product(1, variants=[size(10, "Small"), size(11, "M")]),
    )
    outcome = made(adapter, before)
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


def test_a_changed_option_value_makes_a_new_variant_that_keeps_its_stock(
    adapter: Adapter, store: SandboxProcess
) -> None:
    outcome, before, after = replaced(adapter, store)
    changed = change(adapter, outcome, before, after)
    row = variants_of(store, outcome.external_id)["SKU-10"]
    assert [each["label"] for each in row["option_values"]] == ["Small"]
    assert (row["inventory_level"], row["bin_picking_number"], row["cost_price"]) == (42, "B-7", 3.5)
    assert row["purchasing_disabled_message"] == "Soon"
    [warning] = changed.warnings
    assert "SKU-10" in warning.message and "metafields" in warning.message and warning.fix
    assert not change(adapter, outcome, after, after).warnings
    assert changed.links["variant", 10] == str(row["id"]) != outcome.links["variant", 10]
    assert sorted(variants_of(store, outcome.external_id)) == ["SKU-10", "SKU-11"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_replacing_a_variant_may_break_off_anywhere(
    adapter: Adapter, store: SandboxProcess, method: str, when: str
) -> None:
    outcome, before, after = replaced(adapter, store)
    store.fault("drop", method=method, path=VARIANTS, when=when, times=1)
    with pytest.raises(TryAgainLater):
        change(adapter, outcome, before, after)
    again = change(adapter, outcome, before, after)
    assert again.error is None and bool(again.warnings) is not (method == "DELETE" and when == "after")
    held = variants_of(store, outcome.external_id)
    assert sorted(held) == ["SKU-10", "SKU-11"]
    assert [each["label"] for each in held["SKU-10"]["option_values"]] == ["Small"]
    assert held["SKU-10"]["inventory_level"] == 42


def test_a_refused_batch_names_nobody_and_a_refused_product_is_reported(
    adapter: Adapter, store: SandboxProcess
) -> None:
    taken = next(row["name"] for row in store.state("products"))
    items = [product(1), product(2)]
    outcomes = adapter.send(PRODUCTS, creations(adapter, PRODUCTS, items))
    bad = adapter.payload(PRODUCTS, product(2, title=taken), NOTHING)
    good = adapter.payload(PRODUCTS, product(1), NOTHING)
    operations = [
        Operation(Action.UPDATE, 1, outcomes[0].external_id, good, None),
        Operation(Action.UPDATE, 2, outcomes[1].external_id, bad, None),
    ]
    with pytest.raises(BatchRefused) as refused:
        adapter.send(PRODUCTS, operations)
    assert refused.value.item_errors == {} and "duplicate" in str(refused.value)
    new = creations(adapter, PRODUCTS, [product(3, title=taken), product(4)])
    third, fourth = adapter.send(PRODUCTS, new)
    assert isinstance(third.error, SkipRecord) and "duplicate" in str(third.error) and third.error.fix
    assert fourth.error is None


def test_a_product_is_hidden_rather_than_deleted(open_adapter: Callable[..., Adapter], store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce_target", on_removal="hide")
    outcome = made(adapter, product(1))
    for number in (outcome.external_id, "999999"):
        (gone,) = adapter.send(PRODUCTS, [Operation(Action.REMOVE, 1, number, None)])
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
def test_what_the_store_could_not_hold_is_reported(adapter: Adapter, item: Any, code: str) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.payload(PRODUCTS, item, NOTHING)
    assert skipped.value.code == code and skipped.value.fix


# Stock and prices


@pytest.fixture
def refs(store: SandboxProcess) -> References:
    """Our variants 1, 2, 3 … are the store's first ones."""
    theirs = [row["id"] for row in store.state("variants")]
    return References({("variant", number): str(pk) for number, pk in enumerate(theirs, 1)})


def operations(adapter: Adapter, data_type: DataType, items: list[Any], refs: References) -> list[Operation]:
    return [
        Operation(Action.UPDATE, item.id, refs.get("variant", item.id) or "", adapter.payload(data_type, item, refs))
        for item in items
    ]


def test_stock_goes_in_one_call(adapter: Adapter, store: SandboxProcess, refs: References) -> None:
    items = [variant(number, stock=str(number * 10 - 15)) for number in (1, 2, 3)]
    for _ in range(2):
        outcomes = adapter.send(STOCK, operations(adapter, STOCK, items, refs))
        assert [each.external_id for each in outcomes] == [refs.get("variant", number) for number in (1, 2, 3)]
        levels = {row["id"]: row["inventory_level"] for row in store.state("variants")}
        assert [levels[int(each.external_id)] for each in outcomes] == [0, 5, 15]
    assert writes(store) == ["PUT inventory/adjustments/absolute"] * 2


def test_a_refused_adjustment_names_the_items(adapter: Adapter, refs: References) -> None:
    some = operations(adapter, STOCK, [variant(1), variant(2)], refs)
    some[1].payload["variant_id"] = 999999
    gone = Operation(Action.REMOVE, 3, "3", None)
    with pytest.raises(BatchRefused) as refused:
        adapter.send(STOCK, [gone, *some])
    assert list(refused.value.item_errors) == [2]


def test_a_variant_that_the_store_does_not_have_is_reported(adapter: Adapter) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.payload(STOCK, variant(1), NOTHING)
    assert skipped.value.code == "not_there_yet"


def test_prices_go_to_the_chosen_price_list(
    open_adapter: Callable[..., Adapter], store: SandboxProcess, refs: References
) -> None:
    assert open_adapter("bigcommerce_target").payload(PRICES, variant(1), refs) is None
    adapter = open_adapter("bigcommerce_target", price_list_id=1)
    some = operations(adapter, PRICES, [variant(1, price="7.25"), variant(2, price="8")], refs)
    assert [each.error for each in adapter.send(PRICES, some)] == [None, None]
    held = {row["variant_id"]: row["price"] for row in store.state("price_records")}
    assert [held[int(each.external_id)] for each in some] == [7.25, 8]
    adapter.send(PRICES, [Operation(Action.REMOVE, 1, some[0].external_id, None)])
    assert int(some[0].external_id) not in {row["variant_id"] for row in store.state("price_records")}
    some[1].payload["currency"] = "xxx"
    with pytest.raises(BatchRefused) as refused:
        adapter.send(PRICES, some)
    assert list(refused.value.item_errors) == [1]


def test_weights_are_in_the_unit_of_the_store(adapter: Adapter, store: SandboxProcess) -> None:
    store.fault("status", path="/v2/store$", status=200, body={"weight_units": "LBS"})
    outcome = made(adapter, product(1, variants=[size(10, "S")]))
    row = next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)
    assert math.isclose(row["weight"] * 453.59237, 250, rel_tol=1e-3)


def test_a_reduced_price_is_a_sale_price(adapter: Adapter, store: SandboxProcess) -> None:
    reduced = size(10, "S", price="8")
    reduced.prices[0].list_amount = Decimal(10)
    outcome = made(adapter, product(1, variants=[reduced]))
    row = variants_of(store, outcome.external_id)["SKU-10"]
    assert (row["price"], row["sale_price"]) == (10, 8)


def test_an_unchanged_product_costs_no_write_of_its_variants(adapter: Adapter, store: SandboxProcess) -> None:
    item = product(1, variants=[size(10, "S"), size(11, "M")])
    outcome = made(adapter, item)
    store.clear_calls()
    change(adapter, outcome, item, product(1, title="Brighter lamp", variants=item.variants))
    assert writes(store) == ["PUT catalog/products"]


def test_two_products_on_one_sku_are_an_issue_never_a_guess(adapter: Adapter, store: SandboxProcess) -> None:
    theirs = next(row for row in store.state("variants") if row["product_id"] and row["option_values"])
    labels = [{"name": each["option_display_name"], "value": each["label"]} for each in theirs["option_values"]]
    variants_with_equal_options = [
        product(number, variants=[variant(number, sku=theirs["sku"], options=labels)]) for number in (1, 2)
    ]
    first, second = adapter.send(PRODUCTS, creations(adapter, PRODUCTS, variants_with_equal_options))
    assert first.error is None
    assert isinstance(second.error, SkipRecord) and second.error.code == "ambiguous_match"
