"""WooCommerce: what is read of the catalog, and how a site's oddities are understood."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.woocommerce.error_messages import describe_denial
from connectors.platforms.woocommerce.php_output import without_messages
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import ListingRepeats, NeedsAttention, TryAgainLater
from connectors.sdk.records import ConditionalPriceRecord, PriceRecord, ProductRecord
from connectors.sdk.responses import Response
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.reading import all_ids, by_id, records

Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]
ACCOUNT = "ck_alpha"


@pytest.fixture
def shop(platform: Platform) -> SandboxProcess:
    return platform("woocommerce")


def add(shop: SandboxProcess, kind: str, **values: Any) -> int:
    body = {"account": ACCOUNT, "kind": kind, "values": values}
    return int(shop.control("POST", "row", json=body)["id"])


def read(adapter: Adapter[Any], number: int) -> Any:
    [found] = adapter.source(DataType.PRODUCTS).fetch([str(number)])
    return found


def codes(record: Any) -> list[str]:
    return [problem.code for problem in record.problems]


def attribute(name: str, *options: str, variation: bool = True, number: int = 0, position: int = 0) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "position": position,
        "visible": True,
        "variation": variation,
        "options": list(options),
    }


def test_a_variation_has_what_its_product_has_unless_it_has_its_own(shop: SandboxProcess, open_adapter: Open) -> None:
    parent = add(
        shop,
        "products",
        name="Caf&eacute; &amp; Bar",
        slug="shirt",
        type="variable",
        sku="SHIRT",
        weight="0.5",
        manage_stock=True,
        stock_quantity=7,
        low_stock_amount=2,
        attributes=[
            attribute("Size", "S", "M", number=1, position=1),
            attribute("Fit &amp; Cut", "Slim", position=0),
            attribute("Material", "Oak", "Ash", variation=False),
        ],
    )
    own = {"parent_id": parent, "regular_price": "10"}
    first = add(
        shop,
        "variations",
        **own,
        sku="SHIRT-S",
        menu_order=2,
        weight="0.75",
        manage_stock=True,
        stock_quantity=3,
        attributes=[{"id": 1, "name": "Size", "option": "S"}, {"id": 0, "name": "Fit & Cut", "option": "Slim"}],
    )
    second = add(shop, "variations", **own, menu_order=1, attributes=[{"id": 1, "name": "Size", "option": "M"}])
    hidden = add(shop, "variations", **own, sku="SHIRT-X", status="private", stock_status="outofstock", menu_order=3)
    record = read(open_adapter("woocommerce"), parent)

    assert (record.title, record.attributes) == ("Café & Bar", {"Material": ["Oak", "Ash"]})
    assert [each.external_id for each in record.variants] == [str(second), str(first), str(hidden)]
    inherits, has_own, disabled = record.variants
    assert (inherits.sku, has_own.sku) == ("", "SHIRT-S") and codes(record) == ["sku_missing"]
    assert (inherits.weight_in_grams, has_own.weight_in_grams) == (Decimal(500), Decimal(750))
    assert inherits.options == [{"name": "Fit & Cut", "value": "Any"}, {"name": "Size", "value": "M"}]
    assert has_own.options == [{"name": "Fit & Cut", "value": "Slim"}, {"name": "Size", "value": "S"}]
    assert (inherits.stock[0].quantity, inherits.stock[0].min_level) == (Decimal(7), Decimal(2))
    assert (has_own.stock[0].quantity, has_own.stock[0].min_level) == (Decimal(3), None)
    assert disabled.status == "suspended" and has_own.status == "live"


@pytest.mark.parametrize(
    ("values", "quantity"),
    [
        ({"manage_stock": False, "stock_status": "instock"}, None),
        ({"manage_stock": False, "stock_status": "onbackorder"}, None),
        ({"manage_stock": False, "stock_status": "outofstock"}, Decimal(0)),
        ({"manage_stock": True, "stock_quantity": 4, "stock_status": "instock"}, Decimal(4)),
        ({"manage_stock": True, "stock_quantity": 2, "stock_status": "outofstock"}, Decimal(0)),
        ({"manage_stock": True, "stock_quantity": -3, "stock_status": "onbackorder", "backorders": "yes"}, Decimal(-3)),
        ({"manage_stock": True, "stock_quantity": None, "stock_status": "instock"}, Decimal(0)),
    ],
    ids=str,
)
def test_stock(values: dict[str, Any], quantity: Decimal | None, shop: SandboxProcess, open_adapter: Open) -> None:
    number = add(shop, "products", name="Lamp", slug="lamp", sku="L", regular_price="5", **values)
    [variant] = read(open_adapter("woocommerce"), number).variants
    assert variant.stock[0].quantity == quantity


SOON, LATER = "2027-05-01T22:00:00", "2027-05-31T21:59:59"


@pytest.mark.parametrize(
    ("values", "prices"),
    [
        ({"regular_price": "20"}, PriceRecord(amount=Decimal(20))),
        (
            {"regular_price": "20", "sale_price": "15.50"},
            PriceRecord(amount=Decimal("15.50"), list_amount=Decimal(20)),
        ),
        ({"regular_price": "20", "sale_price": "0"}, PriceRecord(amount=Decimal(0), list_amount=Decimal(20))),
        ({"regular_price": "20", "sale_price": "25"}, PriceRecord(amount=Decimal(20))),
        (
            {"regular_price": "20", "sale_price": "15", "date_on_sale_from": SOON, "date_on_sale_to": LATER},
            [
                ConditionalPriceRecord(amount=Decimal(20)),
                ConditionalPriceRecord(
                    amount=Decimal(15),
                    list_amount=Decimal(20),
                    starts_at=datetime(2027, 5, 1, 22, tzinfo=UTC),
                    ends_at=datetime(2027, 5, 31, 22, tzinfo=UTC),
                ),
            ],
        ),
    ],
    ids=str,
)
def test_prices(values: dict[str, str], prices: Any, shop: SandboxProcess, open_adapter: Open) -> None:
    """C9: a sale is read before it begins, by the times in GMT, not by those of the site's zone."""
    [variant] = read(
        open_adapter("woocommerce"), add(shop, "products", name="Lamp", slug="lamp", sku="L", **values)
    ).variants
    assert variant.price == prices


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, "live"),
        ({"status": "draft"}, "suspended"),
        ({"status": "private"}, "suspended"),
        ({"catalog_visibility": "hidden"}, "suspended"),
        ({"catalog_visibility": "search"}, "live"),
    ],
    ids=str,
)
def test_statuses(values: dict[str, str], status: str, shop: SandboxProcess, open_adapter: Open) -> None:
    number = add(shop, "products", name="Lamp", slug="lamp", sku="L", regular_price="5", **values)
    record = read(open_adapter("woocommerce"), number)
    assert {record.status, record.variants[0].status} == {status}


