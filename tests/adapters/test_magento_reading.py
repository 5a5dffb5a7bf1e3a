"""Importing from a Magento shop: behavior that the standard suite does not cover."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.magento.sources import products
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import ConditionalPriceRecord, OrderRecord, PriceRecord, ProductRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.cases import MAGENTO_OAUTH
from tests.adapters.magento import change, first_variant_position, freeze_clock, place_order
from tests.adapters.reading import by_id, pages, records

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LATELY = datetime(2026, 1, 1, tzinfo=UTC)
VENDORS = {"orders": {"vendor": "extension_attributes.vendor"}}
Open = Callable[..., Adapter[Any]]


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("magento")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("magento")


def order(adapter: Adapter[Any], number: int) -> OrderRecord:
    (record,) = adapter.source(DataType.ORDERS).fetch([str(number)])
    assert isinstance(record, OrderRecord)
    return record


def product(adapter: Adapter[Any], number: int) -> ProductRecord:
    (record,) = adapter.source(DataType.PRODUCTS).fetch([str(number)])
    assert isinstance(record, ProductRecord)
    return record


# Credentials


def test_every_request_is_signed(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    assert "GBP" in adapter.check()
    assert len(records(adapter, DataType.ORDERS)) == 30
    assert {call["status"] for call in shop.calls()} == {200}
    assert "Authorization" not in adapter.http.headers


def test_an_access_token_alone_is_a_bearer_token(open_adapter: Open) -> None:
    assert "GBP" in open_adapter("magento", credentials={"access_token": "alpha-token"}).check()


@pytest.mark.parametrize("name", ["consumer_key", "consumer_secret", "access_token", "access_token_secret"])
def test_wrong_credentials_need_attention(name: str, open_adapter: Open) -> None:
    credentials = MAGENTO_OAUTH | {"access_token_secret": "alpha-token", name: "wrong"}
    with pytest.raises(NeedsAttention):
        open_adapter("magento", credentials=credentials).check()


def test_incomplete_oauth_credentials_are_rejected(open_adapter: Open) -> None:
    with pytest.raises(ValueError, match="requires the consumer key"):
        open_adapter("magento", credentials=MAGENTO_OAUTH | {"consumer_secret": ""})


def test_many_skus_with_commas_are_one_signed_search(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Each is a filter of its own; the shop sorts them by number before it verifies the signature."""
    skus = [f"A,{number}" for number in range(12)]
    shop.control("POST", "goods", json={"account": "alpha", "skus": skus})
    found = [record for record in records(adapter, DataType.PRODUCTS) if isinstance(record, ProductRecord)]
    assert set(skus) <= {variant.sku for record in found for variant in record.variants or ()}


# Orders


def test_the_line_of_a_configurable_product_counts_once(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (first_variant_position(shop), 3))
    parent, child = row["items"]
    (line,) = order(adapter, row["entity_id"]).lines
    assert line.external_id == str(parent["item_id"]) and line.variant_id == str(child["product_id"])
    assert (line.sku, line.quantity) == (child["sku"], Decimal(3))
    assert line.unit_price_gross == Decimal(str(parent["price_incl_tax"])) > 0
    variants = {each.external_id: each for each in product(adapter, parent["product_id"]).variants or ()}
    assert variants[line.variant_id].sku == line.sku


def test_lines_have_their_vendor(open_adapter: Open, shop: SandboxProcess) -> None:
    """From a field of the line, or from an attribute of the product; both have the same value here."""
    row = place_order(shop, *((position, 1) for position in range(9)), (first_variant_position(shop), 1))
    by_line = order(open_adapter("magento", field_map=VENDORS), row["entity_id"])
    by_product = order(
        open_adapter("magento", field_map={"orders": {"vendor": "product.dropship_vendor"}}), row["entity_id"]
    )
    vendors = [line.vendor for line in by_line.lines]
    assert {"Northwind", "Sundry"} <= set(vendors)
    assert vendors == [line.vendor for line in by_product.lines]
    assert {line.vendor for line in order(open_adapter("magento"), row["entity_id"]).lines} == {""}


