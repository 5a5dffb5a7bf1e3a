"""The catalog of Elevate as v4 describes it: products of a group, images, markets, languages, stores, and reading it
back (F3, F16, N9)."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.items import ImageItem, PriceItem, StockItem
from connectors.engine.differences import drift
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.feeds import ImportState
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import PRICE_LIST, product, variant
from tests.adapters.writing import NOTHING, feed

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def cluster(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("elevate")


def target(adapter: Adapter[Any]) -> Any:
    return adapter.target(DataType.PRODUCTS)


def coat(**changes: Any) -> Any:
    """An article in two colors, with two sizes of one of them."""

    def sold(number: int, color: str, size: str, image: str) -> Any:
        options = [{"name": "Color", "value": color}, {"name": "Size", "value": size}]
        return variant(number, options=options, cart_image_url=image)

    variants = [sold(1, "Black", "S", "https://i.example/b.jpg"), sold(2, "Red", "S", "https://i.example/r.jpg")]
    variants.append(sold(3, "black ", "M", "https://i.example/b.jpg"))
    images = [ImageItem("https://i.example/all.jpg", "Both", 0), ImageItem("https://i.example/r.jpg", "Red coat", 1)]
    return product(1, variants=variants, images=images, **changes)


def create(sent: Any, *items: Any) -> list[Operation[Any]]:
    return [Operation(Action.CREATE, item.id, "", sent.payload(item, NOTHING)) for item in items]


# Products, sizes, images


def test_colors_are_products_of_one_group(open_adapter: Open, cluster: SandboxProcess, tmp_path: Path) -> None:
    sent = target(
        open_adapter(
            "elevate", product_options=["Color"], size_option="Size", custom_labels=["Color"], product_url="/p/{sku}"
        )
    )
    payload = sent.payload(coat(), NOTHING)
    black, red = payload["productGroup"]["products"].values()
    assert list(black["variants"]) == ["SKU-1", "SKU-3"] and list(red["variants"]) == ["SKU-2"]
    assert [each["defaults"]["size"] for each in black["variants"].values()] == ["S", "M"]
    assert black["images"] == [{"defaults": {"urls": ["https://i.example/b.jpg"]}}]
    assert red["images"] == [{"defaults": {"urls": ["https://i.example/r.jpg"], "alt": "Red coat"}}]
    assert (black["defaults"]["url"], red["defaults"]["url"]) == ("/p/SKU-1", "/p/SKU-2")
    assert red["defaults"]["customLabels"] == {"Color": ["Red"]}
    keys = list(payload["productGroup"]["products"])
    assert all(key.startswith("p1-") and len(key) <= 50 for key in keys)
    # A color keeps its key whatever happens to the others.
    alone = sent.payload(product(1, variants=coat().variants[1:2]), NOTHING)
    assert list(alone["productGroup"]["products"]) == keys[1:]
    assert list(sent.payload(product(1), NOTHING)["productGroup"]["products"]) == ["p1"]
    assert feed(sent, create(sent, coat()), tmp_path, replace_all=True).state is ImportState.DONE
    assert list(next(cluster.state("groups"))["productGroup"]["products"]) == keys


@pytest.mark.parametrize("version", ["v4", "v3"])
def test_regrouping_removes_products_so_a_person_forces_it(
    open_adapter: Open, cluster: SandboxProcess, tmp_path: Path, version: str
) -> None:
    before = target(open_adapter("elevate", api_version=version))
    feed(before, create(before, coat()), tmp_path)
    after = target(open_adapter("elevate", api_version=version, product_options=["Color"], size_option="Size"))
    changed = [
        Operation(Action.UPDATE, 1, "p1", after.payload(coat(), NOTHING), before.payload(coat(), NOTHING)),
    ]
    rejected = feed(after, changed, tmp_path)
    assert rejected.state is ImportState.HARMFUL and "1 of 1" in rejected.reason
    assert feed(after, changed, tmp_path, force=True).state is ImportState.DONE
    products = next(cluster.state("groups"))["productGroup"]["products"]
    assert [list(each["variants"]) for each in products.values()] == [["SKU-1", "SKU-3"], ["SKU-2"]]
    assert [each["images"][0]["defaults"]["urls"] for each in products.values()] == [
        ["https://i.example/b.jpg"],
        ["https://i.example/r.jpg"],
    ]


def test_a_product_without_images_of_its_own_shows_the_gallery(open_adapter: Open) -> None:
    sent = target(open_adapter("elevate", product_options=["Color"]))
    item = coat()
    for each in item.variants:
        each.cart_image_url = ""
    payload = sent.payload(item, NOTHING)
    for each in payload["productGroup"]["products"].values():
        assert each["images"][0] == {"defaults": {"urls": ["https://i.example/all.jpg"], "alt": "Both"}}
    item.images = []
    assert all("images" not in each for each in sent.payload(item, NOTHING)["productGroup"]["products"].values())


# Markets, languages, stores


def abroad(open_adapter: Open, **settings: Any) -> Adapter[Any]:
    field_map = {
        "markets": {
            "se": {"price_list": "se-price", "locales": ["sv-SE", "en-GB"], "name": "Sweden", "currency": "SEK"}
        },
        "translations": {"sv-SE": {"title": "Titel", "description": "Beskrivning"}},
        "stores": {"oslo": "240", "bergen": "100"},
    }
    return open_adapter("elevate", markets=["uk", "se"], field_map=field_map, configure_markets=True, **settings)


def imported(number: int, *, swedish: str | None = "99") -> Any:
    item = product(number, attributes={"Titel": "Lampa", "Beskrivning": "<p>Varm.</p>"})
    for each in item.variants:
        each.stock = [StockItem("default", Decimal(3), None, None), StockItem("oslo", Decimal(2), None, None)]
        each.stock.append(StockItem("bergen", Decimal(-1), None, None))
        if swedish is not None:
            each.prices.append(PriceItem("se-price", "SEK", 1, Decimal(swedish), Decimal(120)))
    return item


def test_each_market_has_its_prices_language_and_stores(
    open_adapter: Open, cluster: SandboxProcess, tmp_path: Path
) -> None:
    sent = target(abroad(open_adapter))
    payload = sent.payload(imported(1), NOTHING)
    one = payload["productGroup"]["products"]["p1"]
    assert one["markets"] == ["uk", "se"]
    assert one["overrides"] == {"*|sv-SE": {"title": "Lampa", "description": "Varm."}}
    assert one["variants"]["SKU-10"] == {
        "defaults": {"stock": 3, "storeStock": {"240": 2}, "sellingPrice": 12.5, "listPrice": 12.5},
        "overrides": {"se|*": {"sellingPrice": 99, "listPrice": 120}},
    }
    assert sent.payload(imported(2, swedish=None), NOTHING)["productGroup"]["products"]["p2"]["markets"] == ["uk"]
    assert feed(sent, create(sent, imported(1)), tmp_path, replace_all=True).state is ImportState.DONE
    assert list(cluster.state("markets")) == [
        {"market": "uk", "locales": ["en-GB"], "appSettings": {}},
        {"market": "se", "locales": ["sv-SE", "en-GB"], "appSettings": {"name": "Sweden", "currency": "SEK"}},
    ]
    cluster.clear_calls()
    feed(sent, create(sent, imported(1)), tmp_path, replace_all=True)
    assert not any("import/configuration" in call["path"] for call in cluster.calls()), "nothing is missing any more"


def test_stores_can_sell_online_too(open_adapter: Open) -> None:
    sent = target(abroad(open_adapter, stores_sell_online=True))
    payload = sent.payload(imported(1), NOTHING)
    assert payload["productGroup"]["products"]["p1"]["variants"]["SKU-10"]["defaults"]["stock"] == 4


def test_a_product_without_a_price_in_any_market_is_reported(open_adapter: Open) -> None:
    field_map = {"markets": {"uk": {"price_list": "other"}}}
    with pytest.raises(SkipRecord, match="price"):
        target(open_adapter("elevate", field_map=field_map)).payload(product(1), NOTHING)


def test_v3_does_not_send_the_prices_of_another_market(open_adapter: Open, tmp_path: Path) -> None:
    field_map = {"markets": {"uk": {"price_list": PRICE_LIST}}}
    sent = target(open_adapter("elevate", api_version="v3", field_map=field_map))
    with pytest.raises(NeedsAttention, match="single markets"):
        feed(sent, create(sent, product(1)), tmp_path)


def test_an_unknown_market_is_reported_before_anything_is_sent(
    open_adapter: Open, cluster: SandboxProcess, tmp_path: Path
) -> None:
    adapter = open_adapter("elevate", markets=["uk", "no"])
    sent = target(adapter)
    with pytest.raises(NeedsAttention, match=r"Not configured in Elevate: no \(en-GB\)") as raised:
        feed(sent, create(sent, product(1)), tmp_path, replace_all=True)
    assert "Create missing markets" in raised.value.fix
    assert {call["method"] for call in cluster.calls()} == {"GET"}
    finding = check_assumptions(adapter, seconds=30)["markets"]
    assert finding.state is AssumptionState.REFUTED and finding.settings == {"markets": ["uk"]}


# Reading back


def test_the_catalog_is_read_back_for_comparisons(open_adapter: Open, cluster: SandboxProcess, tmp_path: Path) -> None:
    adapter = abroad(open_adapter, size_option="Size")
    sent = target(adapter)
    operations = create(sent, *[imported(number) for number in range(1, 131)])
    assert feed(sent, operations, tmp_path, replace_all=True).state is ImportState.DONE
    page = sent.read_existing(cursor=None)
    assert page.cursor is None and len(page.items) == 130
    for each in operations:
        assert drift(page.items[f"p{each.item_id}"], each.content) == {}
    cheaper = imported(1, swedish="5")
    assert drift(page.items["p1"], sent.payload(cheaper, NOTHING))
    assert sent.find_existing({f"p{number}" for number in range(60, 190)}) == {f"p{n}" for n in range(60, 131)}
    findings = check_assumptions(adapter, seconds=30)
    assert {key: findings[key].state.value for key in ("images", "size", "store_stock", "version", "markets")} == {
        "images": "confirmed",
        "size": "confirmed",
        "store_stock": "confirmed",
        "version": "confirmed",
        "markets": "confirmed",
    }