def test_the_trash_and_deleted_products_do_not_exist(shop: SandboxProcess, open_adapter: Open) -> None:
    """The shop returns a product in the trash by its ID, with the status `trash`."""
    numbers = [add(shop, "products", name="Lamp", slug="lamp", sku=sku, regular_price="5") for sku in "AB"]
    shop.control("DELETE", "row", json={"account": ACCOUNT, "kind": "products", "id": numbers[0], "trash": True})
    shop.control("DELETE", "row", json={"account": ACCOUNT, "kind": "products", "id": numbers[1]})
    adapter = open_adapter("woocommerce")
    ids = [str(each) for each in numbers]
    assert adapter.source(DataType.PRODUCTS).fetch(ids) == []
    assert not {*ids} & {*by_id(records(adapter, DataType.PRODUCTS))}
    listing = adapter.listing(Kind.PRODUCT)
    assert listing is not None and listing.lookup(ids) == set() and not {*ids} & {*all_ids(adapter, Kind.PRODUCT)}


def test_products_without_a_price_and_grouped_ones_are_reported(shop: SandboxProcess, open_adapter: Open) -> None:
    plain = {"name": "Lamp", "slug": "lamp", "sku": "L"}
    adapter = open_adapter("woocommerce")
    assert codes(read(adapter, add(shop, "products", **plain))) == ["price_missing"]
    grouped = read(adapter, add(shop, "products", **plain, type="grouped"))
    assert codes(grouped) == ["product_type_unsupported"] and grouped.variants == []
    weightless = add(shop, "products", **plain, regular_price="5")
    assert codes(read(adapter, weightless)) == []
    assert codes(read(open_adapter("woocommerce", require_weight=True), weightless)) == ["weight_missing"]


def test_a_variation_that_the_list_lacks_is_fetched(shop: SandboxProcess, open_adapter: Open) -> None:
    """D9: absence from a list alone is no proof."""
    parent = add(shop, "products", name="S", slug="s", type="variable", attributes=[attribute("Size", "S")])
    numbers = [add(shop, "variations", parent_id=parent, sku=sku, regular_price="1") for sku in "AB"]
    shop.fault("rewrite", path=f"{parent}/variations$", find=r"\A.*\Z", replace="[]", headers={"X-WP-Total": "0"})
    record = read(open_adapter("woocommerce"), parent)
    assert [each.external_id for each in record.variants] == [str(each) for each in numbers]


