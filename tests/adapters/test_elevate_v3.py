"""Admin API v3 of Voyado Elevate: its XML, its three types of imports, its end (F16)."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.adapters.registry import adapter_for
from connectors.platforms.elevate import v3
from connectors.platforms.elevate.targets.products import ProductTarget
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.feeds import ImportState
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, feed, file_of

Open = Callable[..., Adapter[Any]]
CHEAPER = product(1, variants=[variant(10, price="9"), variant(11)])


@pytest.fixture
def adapter(open_adapter: Open) -> ProductTarget:
    return open_adapter("elevate", api_version="v3").target(DataType.PRODUCTS)


@pytest.fixture
def cluster(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("elevate")


def creation(adapter: ProductTarget, number: int, **changes: Any) -> Operation[Any]:
    return Operation(Action.CREATE, number, "", adapter.payload(product(number, **changes), NOTHING))


def update(adapter: ProductTarget, before: Any, after: Any) -> Operation[Any]:
    sent = adapter.payload(before, NOTHING)
    now = adapter.payload(after, NOTHING)
    return Operation(Action.UPDATE, after.id, f"p{after.id}", now, sent)


def document(adapter: ProductTarget, operations: list[Operation[Any]], folder: Path, **how: bool) -> str:
    return gzip.open(file_of(adapter, operations, folder, **how)).read().decode()


def test_a_full_import_says_what_a_market_holds(adapter: ProductTarget, tmp_path: Path) -> None:
    created = creation(adapter, 1, variants=[variant(10)], title="Lamp & <shade>\x0b")
    assert document(adapter, [created], tmp_path, replace_all=True) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<data_import type="full"><modify market="uk" locale="en-GB"><product_groups><add_or_replace>'
        '<product_group key="p1"><brand>Acme</brand><products><product key="p1">'
        "<title>Lamp &amp; &lt;shade&gt;</title><url>/lamp-1/</url><description>Bright &amp; warm.</description>"
        "<images><image><urls><url>https://images.example.com/1.jpg</url></urls></image></images>"
        '<custom_attributes><attribute name="category"><value>Home / Lamps</value></attribute></custom_attributes>'
        '<variants><variant key="SKU-10"><stock_number>3</stock_number><selling_price>12.5</selling_price>'
        "<list_price>12.5</list_price></variant></variants>"
        "</product></products></product_group>"
        "</add_or_replace></product_groups></modify></data_import>\n"
    )


def test_single_attributes_go_without_their_group(
    adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path
) -> None:
    feed(adapter, [creation(adapter, 1)], tmp_path)
    cheaper = update(adapter, product(1), CHEAPER)
    assert document(adapter, [cheaper], tmp_path).partition("<product_groups>")[2] == (
        '<update><product_group key="p1"><products><product key="p1"><variants><variant key="SKU-10">'
        "<selling_price>9</selling_price><list_price>9</list_price>"
        "</variant></variants></product></products></product_group></update>"
        "</product_groups></modify></data_import>\n"
    )
    assert feed(adapter, [cheaper], tmp_path).state is ImportState.DONE
    stored = next(cluster.state("groups"))["productGroup"]["products"]["p1"]
    assert stored["variants"]["SKU-10"]["defaults"] == {"stock": 3, "sellingPrice": 9, "listPrice": 9}
    assert stored["variants"]["SKU-11"]["defaults"]["sellingPrice"] == 12.5 and stored["defaults"]["title"] == "Lamp 1"


def test_beside_a_structural_change_groups_go_whole(
    adapter: ProductTarget, cluster: SandboxProcess, tmp_path: Path
) -> None:
    feed(adapter, [creation(adapter, number) for number in range(1, 6)], tmp_path)
    gone = Operation(Action.REMOVE, 2, "p2", None)
    mixed = [update(adapter, product(1), CHEAPER), gone, creation(adapter, 6)]
    text = document(adapter, mixed, tmp_path)
    assert 'type="partial"' in text and "<update>" not in text
    assert '<remove><product_group key="p2"/></remove>' in text
    assert feed(adapter, mixed, tmp_path).state is ImportState.DONE
    stored = {row["key"]: row["productGroup"]["products"][row["key"]] for row in cluster.state("groups")}
    assert sorted(stored) == ["p1", "p3", "p4", "p5", "p6"]
    assert stored["p1"]["variants"]["SKU-10"]["defaults"]["sellingPrice"] == 9


def test_every_market_is_updated(open_adapter: Open, sandbox: Callable[..., SandboxProcess], tmp_path: Path) -> None:
    cluster = sandbox("elevate", accounts={"cluster": "cluster-key"}, markets={"uk": ["en-GB"], "ie": ["en-GB"]})
    adapter = open_adapter("elevate", api_version="v3", markets=["uk", "ie"])
    adapter.http.base_url = cluster.url
    target = adapter.target(DataType.PRODUCTS)
    created = [creation(target, number) for number in range(1, 4)]
    assert feed(target, created, tmp_path).state is ImportState.DONE
    assert {each["key"]: each["productGroup"]["products"][each["key"]]["markets"] for each in cluster.state("groups")}[
        "p1"
    ] == ["uk", "ie"]
    feed(target, [Operation(Action.REMOVE, 1, "p1", None)], tmp_path)
    assert [each["key"] for each in cluster.state("groups")] == ["p2", "p3"]


def test_the_language_of_the_texts_is_required() -> None:
    with pytest.raises(ValueError, match="en-GB"):
        adapter_for("elevate").Settings.model_validate(
            {"api_version": "v3", "markets": ["uk"], "price_list": "shop-price"}
        )


def test_its_end_is_announced(open_adapter: Open) -> None:
    adapter = open_adapter("elevate", api_version="v3")
    [warning] = adapter.deprecation_warnings(adapter.account.settings, today=date(2026, 12, 1))
    assert "ends on 2026-12-31, in 30 days" in warning and "Choose v4" in warning
    current = adapter.account.settings.model_copy(update={"api_version": "v4"})
    assert adapter.deprecation_warnings(current, today=date(2026, 12, 1)) == []


def test_its_last_day_is_its_last(
    open_adapter: Open, cluster: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    monkeypatch.setattr(v3, "END_OF_LIFE", today)
    assert open_adapter("elevate", api_version="v3").check()
    monkeypatch.setattr(v3, "END_OF_LIFE", today - timedelta(days=1))
    ended = open_adapter("elevate", api_version="v3")
    target = ended.target(DataType.PRODUCTS)
    for action in (ended.check, lambda: feed(target, [creation(target, 1)], tmp_path)):
        with pytest.raises(NeedsAttention, match="v3 ended on") as raised:
            action()
        assert "Choose v4" in raised.value.fix
    assert not list(cluster.state("groups"))
    assert open_adapter("elevate", api_version="v4").check()