def test_an_order_changed_while_paging_hides_no_other(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento", page_size=5)
    everything = {str(row["entity_id"]) for row in shop.state("orders")}
    for since in (None, LONG_AGO):
        met, cursor, more = set(), None, True
        while more:
            page = adapter.source(DataType.ORDERS).read_page(since=since, cursor=cursor)
            met |= {record.external_id for record in page.records}
            cursor, more = page.cursor, page.cursor is not None
            if more:  # the first order of each page moves to the end
                change(shop, "orders", int(page.records[0].external_id), customer_note=f"page {len(met)}")
        assert met == everything


def test_an_order_deleted_while_paging_hides_no_other(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento", page_size=5)
    first = adapter.source(DataType.ORDERS).read_page(since=None, cursor=None)
    gone = first.records[0].external_id
    shop.control("DELETE", "row", json={"account": "alpha", "kind": "orders", "id": int(gone)})
    met = {each.external_id for each in first.records}
    cursor = first.cursor
    while cursor:
        page = adapter.source(DataType.ORDERS).read_page(since=None, cursor=cursor)
        met |= {each.external_id for each in page.records}
        cursor = page.cursor
    assert met == {str(row["entity_id"]) for row in shop.state("orders")} | {gone}


def test_orders_changed_in_one_second_are_all_read_if_they_fill_pages(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento", page_size=5)
    freeze_clock(shop, "2026-06-01 12:00:00")
    for number in range(1, 13):
        change(shop, "orders", number, status="processing")
    freeze_clock(shop, "2026-06-01 12:00:01")
    change(shop, "orders", 20, status="processing")
    read = pages(adapter, DataType.ORDERS, since=LATELY)
    assert {int(each.external_id) for page in read for each in page.records} == {*range(1, 13), 20}
    assert read[-1].cut == datetime(2026, 6, 1, 12, 0, 1, tzinfo=UTC)


def test_state_and_shipped_quantities_determine_the_status(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    stages = ("new", "paid", "shipped", "cancelled")
    rows = [place_order(shop, (0, 2), stage=stage) for stage in stages]
    found = [order(adapter, row["entity_id"]) for row in rows]
    assert [each.status for each in found] == ["pending", "confirmed", "shipped", "cancelled"]
    assert [each.lines[0].status for each in found] == ["pending", "pending", "shipped", "cancelled"]
    (shipment,) = found[2].shipments or ()
    assert shipment.tracking_numbers == [f"TRACK-{rows[2]['entity_id']}"] and shipment.carrier == "DHL"
    assert shipment.lines == {found[2].lines[0].external_id: Decimal(2)}
    change(shop, "orders", rows[1]["entity_id"], state="somewhere")
    strange = order(adapter, rows[1]["entity_id"])
    assert strange.status == "pending" and strange.problems[0].code == "order_state_unknown"


def test_an_order_without_a_street_is_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 1))
    change(shop, "orders", row["entity_id"], billing_address=row["billing_address"] | {"street": [""]})
    (problem,) = order(adapter, row["entity_id"]).problems
    assert problem.code == "address_incomplete" and problem.values == {"use": "billing"} and not problem.fatal


def test_only_orders_of_the_b2b_store_view_are_read(open_adapter: Open, shop: SandboxProcess) -> None:
    read = records(open_adapter("magento", b2b_store_id=2), DataType.ORDERS)
    assert {each.external_id for each in read} == {
        str(row["entity_id"]) for row in shop.state("orders") if row["store_id"] == 2
    }
    assert all(isinstance(each, OrderRecord) and each.placed_through_b2b for each in read)


# Products


def test_variants_are_not_imported_as_products(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    read = by_id(records(adapter, DataType.PRODUCTS))
    rows = {str(row["id"]): row for row in shop.state("goods")}
    assert all(rows[number]["visibility"] != 1 for number in read)
    variants = [
        (variant.external_id, variant.sku)
        for record in read.values()
        if isinstance(record, ProductRecord)
        for variant in record.variants or ()
    ]
    unreadable = {number for number, record in read.items() if any(e.code == "unreadable" for e in record.problems)}
    sold = {number: row["sku"] for number, row in rows.items() if row["type_id"] == "simple"}
    assert sorted(variants) == sorted((number, sku) for number, sku in sold.items() if number not in unreadable)


def test_a_product_is_mapped_to_the_hubs_fields(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = next(each for each in shop.state("goods") if each["type_id"] == "configurable")
    found = product(adapter, row["id"])
    assert found.variants is not None and found.images is not None
    names = [option["label"] for option in row["extension_attributes"]["configurable_product_options"]]
    assert all([option["name"] for option in variant.options] == names for variant in found.variants)
    assert all(option["value"].isalpha() for variant in found.variants for option in variant.options)
    assert [image.url for image in found.images] == [
        f"https://shop.example/media/catalog/product{each['file']}" for each in row["media_gallery_entries"]
    ]
    brands = by_id(records(adapter, DataType.BRANDS))
    assert found.brand_id in brands
    assert set(found.category_ids or ()) <= set(by_id(records(adapter, DataType.CATEGORIES)))
    child = next(each for each in shop.state("goods") if str(each["id"]) == found.variants[0].external_id)
    assert found.variants[0].weight_in_grams == Decimal(str(child["weight"])) * 1000
    stored = {each["sku"]: each["quantity"] for each in shop.state("source_items")}
    assert [each.location for each in found.variants[0].stock or ()] == ["default"]
    assert sum(each.quantity or 0 for each in found.variants[0].stock or ()) <= stored[child["sku"]]


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (None, None, None),
        ("2026-06-02", None, (datetime(2026, 6, 1, 23, tzinfo=UTC), None)),
        ("2026-01-10", "2026-06-02", (datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 6, 2, 23, tzinfo=UTC))),
        (None, "2026-01-10", (None, datetime(2026, 1, 11, tzinfo=UTC))),
    ],
)
def test_a_special_price_applies_on_days_of_the_shops_time_zone(
    adapter: Adapter[Any],
    shop: SandboxProcess,
    first: str | None,
    last: str | None,
    period: tuple[datetime | None, datetime | None] | None,
) -> None:
    """In London, a day in June begins an hour before it does by UTC. A special price without days applies at once."""
    row = next(each for each in shop.state("products") if each["type_id"] == "simple" and each.get("price", 0) > 3)
    special = {"special_price": "2.500000", "special_from_date": first, "special_to_date": last}
    custom = [
        {"attribute_code": code, "value": value if code == "special_price" else f"{value} 00:00:00"}
        for code, value in special.items()
        if value
    ]
    change(shop, "products", row["id"], custom_attributes=custom)
    [variant] = product(adapter, row["id"]).variants or ()
    regular, reduced = Decimal(str(row["price"])), Decimal("2.5")
    if period is None:
        assert variant.price == PriceRecord(amount=reduced, list_amount=regular)
    else:
        starts_at, ends_at = period
        assert variant.price == [
            ConditionalPriceRecord(amount=regular),
            ConditionalPriceRecord(amount=reduced, list_amount=regular, starts_at=starts_at, ends_at=ends_at),
        ]


def stock_of(adapter: Adapter[Any], shop: SandboxProcess, sku: str) -> dict[str, Decimal | None]:
    number = next(row["id"] for row in shop.state("goods") if row["sku"] == sku)
    (variant,) = product(adapter, number).variants or ()
    return {each.location: each.quantity for each in variant.stock or ()}


def test_stock_is_what_can_be_sold(open_adapter: Open, shop: SandboxProcess) -> None:
    """Open orders are deducted from the sources that are used last; what counts is understood."""
    sku = place_order(shop, (0, 4))["items"][0]["sku"]
    setting = {"account": "alpha", "stock_sources": ["default", "overflow"]}
    shop.control("POST", "setting", json=setting)

    def put(default: int, overflow: int, status: int = 1) -> None:
        items = [("default", default, 1), ("overflow", overflow, status)]
        entries = [{"sku": sku, "source_code": c, "quantity": q, "status": on} for c, q, on in items]
        open_adapter("magento").client.post("/inventory/source-items", {"sourceItems": entries})

    ordered = [item for row in shop.state("orders") for item in row["items"] if item["sku"] == sku]
    open_pieces = sum(each["qty_ordered"] - each["qty_shipped"] - each["qty_canceled"] for each in ordered)
    put(100, 2)
    assert stock_of(open_adapter("magento"), shop, sku) == {"default": 102 - open_pieces, "overflow": 0}
    assert stock_of(open_adapter("magento", deduct_reservations=False), shop, sku) == {"default": 100, "overflow": 2}
    put(100, 50, status=0)
    assert stock_of(open_adapter("magento"), shop, sku) == {"default": 100 - open_pieces, "overflow": 0}
    shop.control("POST", "setting", json=setting | {"disabled_sources": ["overflow"]})
    assert stock_of(open_adapter("magento"), shop, sku) == {"default": 100 - open_pieces}
    shop.control("POST", "setting", json=setting | {"unmanaged": [sku]})
    assert stock_of(open_adapter("magento"), shop, sku) == {"default": None}


def test_a_thousand_products_need_a_known_number_of_calls(open_adapter: Open, shop: SandboxProcess) -> None:
    """docs/platforms/magento.md names the figure: four calls for a page of a hundred products and their variants."""
    adapter = open_adapter("magento", page_size=100)
    records(adapter, DataType.PRODUCTS)
    shop.clear_calls()
    records(adapter, DataType.PRODUCTS)
    assert len(shop.calls()) == 4


def test_prices_for_quantities_and_groups_are_read(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = next(each for each in shop.state("products") if each["type_id"] == "simple" and each.get("price", 0) > 3)
    tiers = [
        {"customer_group_id": 32000, "qty": 10, "value": 2.5},
        {"customer_group_id": 2, "qty": 1, "value": 0, "extension_attributes": {"percentage_value": 10}},
        {"customer_group_id": 2, "qty": 5, "value": 1, "extension_attributes": {"website_id": 7}},
    ]
    change(shop, "products", row["id"], tier_prices=tiers, custom_attributes=[])
    (variant,) = product(adapter, row["id"]).variants or ()
    assert isinstance(variant.price, list)
    found = [
        (each.price_list and each.price_list.customer_groups, each.min_quantity, each.amount) for each in variant.price
    ]
    regular = Decimal(str(row["price"]))
    assert found == [
        (None, 1, regular),
        (None, 10, Decimal("2.5")),
        (["Wholesale"], 1, (regular * Decimal("0.9")).quantize(Decimal("0.0001"))),
    ]


def test_a_product_that_was_hidden_is_suspended(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """A partial read names it, and fetching it tells whether it has become a variant."""
    row = next(each for each in shop.state("products") if each["type_id"] == "simple" and each.get("price"))
    parent = next(each for each in shop.state("goods") if each["type_id"] == "configurable")
    child = parent["extension_attributes"]["configurable_product_links"][0]
    since = datetime.now(UTC) - timedelta(seconds=5)
    change(shop, "products", row["id"], visibility=1)
    change(shop, "products", child, price=77)
    first, *_ = pages(adapter, DataType.PRODUCTS, since=since)
    assert set(first.to_check) == {str(row["id"]), str(child)}
    (found,) = adapter.source(DataType.PRODUCTS).fetch(list(first.to_check))
    assert isinstance(found, ProductRecord) and (found.external_id, found.status) == (str(row["id"]), "suspended")
    change(shop, "products", parent["id"], visibility=1)
    assert product(adapter, parent["id"]).status == "suspended"


def test_attributes_with_the_same_label_are_both_read(open_adapter: Open, shop: SandboxProcess) -> None:
    """In lists of attributes and among the options of a variant."""
    shop.fault("rewrite", path="/products/attributes$", find='"(Vendor|Size)"', replace='"Colour"')
    adapter = open_adapter("magento", field_map={"products": {"brand": ""}})
    read = [record for record in records(adapter, DataType.PRODUCTS) if isinstance(record, ProductRecord)]
    names = {name for record in read for name in record.attributes}
    assert {"Colour (dropship_vendor)", "Manufacturer"} <= names and "Colour" not in names
    options = {tuple(option["name"] for option in each.options) for record in read for each in record.variants or ()}
    assert ("Colour (colour)", "Colour (size)") in {tuple(sorted(each)) for each in options}


def test_a_changed_variant_imports_its_product(open_adapter: Open, shop: SandboxProcess) -> None:
    """The vendor reports neither that the product changed nor which product the variant belongs to."""
    adapter = open_adapter("magento", page_size=5)
    parent = [row for row in shop.state("goods") if row["type_id"] == "configurable"][-1]
    child = parent["extension_attributes"]["configurable_product_links"][0]
    since = datetime.now(UTC) - timedelta(seconds=5)
    change(shop, "products", child, price=77)
    read = pages(adapter, DataType.PRODUCTS, since=since)
    (found,) = [record for page in read for record in page.records]
    assert isinstance(found, ProductRecord) and found.external_id == str(parent["id"])
    (changed,) = [variant for variant in found.variants or () if variant.external_id == str(child)]
    assert changed.price is not None and Decimal(77) in (changed.price.amount, changed.price.list_amount)
    assert [page.cut for page in read] == [None] * len(read)  # an interrupted run has to find it again


def test_all_configurable_products_are_read_if_too_many_variants_changed(
    open_adapter: Open, shop: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "MAX_CHANGED_VARIANTS", 2)
    since = datetime.now(UTC) - timedelta(seconds=5)
    for row in [row for row in shop.state("goods") if row["visibility"] == 1][:3]:
        change(shop, "products", row["id"], price=77)
    read = records(open_adapter("magento", page_size=5), DataType.PRODUCTS, since=since)
    assert {record.external_id for record in read} == {
        str(row["id"]) for row in shop.state("goods") if row["type_id"] == "configurable"
    }


def test_a_variant_visible_on_its_own_is_reported_and_stays_a_product(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    parent = next(row for row in shop.state("goods") if row["type_id"] == "configurable")
    child = parent["extension_attributes"]["configurable_product_links"][0]
    change(shop, "products", child, visibility=4)
    found = product(adapter, parent["id"])
    (problem,) = found.problems
    assert (problem.code, problem.ref, problem.fatal) == ("variant_visible", f"variant:{child}", False)
    assert str(child) not in {variant.external_id for variant in found.variants or ()}
    assert product(adapter, child).variants


def test_problems_of_products_are_reported(adapter: Adapter[Any]) -> None:
    wrong = {
        record.raw["sku"]: [(problem.code, problem.fatal) for problem in record.problems]
        for record in records(adapter, DataType.PRODUCTS)
        if record.problems
    }
    assert wrong == {
        "DIRTY-NO-WEIGHT": [("weight_missing", True)],
        "DIRTY-NO-PRICE": [("price_missing", True)],
        "DIRTY-NUL-BYTE": [("unreadable", True)],
    }


# Errors


def test_a_missing_right_is_named(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    shop.control("POST", "setting", json={"account": "alpha", "denied": ["Magento_Catalog::products"]})
    with pytest.raises(NeedsAttention, match=r"Catalog › Inventory › Products \(Magento_Catalog::products\)") as raised:
        records(adapter, DataType.PRODUCTS)
    assert "System › Integrations" in raised.value.fix and raised.value.status == 401


def test_errors_contain_the_shops_message(open_adapter: Open) -> None:
    with pytest.raises(NeedsAttention, match="Specified request cannot be processed") as raised:
        open_adapter("magento", store_view="nowhere").check()
    assert "store view" in raised.value.fix


def test_placeholders_are_filled(open_adapter: Open, shop: SandboxProcess) -> None:
    counted = {"message": "Invalid attribute name: %1 in %2", "parameters": ["vendor", "x"]}
    shop.fault("status", status=400, body=counted)
    with pytest.raises(NeedsAttention, match="Invalid attribute name: vendor in x"):
        records(open_adapter("magento"), DataType.ORDERS)
    named = {"message": '"%fieldName" is required.', "parameters": {"fieldName": "pageSize"}}
    shop.clear_faults()
    shop.fault("status", status=400, body=named)
    with pytest.raises(NeedsAttention, match='"pageSize" is required'):
        records(open_adapter("magento"), DataType.ORDERS)
