"""Importing from a BigCommerce store: behavior that the standard suite does not cover."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.bigcommerce import listings
from connectors.platforms.bigcommerce.webhooks import SCOPES, BigCommerceWebhooks
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.records import ProductRecord
from connectors.sdk.streams import Listing
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.reading import all_ids, pages, records

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PRODUCTS = "/v3/catalog/products$"

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("bigcommerce")


def change(store: SandboxProcess, product_id: int, **fields: Any) -> None:
    """Change a product, as a user of the control panel would."""
    store.control("PATCH", f"products/alpha/{product_id}", json=fields)


def product(adapter: Adapter[Any], product_id: int) -> ProductRecord:
    (record,) = adapter.source(DataType.PRODUCTS).fetch([str(product_id)])
    assert isinstance(record, ProductRecord)
    return record


def listed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": rows, "meta": {"pagination": {"total": len(rows)}}}


def listing(adapter: Adapter[Any], kind: str) -> Listing[Any]:
    found = adapter.listing(kind)
    assert found is not None
    return found


def ids_at(store: SandboxProcess) -> set[str]:
    return {str(row["id"]) for row in store.state("products")}


# Problems


def test_problems_are_reported_per_item(adapter: Adapter[Any]) -> None:
    wrong = {}
    for record in records(adapter, DataType.PRODUCTS):
        assert isinstance(record, ProductRecord)
        sku = (record.raw.get("sku") if isinstance(record.raw, dict) else "") or record.title
        for problem in record.problems:
            wrong[sku] = (problem.code, problem.fatal)
            assert record.link.startswith("https://alpha.shop.example.com/manage/products")
    assert wrong == {
        "DIRTY-VARIANT-WITHOUT-SKU": ("sku_missing", False),
        "DIRTY-NO-WEIGHT": ("weight_missing", True),
        "DIRTY-NO-PRICE": ("price_missing", True),
        "DIRTY-UNKNOWN-TYPE": ("product_type_unsupported", False),
        "DIRTY-NUL-BYTE": ("hidden_character", False),
        "DIRTY-ORPHAN-VARIANT": ("variant_without_product", True),
    }


def test_a_variants_problem_names_the_variant(adapter: Adapter[Any]) -> None:
    (record,) = [
        each for each in records(adapter, DataType.PRODUCTS) if each.raw.get("sku", "").endswith("WITHOUT-SKU")
    ]
    assert isinstance(record, ProductRecord) and record.variants is not None
    nameless = next(variant for variant in record.variants if not variant.sku)
    assert record.problems[0].ref == f"variant:{nameless.external_id}"


def test_nul_characters_are_removed_from_text(adapter: Adapter[Any]) -> None:
    (record,) = [each for each in records(adapter, DataType.PRODUCTS) if "\x00" in each.raw.get("name", "")]
    assert isinstance(record, ProductRecord) and record.title == "Tornlabel"


def test_zero_is_a_valid_price_and_weight(adapter: Adapter[Any], store: SandboxProcess) -> None:
    change(store, 1, price=0, weight=0)
    assert product(adapter, 1).problems == []


@pytest.mark.parametrize(
    "garbage",
    [
        "a text",
        None,
        {"name": "no id"},
        {"id": 4, "name": ["a list"]},
        {"id": 4, "name": "n", "price": "dear", "weight": 1},
        {"id": 4, "name": "n", "price": 1, "weight": 1, "variants": ["?"]},
        {"id": 4, "name": "n", "price": 1, "weight": 1, "date_modified": "yesterday"},
        {"id": 4, "name": "n", "price": True, "weight": 1},
    ],
)
def test_an_unreadable_record_does_not_affect_others(
    adapter: Adapter[Any], store: SandboxProcess, garbage: Any
) -> None:
    good = {"id": 3, "name": "Lamp", "type": "physical", "price": 1.5, "weight": 2, "is_visible": True}
    good["variants"] = [{"id": 9, "sku": "LAMP"}]
    page = {"data": [good, garbage], "meta": {"pagination": {"total": 2}}}
    store.fault("status", path=PRODUCTS, status=200, body=page)
    first, second = adapter.source(DataType.PRODUCTS).read_page(since=None, cursor={"after": 1, "variants": 0}).records
    assert (first.external_id, first.problems) == ("3", [])
    assert [problem.code for problem in second.problems if problem.fatal]
    assert "dear" not in str(second.problems)


# Completeness


def test_a_full_import_misses_no_record_when_one_is_deleted_meanwhile(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    first = adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=None)
    store.control("DELETE", f"products/alpha/{first.records[0].external_id}")
    met = {record.external_id for record in first.records}
    cursor = first.cursor
    while cursor:
        page = adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=cursor)
        met |= {record.external_id for record in page.records}
        cursor = page.cursor
    assert ids_at(store) <= met


def test_a_partial_import_misses_no_record_when_one_changes_meanwhile(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    first = adapter.source(DataType.PRODUCTS).read_page(since=LONG_AGO, cursor=None)
    touched = first.records[0].external_id
    change(store, int(touched), description="New words")
    seen, cursor = list(first.records), first.cursor
    while cursor:
        page = adapter.source(DataType.PRODUCTS).read_page(since=LONG_AGO, cursor=cursor)
        seen += page.records
        cursor = page.cursor
    assert ids_at(store) <= {record.external_id for record in seen}
    descriptions = [
        each.description for each in seen if isinstance(each, ProductRecord) and each.external_id == touched
    ]
    assert descriptions[-1] == "New words"


@pytest.mark.parametrize("page_size", [1, 3, 8])
def test_a_bulk_edit_within_one_second_is_read_completely(open_adapter: Open, page_size: int) -> None:
    """The eight dirty products have the same modification time and fill several pages."""
    adapter = open_adapter("bigcommerce", page_size=page_size)
    everything = records(open_adapter("bigcommerce"), DataType.PRODUCTS)
    last = max(record.updated_at for record in everything if record.updated_at)
    tied = {record.external_id for record in everything if record.updated_at == last}
    assert len(tied) >= 6
    read = pages(adapter, DataType.PRODUCTS, since=last - timedelta(days=1))
    assert tied <= {record.external_id for page in read for record in page.records}
    assert len(read) <= 24


def test_the_cut_is_not_later_than_what_was_read(adapter: Adapter[Any]) -> None:
    """Everything that changed before the cut is on this page or an earlier one."""
    met: set[str] = set()
    changed = {r.external_id: r.updated_at for r in records(adapter, DataType.PRODUCTS) if r.updated_at}
    for page in pages(adapter, DataType.PRODUCTS, since=LONG_AGO):
        met |= {record.external_id for record in page.records}
        assert page.cut is not None
        assert {number for number, timestamp in changed.items() if timestamp < page.cut} <= met


def truncate_variants(store: SandboxProcess) -> None:
    """The next list of products has the first one with fifty other variants."""
    carried = [{"id": number, "sku": f"V{number}", "option_values": []} for number in range(90_000, 90_050)]
    body = {"id": 1, "name": "Wall", "type": "physical", "price": 1, "weight": 1, "variants": carried}
    store.fault(
        "status", path=PRODUCTS, status=200, body={"data": [body], "meta": {"pagination": {"total": 1}}}, times=1
    )


def test_variants_truncated_by_the_listing_are_fetched(adapter: Adapter[Any], store: SandboxProcess) -> None:
    truncate_variants(store)
    record = product(adapter, 1)
    there = {str(row["id"]) for row in store.state("variants") if row["product_id"] == 1}
    assert record.variants is not None and {variant.external_id for variant in record.variants} == there


def test_stock_of_a_product_whose_variants_cannot_be_read_is_not_gone(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    """Also that of a variant which is not among those that the product carries."""
    number = next(str(row["id"]) for row in store.state("variants") if row["product_id"] == 1)
    truncate_variants(store)
    store.fault("status", path="/products/1/variants$", status=422)
    [levels] = adapter.source(DataType.STOCK).fetch([number])
    assert (levels.external_id, [each.code for each in levels.problems]) == (number, ["unreadable"])


def test_orphaned_variants_are_only_searched_if_the_counts_differ(
    sandbox: Callable[..., SandboxProcess], store: SandboxProcess, adapter: Adapter
) -> None:
    orphan = next(row["id"] for row in store.state("variants") if not row["product_id"])
    loose = pages(adapter, DataType.PRODUCTS)[-1].records
    assert [record.problems[0].ref for record in loose] == [f"variant:{orphan}"]
    others = [row["id"] for row in store.state("products")]
    answer = {"data": [{"id": 1}], "meta": {"pagination": {"total": sum(1 for _ in store.state("variants")) - 1}}}
    store.fault("status", path="/v3/catalog/variants$", status=200, body=answer)
    assert len(records(adapter, DataType.PRODUCTS)) == len(others)


# Mapping


def test_a_sale_price_becomes_the_price_and_the_regular_price_the_list_price(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    def prices() -> set[tuple[Decimal, Decimal | None]]:
        priced = [each.price for each in product(adapter, 1).variants or () if each.price]
        return {(price.amount, price.list_amount) for price in priced}

    change(store, 1, price=20, sale_price=15)
    assert (Decimal(15), Decimal(20)) in prices()
    for sale_price in (25, 0):
        change(store, 1, price=20, sale_price=sale_price)
        assert (Decimal(20), None) in prices() and all(list_amount is None for _, list_amount in prices())


@pytest.mark.parametrize(
    ("unit", "grams"),
    [("KGS", "2000"), ("LBS", "907.185"), ("Ounces", "56.699"), ("Grams", "2"), ("Tonnes", "2000000")],
)
def test_weights_are_converted_from_the_stores_unit_to_grams(
    adapter: Adapter[Any], store: SandboxProcess, unit: str, grams: str
) -> None:
    change(store, 1, weight=2)
    store.fault("status", path="/v2/store$", status=200, body={"weight_units": unit})
    assert {each.weight_in_grams for each in product(adapter, 1).variants or ()} == {Decimal(grams)}


def test_an_unknown_weight_unit_needs_attention(adapter: Adapter[Any], store: SandboxProcess) -> None:
    store.fault("status", path="/v2/store$", status=200, body={"weight_units": "Stones"})
    with pytest.raises(NeedsAttention) as raised:
        product(adapter, 1)
    assert "Stones" in str(raised.value) and raised.value.fix


@pytest.mark.parametrize("fields", [{"is_visible": False}, {"availability": "disabled"}], ids=str)
def test_a_product_that_is_hidden_or_cannot_be_purchased_is_suspended(
    adapter: Adapter[Any], store: SandboxProcess, fields: dict[str, Any]
) -> None:
    change(store, 1, **fields)
    record = product(adapter, 1)
    assert {record.status, *(variant.status for variant in record.variants or ())} == {"suspended"}


def test_stock_is_imported_only_if_it_is_tracked(adapter: Adapter[Any], store: SandboxProcess) -> None:
    change(store, 1, inventory_tracking="none")
    assert all(stock.quantity is None for each in product(adapter, 1).variants or () for stock in each.stock)
    change(store, 1, inventory_tracking="variant")
    levels = {str(row["id"]): row["inventory_level"] for row in store.state("variants") if row["product_id"] == 1}
    assert {each.external_id: each.stock[0].quantity for each in product(adapter, 1).variants or ()} == levels


def test_fields_are_mapped_by_the_field_map(open_adapter: Open, store: SandboxProcess) -> None:
    names = {
        "rrp": "custom_fields.Recommended",
        "restock_date": "custom_fields.Back on",
        "settings": {"minimum": "order_quantity_minimum", "pack": "custom_fields.Pack", "absent": "custom_fields.None"},
    }
    adapter = open_adapter("bigcommerce", field_map={"products": names})
    fields = {"Recommended": "49.90", "Back on": "2026-05-01", "Pack": "6"}
    own = [{"name": name, "value": value} for name, value in fields.items()]
    change(store, 1, custom_fields=own, order_quantity_minimum=12)
    variants = product(adapter, 1).variants
    assert variants
    for variant in variants:
        assert variant.settings == {"minimum": 12, "pack": "6"}
        assert variant.rrp == Decimal("49.90")
        assert variant.stock[0].restock_date is not None and variant.stock[0].restock_date.isoformat() == "2026-05-01"


def test_only_the_selected_storefronts_are_read(open_adapter: Open, store: SandboxProcess) -> None:
    outlet = open_adapter("bigcommerce", channel_ids=[2])
    trees = {record.tree for record in records(outlet, DataType.CATEGORIES)}  # type: ignore[attr-defined]
    assert trees == {"2"}
    wanted = {str(row["id"]) for row in store.state("products") if 2 in row["channels"]}
    assert {record.external_id for record in records(outlet, DataType.PRODUCTS)} == wanted


# API calls


def test_the_store_information_is_fetched_once(adapter: Adapter[Any], store: SandboxProcess) -> None:
    records(adapter, DataType.PRODUCTS)
    records(adapter, DataType.BRANDS)
    assert sum(call["path"].endswith("/v2/store") for call in store.calls()) == 1


def test_a_full_import_makes_one_call_per_page(open_adapter: Open, store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce", page_size=250)
    products = sum(1 for _ in store.state("products"))
    records(adapter, DataType.PRODUCTS)
    listings = [call for call in store.calls() if call["path"].endswith("/v3/catalog/products")]
    assert len([call for call in listings if "id:greater" in call["query"]]) == -(-products // 250)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Rate-Limit-Time-Reset-Ms": "12000"}, 12),
        ({"X-Rate-Limit-Time-Reset-Ms": "2000", "X-Retry-After": "30"}, 30),
        ({"X-Rate-Limit-Time-Reset-Ms": "40000", "X-Retry-After": "30"}, 40),
        ({}, None),
    ],
)
def test_the_vendors_headers_determine_the_retry_time(
    adapter: Adapter[Any], store: SandboxProcess, headers: dict[str, str], seconds: int | None
) -> None:
    # Headers of successful responses do not matter; only those of the rejected one are used.
    store.fault("status", status=429, headers=headers)
    before = datetime.now(UTC)
    with pytest.raises(TryAgainLater) as raised:
        adapter.check()
    when = raised.value.not_before
    if seconds is None:
        assert when is None
    else:
        assert when is not None and abs((when - before).total_seconds() - seconds) < 2


def test_lookup_returns_the_existing_ids_or_raises(adapter: Adapter[Any], store: SandboxProcess) -> None:
    assert listing(adapter, "product").lookup(["1", "2", "999999", "variant:7"]) == {"1", "2"}
    assert listing(adapter, "category").lookup(["1", "999999"]) == {"1"}
    assert listing(adapter, "brand").lookup(["1", "999999"]) == {"1"}
    part = {"data": [{"id": 1}], "meta": {"pagination": {"total": 2}}}
    store.fault("status", path=PRODUCTS, status=200, body=part)
    with pytest.raises(TryAgainLater):
        listing(adapter, "product").lookup(["1", "2"])


@pytest.mark.parametrize("kind", ["product", "brand", "category"])
def test_ids_are_listed_page_by_page(
    adapter: Adapter[Any], store: SandboxProcess, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = set(all_ids(adapter, kind))
    monkeypatch.setattr(listings, "PAGE_SIZE", 3)
    before = len(store.calls())
    assert set(all_ids(adapter, kind)) == whole
    assert len(store.calls()) - before == -(-len(whole) // 3)


def test_a_product_deleted_while_listing_hides_no_other(
    adapter: Adapter[Any], store: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listings, "PAGE_SIZE", 20)
    first = listing(adapter, "product").list_ids(cursor=None)
    store.control("DELETE", f"products/alpha/{first.ids[0]}")
    second = listing(adapter, "product").list_ids(cursor=first.cursor)
    assert int(second.ids[0]) == int(first.ids[-1]) + 1
    # A store that ignores the starting ID would cause an endless loop.
    rows = [{"id": int(each)} for each in first.ids]
    store.fault("status", path=PRODUCTS, status=200, body={"data": rows, "meta": {"pagination": {"total": 50}}})
    with pytest.raises(TryAgainLater):
        listing(adapter, "product").list_ids(cursor=first.cursor)


@pytest.mark.parametrize("tracking", ["variant", "product"])
def test_stock_is_read_by_location(open_adapter: Open, store: SandboxProcess, tracking: str) -> None:
    adapter = open_adapter("bigcommerce", stock_by_location=True)
    row = next(each for each in store.state("products") if each["inventory_tracking"] == tracking)
    (variant, *_) = [each for each in store.state("variants") if each["product_id"] == row["id"]]
    name, number = ("variant_id", variant["id"]) if tracking == "variant" else ("product_id", row["id"])
    items = [{"location_id": at, name: number, "quantity": 3 + at} for at in (1, 2)]
    adapter.http.request("PUT", "/v3/inventory/adjustments/absolute", body={"items": items})
    variants = product(adapter, row["id"]).variants or []
    [levels] = adapter.source(DataType.STOCK).fetch([str(variant["id"])])
    for stock in (variants[0].stock or [], levels.stock):
        assert [(each.location, each.quantity) for each in stock] == [("BC-LOCATION-1", 4), ("WAREHOUSE", 5)]


def test_a_location_that_says_not_in_stock_has_none(open_adapter: Open, store: SandboxProcess) -> None:
    """The vendor: “whether an item is available for purchase independent of quantity”."""
    adapter = open_adapter("bigcommerce", stock_by_location=True)
    row = next(each for each in store.state("products") if each["inventory_tracking"] == "product")
    place = {"location_id": 1, "location_code": "HERE", "location_enabled": True, "available_to_sell": 9}
    items = [
        {"identity": {"product_id": row["id"]}, "locations": [place | {"settings": {"is_in_stock": False}}]},
    ]
    store.fault("status", path="/v3/inventory/items$", status=200, body=listed(items))
    [variant] = product(adapter, row["id"]).variants or []
    assert [(each.location, each.quantity) for each in variant.stock or ()] == [("HERE", 0)]


def test_the_stock_of_all_variants_is_read_without_their_products(adapter: Adapter[Any], store: SandboxProcess) -> None:
    """As with the products, also if the dates of these do not move."""
    expected = {
        variant.external_id: variant.stock
        for each in records(adapter, DataType.PRODUCTS)
        for variant in each.variants or ()
    }
    store.clear_calls()
    found = {each.external_id: each.stock for each in records(adapter, DataType.STOCK)}
    assert len(found) > 50 and found == expected
    assert {call["path"].rpartition("/")[2] for call in store.calls()} == {"products"}


def test_price_lists_and_prices_for_quantities_are_read(open_adapter: Open, store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce", price_lists=True)
    row = next(each for each in store.state("products") if each["inventory_tracking"] == "variant")
    variant = next(each for each in store.state("variants") if each["product_id"] == row["id"])
    ends = {"quantity_min": 50, "quantity_max": 2**31 - 1}
    rules = [
        {"quantity_min": 10, "quantity_max": 49, "type": "percent", "amount": 10},
        ends | {"type": "price", "amount": 3},
    ]
    adapter.http.request("PUT", f"/v3/catalog/products/{row['id']}", body={"bulk_pricing_rules": rules})
    record = {"variant_id": variant["id"], "currency": "gbp", "price": 40, "sale_price": 30}
    tiers = [ends | {"type": "fixed", "amount": 25.5}]
    adapter.http.request("PUT", "/v3/pricelists/1/records", body=[record | {"bulk_pricing_tiers": tiers}])
    change(store, row["id"], price=20)
    adapter.http.request("PUT", "/v3/catalog/variants", body=[{"id": variant["id"], "price": 20}])
    found = (product(adapter, row["id"]).variants or [])[0].price
    assert isinstance(found, list)
    prices = [(each.min_quantity, each.max_quantity, each.amount, each.list_amount) for each in found]
    assert prices == [
        *((1, None, 20, None), (10, 49, 18, None), (50, None, 17, None)),
        *((1, None, 30, 40), (50, None, Decimal("25.5"), None)),
    ]
    lists = [each.price_list for each in found]
    assert lists[:3] == [None] * 3 and lists[3] is not None and lists[3] == lists[4]
    assert (lists[3].name, lists[3].currency, lists[3].customer_groups) == ("Trade", "GBP", ["Trade"])


def test_a_customer_group_may_name_its_price_list_itself(open_adapter: Open, store: SandboxProcess) -> None:
    """As its discount, without an assignment."""
    adapter = open_adapter("bigcommerce", price_lists=True)
    group = {"name": "Club", "discount_rules": [{"type": "price_list", "price_list_id": 1}]}
    adapter.http.request("POST", "/v2/customer_groups", body=group)
    variant = next(each for each in store.state("variants") if each["product_id"] and each["option_values"])
    record = {"variant_id": variant["id"], "currency": "gbp", "price": 1}
    adapter.http.request("PUT", "/v3/pricelists/1/records", body=[record])
    variants = product(adapter, variant["product_id"]).variants or []
    [price] = [each.price for each in variants if each.external_id == str(variant["id"])]
    assert isinstance(price, list) and price[-1].price_list is not None
    assert price[-1].price_list.customer_groups == ["Club", "Trade"]


# Webhooks


@pytest.mark.parametrize(
    ("scope", "data", "reference"),
    [
        ("store/order/created", {"type": "order", "id": 250}, (DataType.ORDERS, "250")),
        ("store/order/refund/created", {"type": "order", "id": 7, "refund": {"refund_id": 3}}, (DataType.ORDERS, "7")),
        (
            "store/order/transaction/created",
            {"type": "transaction", "order_id": "250", "transaction_id": "17", "transaction_type": "capture"},
            (DataType.ORDERS, "250"),
        ),
        ("store/order/metafield/updated", {"metafield_id": 14, "resource_id": "270"}, (DataType.ORDERS, "270")),
        (
            "store/metafield/created",
            {"metafield_id": 12, "resource_id": "118", "resource_type": "product"},
            (DataType.PRODUCTS, "118"),
        ),
        ("store/category/metafield/deleted", {"metafield_id": 2, "resource_id": "24"}, (DataType.CATEGORIES, "24")),
        ("store/product/variant/metafield/created", {"metafield_id": 12, "resource_id": "118"}, None),
        ("store/sku/updated", {"id": 461, "sku": {"product_id": 206, "variant_id": 509}}, (DataType.PRODUCTS, "206")),
        (
            "store/customer/address/updated",
            {"type": "customer", "id": 60, "address": {"customer_id": 32}},
            (DataType.CUSTOMERS, "32"),
        ),
        (
            "store/customer/channel/login/access/updated",
            {"customer_id": 22, "channel_ids": [1]},
            (DataType.CUSTOMERS, "22"),
        ),
        ("store/channel/1/product/assigned", {"product_id": 127}, (DataType.PRODUCTS, "127")),
        ("store/channel/1/category/product/unassigned", {"product_id": 127}, (DataType.PRODUCTS, "127")),
        (
            "store/channel/*/inventory/product/stock_changed",
            {"variant_id": 127, "product_id": 113, "location_id": 2},
            (DataType.PRODUCTS, "113"),
        ),
        ("store/information/updated", {"type": "store"}, (DataType.SETTINGS, "abc")),
    ],
)
def test_events_as_the_vendor_prints_them_name_an_item(
    scope: str, data: dict[str, Any], reference: tuple[DataType, str] | None
) -> None:
    found = BigCommerceWebhooks.read_event({"scope": scope, "data": data, "producer": "stores/abc"})
    assert [(each.data_type, each.external_id) for each in found] == ([reference] if reference else [])


def test_storefronts_and_locations_have_events_of_their_own(open_adapter: Open) -> None:
    adapter = open_adapter("bigcommerce", channel_ids=[2], stock_by_location=True)
    webhooks = adapter.webhooks(adapter.client)
    assert webhooks.register("https://hub.example/webhooks/ours", {"X-Secret": "one"}) == len(SCOPES) + 4 + 2
    assert webhooks.register("https://hub.example/webhooks/ours", {"X-Secret": "one"}) == 0
