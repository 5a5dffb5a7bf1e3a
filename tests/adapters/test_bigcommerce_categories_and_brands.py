"""Missing brands and categories are created and linked; existing ones are matched by name and by path (B5)."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import brand, category, product
from tests.adapters.writing import NOTHING, creations

BRANDS, CATEGORIES = DataType.BRANDS, DataType.CATEGORIES

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("bigcommerce_target")


def at(number: int, *names: str, **changes: Any) -> Any:
    return category(number, name=names[-1], names=list(names), path=" / ".join(names), **changes)


def send(adapter: Adapter[Any], data_type: DataType, *items: Any) -> list[Outcome]:
    return adapter.target(data_type).send(creations(adapter, data_type, items))


def update(adapter: Adapter[Any], data_type: DataType, item: Any, external_id: str) -> Operation[Any]:
    return Operation(Action.UPDATE, item.id, external_id, adapter.target(data_type).payload(item, NOTHING))


def categories(store: SandboxProcess) -> dict[str, dict[str, Any]]:
    """The categories of the first storefront, by path."""
    rows = {row["category_id"]: row for row in store.state("categories") if row["tree_id"] == 1}

    def path(row: dict[str, Any]) -> str:
        above = rows.get(row["parent_id"])
        return f"{path(above)} / {row['name']}" if above else str(row["name"])

    return {path(row): row for row in rows.values()}


def writes(store: SandboxProcess) -> list[str]:
    calls = (call for call in store.calls() if call["method"] != "GET")
    return [f"{call['method']} {call['path'].partition('/catalog/')[2]}" for call in calls]


# Brands


def test_brands_are_linked_by_name_or_created(adapter: Adapter[Any], store: SandboxProcess) -> None:
    existing = next(row for row in store.state("brands"))
    before = sum(1 for _ in store.state("brands"))
    linked, created = send(adapter, BRANDS, brand(1, name=existing["name"], image_url=""), brand(2, name="Nova"))
    assert linked.external_id == str(existing["id"])
    assert {str(row["id"]): row["name"] for row in store.state("brands")}[created.external_id] == "Nova"
    assert sum(1 for _ in store.state("brands")) == before + 1
    assert writes(store) == ["POST brands"]  # a brand that already matches is not written


def test_a_brand_in_another_case_is_linked_and_renamed(adapter: Adapter[Any], store: SandboxProcess) -> None:
    (created,) = send(adapter, BRANDS, brand(1, name="nova"))
    (linked,) = send(adapter, BRANDS, brand(2, name="Nova"))
    assert linked.external_id == created.external_id
    assert "Nova" in {row["name"] for row in store.state("brands")}


def test_several_matching_brands_are_an_issue(adapter: Adapter[Any], store: SandboxProcess) -> None:
    for name in ("nova", "NOVA"):
        adapter.http.request("POST", "/v3/catalog/brands", body={"name": name})
    outcome, other = send(adapter, BRANDS, brand(1, name="Nova"), brand(2, name="Other"))
    assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "ambiguous_name"
    assert outcome.error.fix
    assert other.error is None
    (exact,) = send(adapter, BRANDS, brand(1, name="NOVA"))
    assert exact.error is None
    assert "Nova" not in {row["name"] for row in store.state("brands")}


def test_two_brands_are_not_linked_to_the_same_remote_brand(adapter: Adapter[Any]) -> None:
    first, second = send(adapter, BRANDS, brand(1, name="Nova"), brand(2, name="Other"))
    again = adapter.target(BRANDS).send(
        [
            update(adapter, BRANDS, brand(1, name="Nova"), first.external_id),
            *creations(adapter, BRANDS, [brand(3, name="nova")]),
        ],
    )
    assert again[0].error is None
    assert isinstance(again[1].error, SkipRecord) and again[1].error.problem.code == "already_linked"
    assert second.error is None


def test_a_brand_is_found_after_the_response_to_its_creation_was_lost(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    store.fault("drop", method="POST", path="brands$", when="after", times=1)
    with pytest.raises(TryAgainLater):
        send(adapter, BRANDS, brand(1, name="Nova"))
    send(adapter, BRANDS, brand(1, name="Nova"))
    assert sum(row["name"] == "Nova" for row in store.state("brands")) == 1


def test_a_renamed_brand_is_renamed_at_the_store(adapter: Adapter[Any], store: SandboxProcess) -> None:
    (created,) = send(adapter, BRANDS, brand(1, name="Nova"))
    adapter.target(BRANDS).send([update(adapter, BRANDS, brand(1, name="Nova Light"), created.external_id)])
    assert {str(row["id"]): row["name"] for row in store.state("brands")}[created.external_id] == "Nova Light"


# Categories


def test_categories_are_created_with_their_ancestors(adapter: Adapter[Any], store: SandboxProcess) -> None:
    """In any order, two levels in two calls."""
    outcomes = send(
        adapter,
        CATEGORIES,
        at(3, "Garden", "Lights"),
        at(1, "Garden", position=4),
        at(2, "Garden", "Chairs", visible=False),
    )
    assert [each.error for each in outcomes] == [None] * 3
    stored = categories(store)
    assert [each.external_id for each in outcomes] == [
        str(stored[path]["category_id"]) for path in ("Garden / Lights", "Garden", "Garden / Chairs")
    ]
    assert stored["Garden"]["sort_order"] == 4 and stored["Garden / Chairs"]["is_visible"] is False
    assert writes(store) == ["POST trees/categories"] * 2


def test_a_parent_category_can_be_sent_after_its_child(adapter: Adapter[Any], store: SandboxProcess) -> None:
    (below,) = send(adapter, CATEGORIES, at(2, "Garden", "Chairs"))
    (above,) = send(adapter, CATEGORIES, at(1, "Garden"))
    stored = categories(store)
    assert above.external_id == str(stored["Garden"]["category_id"])
    assert below.external_id == str(stored["Garden / Chairs"]["category_id"])


def test_an_existing_category_at_the_path_is_linked(adapter: Adapter[Any], store: SandboxProcess) -> None:
    path, existing = next((path, row) for path, row in categories(store).items() if " / " in path)
    before = len(categories(store))
    (linked,) = send(adapter, CATEGORIES, at(1, *path.upper().split(" / ")))
    assert linked.external_id == str(existing["category_id"])
    assert len(categories(store)) == before


def test_several_categories_at_one_path_are_an_issue(adapter: Adapter[Any], store: SandboxProcess) -> None:
    twice = [{"name": name, "tree_id": 1, "parent_id": 0} for name in ("garden", "GARDEN")]
    adapter.http.request("POST", "/v3/catalog/trees/categories", body=twice)
    before = len(categories(store))
    garden, chairs, other = send(
        adapter, CATEGORIES, at(1, "Garden"), at(2, "Garden", "Chairs"), at(3, "Kitchen tools")
    )
    for outcome in (garden, chairs):
        assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "ambiguous_name"
    assert other.error is None and len(categories(store)) == before + 1


def test_descendants_move_with_renamed_and_moved_categories(adapter: Adapter[Any], store: SandboxProcess) -> None:
    garden, chairs = send(adapter, CATEGORIES, at(1, "Garden"), at(2, "Garden", "Chairs"))
    count = len(categories(store))
    outcomes = adapter.target(CATEGORIES).send(
        [
            *creations(adapter, CATEGORIES, [at(3, "Outdoors", "Chairs", "Folding")]),
            update(adapter, CATEGORIES, at(1, "Outdoors"), garden.external_id),
        ],
    )
    assert [each.error for each in outcomes] == [None, None]
    stored = categories(store)
    assert str(stored["Outdoors"]["category_id"]) == garden.external_id
    assert str(stored["Outdoors / Chairs"]["category_id"]) == chairs.external_id
    assert "Outdoors / Chairs / Folding" in stored and len(stored) == count + 1
    adapter.target(CATEGORIES).send([update(adapter, CATEGORIES, at(2, "Seats", "Chairs"), chairs.external_id)])
    assert str(categories(store)["Seats / Chairs"]["category_id"]) == chairs.external_id


def test_categories_are_sent_in_full_batches(adapter: Adapter[Any], store: SandboxProcess) -> None:
    outcomes = send(adapter, CATEGORIES, *(at(number, f"Aisle {number}") for number in range(120)))
    assert [each.error for each in outcomes] == [None] * 120
    assert writes(store) == ["POST trees/categories"] * 3


def test_an_invalid_category_does_not_affect_the_others(adapter: Adapter[Any], store: SandboxProcess) -> None:
    (created, other) = send(adapter, CATEGORIES, at(1, "Garden"), at(2, "Kitchen tools"))
    outcomes = adapter.target(CATEGORIES).send(
        [
            update(adapter, CATEGORIES, at(1, "Kitchen tools"), created.external_id),
            *creations(adapter, CATEGORIES, [at(3, "Cellar")]),
        ],
    )
    assert isinstance(outcomes[0].error, SkipRecord) and "name" in str(outcomes[0].error) and outcomes[0].error.fix
    assert outcomes[1].error is None and other.error is None


@pytest.mark.parametrize(
    ("names", "code"), [(["x" * 51], "name_length"), ([""], "name_length"), (["a"] * 9, "category_too_deep")]
)
def test_a_name_that_the_store_rejects_is_reported(adapter: Adapter[Any], names: list[str], code: str) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.target(CATEGORIES).payload(at(1, *names), NOTHING)
    assert skipped.value.problem.code == code and skipped.value.fix


def test_a_category_with_children_is_hidden_instead_of_deleted(adapter: Adapter[Any], store: SandboxProcess) -> None:
    garden, chairs = send(adapter, CATEGORIES, at(1, "Garden"), at(2, "Garden", "Chairs"))
    gone: list[Operation[Any]] = [Operation(Action.REMOVE, 1, garden.external_id, None)]
    assert adapter.target(CATEGORIES).send(gone)[0].error is None
    stored = categories(store)
    assert stored["Garden"]["is_visible"] is False and "Garden / Chairs" in stored
    both = [*gone, Operation(Action.REMOVE, 2, chairs.external_id, None)]
    adapter.target(CATEGORIES).send(both)
    assert "Garden" not in categories(store)


def test_a_storefront_without_a_tree_needs_attention(open_adapter: Open) -> None:
    with pytest.raises(NeedsAttention) as raised:
        send(open_adapter("bigcommerce_target", channel_id=99), CATEGORIES, at(1, "Garden"))
    assert "99" in str(raised.value) and raised.value.fix


# Products


def test_products_refer_to_brands_and_categories_of_the_store(adapter: Adapter[Any], store: SandboxProcess) -> None:
    (nova,) = send(adapter, BRANDS, brand(5, name="Nova"))
    (garden,) = send(adapter, CATEGORIES, at(7, "Garden"))
    refs = References({("brand", 5): nova.external_id, ("category", 7): garden.external_id})
    payload = adapter.target(DataType.PRODUCTS).payload(product(1), refs)
    (created,) = adapter.target(DataType.PRODUCTS).send([Operation(Action.CREATE, 1, "", payload)])
    row = next(row for row in store.state("products") if str(row["id"]) == created.external_id)
    assert (str(row["brand_id"]), list(map(str, row["categories"]))) == (nova.external_id, [garden.external_id])
    payload = adapter.target(DataType.PRODUCTS).payload(product(1), NOTHING)
    assert payload is not None
    unknown = payload["product"]
    assert "brand_id" not in unknown and "brand_name" not in unknown and "categories" not in unknown