def test_products_that_leave_the_list_hide_no_others(shop: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("woocommerce")
    source = adapter.source(DataType.PRODUCTS)
    first = source.read_page(since=None, cursor=None)
    rest = {each.external_id for each in records(adapter, DataType.PRODUCTS)} - {*by_id([*first.records])}
    for each in first.records:
        body = {"account": ACCOUNT, "kind": "products", "id": int(each.external_id), "trash": True}
        shop.control("DELETE", "row", json=body)
    found, cursor = set(), first.cursor
    while cursor is not None:
        page = source.read_page(since=None, cursor=cursor)
        found |= {*by_id([*page.records])}
        cursor = page.cursor
    assert found == rest


@pytest.mark.parametrize(("page_size", "cap"), [(20, 4), (1, 100)])
def test_small_pages_hide_nothing(page_size: int, cap: int, shop: SandboxProcess, open_adapter: Open) -> None:
    """A plug-in may return fewer rows than were asked for, in lists and for IDs (`rest_product_query`)."""
    types = (DataType.PRODUCTS, DataType.CATEGORIES, DataType.CUSTOMERS)
    whole = open_adapter("woocommerce")
    expected = {each: by_id(records(whole, each)) for each in types}
    shop.control("POST", "setting", json={"account": ACCOUNT, "page_cap": cap})
    adapter = open_adapter("woocommerce", page_size=page_size)
    assert {each: by_id(records(adapter, each)) for each in types} == expected
    ids = {*expected[DataType.PRODUCTS]}
    assert len(ids) > 4 and {*all_ids(adapter, Kind.PRODUCT)} == ids
    for kind, data_type in ((Kind.PRODUCT, DataType.PRODUCTS), (Kind.CATEGORY, DataType.CATEGORIES)):
        listing = adapter.listing(kind)
        assert listing is not None and listing.lookup(expected[data_type]) == {*expected[data_type]}


def test_a_listing_without_totals_is_read_to_its_end(shop: SandboxProcess, open_adapter: Open) -> None:
    expected = by_id(records(open_adapter("woocommerce"), DataType.PRODUCTS))
    shop.fault("rewrite", headers={"X-WP-Total": "", "X-WP-TotalPages": ""})
    assert by_id(records(open_adapter("woocommerce"), DataType.PRODUCTS)) == expected
    shop.clear_faults()
    shop.fault("status", path="/products$", status=200, body=[])
    with pytest.raises(TryAgainLater):
        all_ids(open_adapter("woocommerce"), Kind.PRODUCT)


def test_a_site_that_ignores_the_position_is_refused(shop: SandboxProcess, open_adapter: Open) -> None:
    shop.fault("repeat", path="/products$")
    with pytest.raises(ListingRepeats):
        records(open_adapter("woocommerce"), DataType.PRODUCTS)


def test_partial_imports_ask_for_changes_in_gmt(shop: SandboxProcess, open_adapter: Open) -> None:
    """The site's own zone is ahead of GMT, so its changes would be missed for an hour or two."""
    before = datetime.now(UTC)
    number = add(shop, "products", name="Lamp", slug="lamp", sku="L", regular_price="5")
    adapter = open_adapter("woocommerce")
    [found] = records(adapter, DataType.PRODUCTS, since=before)
    assert found.external_id == str(number) and abs((found.updated_at or before) - before).total_seconds() < 60
    everything = records(adapter, DataType.PRODUCTS)
    distrustful = open_adapter("woocommerce", change_dates=False)
    assert len(records(distrustful, DataType.PRODUCTS, since=before)) == len(everything)


def test_a_sale_is_found_as_new_stock_although_it_dates_no_product(shop: SandboxProcess, open_adapter: Open) -> None:
    number = add(shop, "products", sku="SOLD", name="Sold", regular_price="5", manage_stock=True, stock_quantity=7)
    change = {"account": ACCOUNT, "kind": "products", "id": number, "changes": {"modified": "2020-01-01T00:00:00"}}
    shop.control("PATCH", "row", json=change | {"keep_date": True})
    before = datetime.now(UTC)
    lines = [{"sku": "SOLD", "quantity": 2, "price": "5", "tax_rate": "0"}]
    shop.control("POST", "sales", json={"account": ACCOUNT, "order": {"lines": lines}})
    [found] = records(open_adapter("woocommerce"), DataType.PRODUCTS, since=before)
    assert isinstance(found, ProductRecord) and found.variants and found.variants[0].stock
    assert (found.external_id, found.variants[0].stock[0].quantity) == (str(number), 5)


def test_shops_before_brands_have_none(shop: SandboxProcess, open_adapter: Open) -> None:
    shop.control("POST", "setting", json={"account": ACCOUNT, "has_brands": False})
    adapter = open_adapter("woocommerce")
    assert records(adapter, DataType.BRANDS) == [] == adapter.source(DataType.BRANDS).fetch(["1"])
    assert {each.brand_id for each in records(adapter, DataType.PRODUCTS)} == {""}  # type: ignore[attr-defined]


def test_a_site_without_pretty_permalinks(shop: SandboxProcess, open_adapter: Open) -> None:
    shop.control("POST", "setting", json={"account": ACCOUNT, "permalinks": "plain"})
    with pytest.raises(NeedsAttention) as raised:
        open_adapter("woocommerce").check()
    assert "Permalinks" in raised.value.fix
    adapter = open_adapter("woocommerce", permalinks="plain")
    assert adapter.check() == "Shop & Sons, GBP"
    assert len(records(adapter, DataType.CATEGORIES)) > 1


def test_a_server_that_drops_the_header(shop: SandboxProcess, open_adapter: Open) -> None:
    """On HTTPS (a proxy says so) the keys may be in the header or in the query."""

    def check(authentication: str) -> str:
        adapter = open_adapter("woocommerce", authentication=authentication)
        adapter.http.headers["X-Forwarded-Proto"] = "https"
        return adapter.check()

    assert check("header")
    shop.control("POST", "setting", json={"account": ACCOUNT, "drops_header": True})
    with pytest.raises(NeedsAttention) as raised:
        check("header")
    assert "query" in raised.value.fix
    assert check("query")


DENIALS = [
    (401, {"code": "woocommerce_rest_authentication_error", "message": "Consumer secret is invalid."}, "secret"),
    (401, {"code": "woocommerce_rest_authentication_error", "message": "Consumer key is invalid."}, "does not know"),
    (401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."}, "visitor"),
    (403, {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."}, "The user"),
    (401, {"code": "woocommerce_rest_authentication_error", "message": "… does not have write permissions."}, "read"),
    (403, "<html>Blocked</html>", "firewall"),
]


@pytest.mark.parametrize(("status", "body", "meaning"), DENIALS, ids=str)
def test_denials_are_told_apart(status: int, body: Any, meaning: str, shop: SandboxProcess, open_adapter: Open) -> None:
    shop.fault("status", path="/settings/", status=status, body=body)
    with pytest.raises(NeedsAttention) as raised:
        open_adapter("woocommerce").check()
    assert meaning in str(raised.value) and raised.value.fix
    assert describe_denial(Response(status, {}, b"[]"))[1]


NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/var/www/a.php</b> on line <b>12</b><br />\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'\xef\xbb\xbf\xef\xbb\xbf\n{"a": 1}', b'{"a": 1}'),
        (NOTICE * 2 + b'[{"a": "]"}]', b'[{"a": "]"}]'),
        (b"PHP Warning:  odd in /a.php on line 3\n[]", b"[]"),
        (b'{"a": 1}\n' + NOTICE, b'{"a": 1}'),
        (b"<html>Warning: on line 5</html>", b"<html>Warning: on line 5</html>"),
        (b'[{"a": "<b>Notice</b>: on line 3"}]', b'[{"a": "<b>Notice</b>: on line 3"}]'),
        (b'{"a": 1} and more', b'{"a": 1} and more'),
    ],
)
def test_messages_of_php_are_no_data(content: bytes, expected: bytes) -> None:
    assert without_messages(content) == expected


def test_notices_around_the_answers_change_nothing(shop: SandboxProcess, open_adapter: Open) -> None:
    expected = by_id(records(open_adapter("woocommerce"), DataType.PRODUCTS))
    shop.fault("rewrite", find=r"\A", replace=NOTICE.decode(), items=1)
    assert by_id(records(open_adapter("woocommerce"), DataType.PRODUCTS)) == expected
    shop.clear_faults()
    shop.fault("status", path="/products$", status=200, body="<!DOCTYPE html><title>Checking your browser</title>")
    with pytest.raises(TryAgainLater, match="web page"):
        records(open_adapter("woocommerce"), DataType.PRODUCTS)
