"""What is special about feeding Voyado Elevate, by both versions of its interface (F16)."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from connectors.adapters.registry import adapter_for
from connectors.platforms.elevate.targets.products import ProductTarget
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.feeds import ImportState
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, feed, file_of

Open = Callable[..., Adapter[Any]]


@pytest.fixture(params=["v4", "v3"])
def adapter(open_adapter: Open, request: pytest.FixtureRequest) -> ProductTarget:
    return open_adapter("elevate", api_version=request.param).target(DataType.PRODUCTS)


@pytest.fixture
def v4(open_adapter: Open) -> ProductTarget:
    return open_adapter("elevate", api_version="v4").target(DataType.PRODUCTS)


@pytest.fixture
def cluster(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("elevate")


def creation(adapter: ProductTarget, number: int, **changes: Any) -> Operation[Any]:
    return Operation(Action.CREATE, number, "", adapter.payload(product(number, **changes), NOTHING))


def update(adapter: ProductTarget, before: Any, after: Any) -> Operation[Any]:
    sent = adapter.payload(before, NOTHING)
    return Operation(Action.UPDATE, after.id, f"p{after.id}", adapter.payload(after, NOTHING), sent)


def groups(cluster: SandboxProcess) -> dict[str, Any]:
    return {row["key"]: row["productGroup"]["products"][row["key"]] for row in cluster.state("groups")}


def lines(adapter: ProductTarget, operation: Operation[Any], folder: Path) -> list[Any]:
    """What a file of v4 that changes this one item says."""
    return [orjson.loads(line) for line in gzip.open(file_of(adapter, [operation], folder))]


def broken(operation: Operation[Any]) -> Operation[Any]:
    """Without the list price that the index insists on."""
    variants = operation.payload["productGroup"]["products"][operation.payload["key"]]["variants"]
    del next(iter(variants.values()))["defaults"]["listPrice"]
    return operation


# Payloads


def test_a_product_becomes_a_group_with_one_product(v4: ProductTarget) -> None:
    assert v4.payload(product(1), NOTHING) == {
        "key": "p1",
        "productGroup": {
            "products": {
                "p1": {
                    "markets": ["uk"],
                    "defaults": {
                        "title": "Lamp 1",
                        "url": "/lamp-1/",
                        "dataLocale": "en-GB",
                        "brand": "Acme",
                        "description": "Bright & warm.",
                        "category": ["Home / Lamps"],
                    },
                    "images": [{"defaults": {"urls": ["https://images.example.com/1.jpg"]}}],
                    "variants": {
                        "SKU-10": {"defaults": {"stock": 3, "sellingPrice": 12.5, "listPrice": 12.5}},
                        "SKU-11": {"defaults": {"stock": 3, "sellingPrice": 12.5, "listPrice": 12.5}},
                    },
                }
            }
        },
    }


def test_only_what_is_for_sale_is_sent(adapter: ProductTarget) -> None:
    some = [variant(1), variant(2, status="suspended"), variant(3, price=None), variant(4, sku="")]
    payload = adapter.payload(product(1, variants=some), NOTHING)
    assert list(payload["productGroup"]["products"]["p1"]["variants"]) == ["SKU-1"]
    assert adapter.payload(product(1, status="suspended"), NOTHING) is None
    assert adapter.payload(product(1, variants=[variant(1, status="suspended")]), NOTHING) is None


@pytest.mark.parametrize(("lacking", "word"), [({"price": None}, "price"), ({"sku": ""}, "SKU")])
def test_a_product_that_nobody_could_buy_is_reported(adapter: ProductTarget, lacking: Any, word: str) -> None:
    with pytest.raises(SkipRecord) as skipped:
        adapter.payload(product(1, variants=[variant(1, **lacking)]), NOTHING)
    assert word in str(skipped.value) and word in skipped.value.fix


@pytest.mark.parametrize(("stock", "figure"), [("-2", 0), ("2.500", 2.5), (None, 1)])
def test_stock_is_never_below_zero_and_never_missing(adapter: ProductTarget, stock: str | None, figure: float) -> None:
    payload = adapter.payload(product(1, variants=[variant(1, stock=stock)]), NOTHING)
    assert payload["productGroup"]["products"]["p1"]["variants"]["SKU-1"]["defaults"]["stock"] == figure


def test_settings_choose_keys_labels_and_addresses(open_adapter: Open) -> None:
    adapter = open_adapter(
        "elevate", variant_key="id", custom_labels=["Size", "Material"], product_url="/p/{id}-{slug}"
    )
    sent = adapter.target(DataType.PRODUCTS).payload(product(1), NOTHING)["productGroup"]["products"]["p1"]
    assert list(sent["variants"]) == ["v10", "v11"]
    assert sent["defaults"]["url"] == "/p/1-lamp-1"
    assert sent["defaults"]["customLabels"] == {"Material": ["Oak"], "Size": ["S10", "S11"]}


def test_one_address_for_all_products_is_rejected() -> None:
    with pytest.raises(ValueError, match="slug"):
        adapter_for("elevate").Settings.model_validate({"markets": ["uk"], "price_list": "x", "product_url": "/shop"})


# Files


def test_single_attributes_go_as_an_edit(v4: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    before, after = product(1), product(1, variants=[variant(10, price="9"), variant(11)])
    operation = update(v4, before, after)
    assert lines(v4, operation, tmp_path) == [
        {
            "edit": {
                "key": "p1",
                "productGroup": {
                    "products": {"p1": {"variants": {"SKU-10": {"defaults": {"sellingPrice": 9, "listPrice": 9}}}}}
                },
            }
        }
    ]
    feed(v4, [creation(v4, 1)], tmp_path)
    assert feed(v4, [operation], tmp_path).state is ImportState.DONE
    assert groups(cluster)["p1"] == operation.payload["productGroup"]["products"]["p1"]


@pytest.mark.parametrize(
    "after",
    [
        product(1, variants=[variant(10)]),
        product(1, variants=[variant(10), variant(11), variant(12)]),
        product(1, brand=""),
    ],
    ids=["a variant less", "a variant more", "an attribute less"],
)
def test_another_structure_goes_as_a_whole_group(
    v4: ProductTarget, cluster: SandboxProcess, tmp_path: Path, after: Any
) -> None:
    operation = update(v4, product(1), after)
    assert lines(v4, operation, tmp_path) == [{"replace": operation.payload}]
    feed(v4, [creation(v4, 1)], tmp_path)
    feed(v4, [operation], tmp_path)
    assert groups(cluster)["p1"] == operation.payload["productGroup"]["products"]["p1"]


def test_an_update_that_comes_to_nothing_goes_whole(
    open_adapter: Open, adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path
) -> None:
    """For example, names of IDs that are no longer sent: an empty import would be rejected."""

    def opened(**details: Any) -> ProductTarget:
        adapter_of_version = open_adapter(
            "elevate", api_version=adapter.feed(adapter.client).format, custom_labels=["Material"], **details
        )
        return cast(ProductTarget, adapter_of_version.target(DataType.PRODUCTS))

    named, plain = opened(field_map={"label_names": {"Material": "Material name"}}), opened()
    sent, now = (each.payload(product(1), NOTHING) for each in (named, plain))
    assert feed(named, [Operation(Action.CREATE, 1, "", sent)], tmp_path).state is ImportState.DONE
    assert feed(plain, [Operation(Action.UPDATE, 1, "p1", now, sent)], tmp_path).state is ImportState.DONE


def test_bodies_are_gzipped(adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    """F2: v4 takes nothing else; v3 would."""
    feed(adapter, [creation(adapter, 1)], tmp_path)
    assert [each["compressed"] for each in cluster.state("imports")] == [True]


def test_replacing_everything_removes_the_rest(adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    feed(adapter, [creation(adapter, number) for number in range(1, 6)], tmp_path)
    four = [creation(adapter, number) for number in range(2, 6)]
    assert feed(adapter, four, tmp_path, replace_all=True).state is ImportState.DONE
    assert sorted(groups(cluster)) == ["p2", "p3", "p4", "p5"]
    replacing = {"v4": "PUT", "v3": "POST"}[adapter.feed(adapter.client).format]
    assert [call["method"] for call in cluster.calls() if call["method"] != "GET"] == ["POST", replacing]


# Answers


def test_a_rejection_names_the_groups_at_fault(adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    good, bad = creation(adapter, 1), broken(creation(adapter, 2))
    answer = feed(adapter, [good, bad], tmp_path)
    assert answer.state is ImportState.REJECTED
    assert list(answer.item_errors) == ["p2"]
    assert "listPrice" in answer.item_errors["p2"] and "Inner error" not in answer.item_errors["p2"]
    assert groups(cluster) == {}


def test_the_reason_of_a_slow_failure_is_found_by_checking_the_file(
    sandbox: Callable[..., SandboxProcess], adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path
) -> None:
    answer = feed(adapter, [broken(creation(adapter, 2))], tmp_path)
    number = answer.remote_id or str(next(cluster.state("imports"))["id"])
    polled = adapter.feed(adapter.client).poll_import(number, path=str(tmp_path / "feed.gz"), replace_all=False)
    assert polled.state is ImportState.REJECTED and list(polled.item_errors) == ["p2"]


def test_a_harmful_import_waits_for_force(adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    feed(adapter, [creation(adapter, number) for number in range(1, 6)], tmp_path)
    answer = feed(adapter, [creation(adapter, 1)], tmp_path, replace_all=True)
    assert answer.state is ImportState.HARMFUL and "4 of 5" in answer.reason
    assert feed(adapter, [creation(adapter, 1)], tmp_path, replace_all=True, force=True).state is ImportState.DONE
    assert list(groups(cluster)) == ["p1"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("WAITING", ImportState.RUNNING),
        ("BLOCKED", ImportState.RUNNING),
        ("IN_PROGRESS", ImportState.RUNNING),
        ("SUCCESS", ImportState.DONE),
        ("FAILURE", ImportState.REJECTED),
        ("ABORTED", ImportState.UNKNOWN),
        ("NOT_FOUND", ImportState.UNKNOWN),
        ("SOMETHING_NEW", ImportState.UNKNOWN),
    ],
)
def test_all_statuses_are_understood(
    adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path, status: str, state: ImportState
) -> None:
    path = file_of(adapter, [creation(adapter, 1)], tmp_path, replace_all=True)
    cluster.fault("status", path="status$", status=200, body={"id": 7, "status": status, "reason": None})
    assert adapter.feed(adapter.client).poll_import("7", path=path, replace_all=True).state is state


def test_a_long_import_is_accepted_and_polled(
    adapter: ProductTarget, sandbox: Callable[..., SandboxProcess], tmp_path: Path
) -> None:
    platform = sandbox("elevate", accounts={"cluster": "cluster-key"})
    platform.fault("status", method="POST", status=202, body={"id": 99, "status": "IN_PROGRESS", "reason": None})
    answer = feed(adapter, [creation(adapter, 1)], tmp_path)
    assert (answer.state, answer.remote_id) == (ImportState.RUNNING, "99")
    platform.clear_faults()
    platform.fault("status", method="POST", status=202, body={"status": "IN_PROGRESS"})
    assert feed(adapter, [creation(adapter, 1)], tmp_path).state is ImportState.UNKNOWN


def test_a_second_import_meets_a_busy_cluster(adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path) -> None:
    cluster.fault("status", method="POST", status=409, body={"reason": "Another import is running"})
    assert feed(adapter, [creation(adapter, 1)], tmp_path).state is ImportState.BUSY


def test_a_wrong_cluster_needs_a_person(
    open_adapter: Open, adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path
) -> None:
    cluster.fault("status", status=404, body={"reason": "Cluster not found"})
    with pytest.raises(NeedsAttention):
        open_adapter("elevate", api_version=adapter.feed(adapter.client).format).check()
    with pytest.raises(NeedsAttention):
        feed(adapter, [creation(adapter, 1)], tmp_path)
