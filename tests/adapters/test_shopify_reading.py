"""What is specific to reading a Shopify store: costs, versions, bulk operations, stock, prices."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.shopify.client import number_of
from connectors.platforms.shopify.sources.bulk_products import assemble
from connectors.platforms.shopify.webhooks import ShopifyWebhooks
from connectors.sdk.adapter import Adapter
from connectors.sdk.details import to_fetch_again
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.http import Budget
from connectors.sdk.isolation import Isolation
from connectors.sdk.records import ProductRecord, StockRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.reading import by_id, pages, records

Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(platform: Platform) -> SandboxProcess:
    return platform("shopify")


def edit(store: SandboxProcess, table: str, number: int, **values: Any) -> None:
    store.control("PATCH", f"{table}/alpha/{number}", json=values)


def product(open_adapter: Open, number: str, **settings: Any) -> ProductRecord:
    (found,) = open_adapter("shopify", **settings).source(DataType.PRODUCTS).fetch([number])
    return found


def stock(record: ProductRecord) -> list[tuple[str, Decimal | None]]:
    found = (record.variants or [])[0].stock
    assert found is not None
    return [(each.location, each.quantity) for each in found]


# Bulk operations


def test_a_bulk_operation_returns_what_paging_does(open_adapter: Open, store: SandboxProcess) -> None:
    paged = records(open_adapter("shopify"), DataType.PRODUCTS)
    read = pages(open_adapter("shopify", bulk_threshold=5), DataType.PRODUCTS)
    found = [record for page in read for record in page.records]
    assert read[0].records == [] and read[0].total == len(paged)
    assert by_id(found).keys() == by_id(paged).keys()
    for record in paged:
        other = by_id(found)[record.external_id]
        assert (other.title, other.variants, other.images) == (record.title, record.variants, record.images)


def test_chunks_of_the_file_lose_nothing(open_adapter: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a chunk may cut a product, and a product may be larger than a chunk."""
    monkeypatch.setattr("connectors.platforms.shopify.sources.bulk_products.CHUNK", 700)
    whole = by_id(records(open_adapter("shopify"), DataType.PRODUCTS))
    read = pages(open_adapter("shopify", bulk_threshold=5), DataType.PRODUCTS)
    found = [record.external_id for page in read for record in page.records]
    assert sorted(found) == sorted(whole) and len(read) > 5


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELED", "EXPIRED"])
def test_what_a_failed_operation_wrote_is_not_taken_for_the_whole(
    outcome: str, open_adapter: Open, store: SandboxProcess
) -> None:
    store.control("PATCH", "settings/alpha", json={"bulk_outcome": outcome})
    whole = by_id(records(open_adapter("shopify"), DataType.PRODUCTS))
    assert by_id(records(open_adapter("shopify", bulk_threshold=5), DataType.PRODUCTS)).keys() == whole.keys()


@pytest.mark.parametrize("status", [400, 403, 404])
def test_products_are_paged_if_the_link_to_the_file_has_expired(
    status: int, open_adapter: Open, store: SandboxProcess
) -> None:
    whole = by_id(records(open_adapter("shopify"), DataType.PRODUCTS))
    store.fault("status", path="^/bulk/", status=status, body="<Error>ExpiredToken</Error>")
    assert by_id(records(open_adapter("shopify", bulk_threshold=5), DataType.PRODUCTS)).keys() == whole.keys()


def test_a_running_operation_is_waited_for(open_adapter: Open, sandbox: Callable[..., SandboxProcess]) -> None:
    """Waiting is no failure: nothing was sent, and the time of the next question is known."""
    adapter = open_adapter("shopify", bulk_threshold=5)
    slow = sandbox("shopify", accounts={"alpha": "alpha-token"}, products=8, import_ms=60_000)
    adapter.http.base_url = slow.url
    cursor = adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=None).cursor
    with pytest.raises(TryAgainLater) as raised:
        adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=cursor)
    assert not raised.value.sent and raised.value.not_before is not None


def test_parts_before_their_parents_and_missing_parts() -> None:
    """The vendor prints nested objects below their parents only if grouping is on; a truncated file lacks some."""

    def line(kind: str, number: int, parent: str = "", **values: Any) -> dict[str, Any]:
        row = {"id": f"gid://shopify/{kind}/{number}", **values}
        return row | {"__parentId": f"gid://shopify/{parent}"} if parent else row

    item = {"id": "gid://shopify/InventoryItem/3", "locationsCount": {"count": 1}}
    level = line("InventoryLevel", 4, "InventoryItem/3")
    variant = line("ProductVariant", 2, "Product/1", inventoryItem=item)
    first = line("Product", 1, variantsCount={"count": 1}, mediaCount={"count": 0})
    rows, incomplete = assemble([dict(level), dict(variant), dict(first)])
    assert incomplete == set() and len(rows[0]["variants"][0]["inventoryItem"]["inventoryLevels"]) == 1
    for lines in ([variant, first], [level, first], [level, variant]):
        _, incomplete = assemble([dict(each) for each in lines])
        assert incomplete == {"gid://shopify/Product/1"}


# Costs, versions, scopes


def test_a_throttled_call_waits_until_there_are_points(open_adapter: Open, store: SandboxProcess) -> None:
    """`(requested − available) ÷ restore rate` seconds, which is no failure, and no worker calls before."""
    blocked: list[datetime] = []
    adapter = open_adapter("shopify")
    adapter.http.budget = Budget(take=lambda: None, block=blocked.append)
    cost = {"requestedQueryCost": 700, "actualQueryCost": None}
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 100, "restoreRate": 100.0}
    body = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": cost | {"throttleStatus": status}},
    }
    store.fault("status", status=200, body=body)
    before = datetime.now(UTC)
    with pytest.raises(TryAgainLater) as raised:
        adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=None)
    assert not raised.value.sent and raised.value.not_before is not None
    assert timedelta(seconds=5.5) < raised.value.not_before - before < timedelta(seconds=9)
    assert [timedelta(seconds=5) < each - before < timedelta(seconds=9) for each in blocked] == [True]


def test_an_expired_version_needs_attention(open_adapter: Open, store: SandboxProcess) -> None:
    store.fault("rewrite", headers={"X-Shopify-API-Version": "2027-07"})
    with pytest.raises(NeedsAttention) as raised:
        open_adapter("shopify").check()
    assert "2027-07" in str(raised.value) and "Update SyncCenter" in raised.value.fix


@pytest.mark.parametrize(("status", "meaning"), [(402, "frozen"), (404, "No store found")])
def test_a_store_that_is_not_there_is_the_fault_of_no_item(
    status: int, meaning: str, open_adapter: Open, store: SandboxProcess
) -> None:
    """Otherwise each product that is sent would get an issue."""
    store.fault("status", status=status, body={"errors": "Unavailable Shop"})
    with pytest.raises(NeedsAttention, match=meaning):
        open_adapter("shopify").client.locations()


def test_a_missing_scope_is_named(open_adapter: Open, store: SandboxProcess) -> None:
    store.control("PATCH", "settings/alpha", json={"scopes": ["read_products"]})
    with pytest.raises(NeedsAttention) as raised:
        pages(open_adapter("shopify"), DataType.PRODUCTS)
    assert "read_inventory" in raised.value.fix
    findings = {
        each.key: each.check(open_adapter("shopify").client) for each in open_adapter("shopify").assumptions[:2]
    }
    assert {key: finding.state for key, finding in findings.items()} == {
        "read_scopes": "refuted",
        "all_orders": "refuted",
    }
    assert "read_orders" in findings["read_scopes"].evidence and "60 days" in findings["all_orders"].evidence


def test_a_refused_topic_costs_no_other(open_adapter: Open, store: SandboxProcess) -> None:
    body = {"data": None, "errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}]}
    adapter = open_adapter("shopify")
    webhooks = ShopifyWebhooks(adapter.client)
    store.fault("status", status=200, body=body, after=1, times=1)
    with pytest.raises(NeedsAttention, match="products/create"):
        webhooks.register("https://hub.example/webhooks/1", {})
    assert webhooks.register("https://hub.example/webhooks/1", {}) == 1


def test_tokens_by_the_ID_and_the_secret_of_an_app(open_adapter: Open) -> None:
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    assert "alpha" in open_adapter("shopify", credentials=app).check()
    with pytest.raises(NeedsAttention) as raised:
        open_adapter("shopify", credentials=app | {"client_secret": "another"}).check()
    assert "Dev Dashboard" in raised.value.fix


# Products


def test_stock_by_location(open_adapter: Open, store: SandboxProcess) -> None:
    variant = next(store.state("variants"))
    item, number = variant["inventoryItem"], str(variant["product"])
    for location, available in ((1, 4), (2, -1), (3, 7)):
        store.control("PUT", "levels/alpha", json={"item": item, "location": location, "available": available})
    # Location 3 does not fulfill online orders.
    assert stock(product(open_adapter, number)) == [("1", 4), ("2", -1), ("3", 0)]
    assert stock(product(open_adapter, number, online_locations_only=False))[2] == ("3", 7)
    assert stock(product(open_adapter, number, location_ids=[2])) == [("2", -1)]
    store.control("PUT", "levels/alpha", json={"item": item, "location": 2, "available": None})
    edit(store, "locations", 1, isActive=False)
    assert stock(product(open_adapter, number)) == [("1", 0), ("3", 0)]
    assert stock(product(open_adapter, number, location_ids=[2])) == [("default", 0)]


@pytest.mark.parametrize(
    ("table", "change", "quantity"),
    [
        ("items", {"tracked": False}, None),
        ("variants", {"inventoryPolicy": "CONTINUE"}, None),
        ("variants", {"requiresComponents": True}, Decimal(9)),
    ],
)
def test_stock_that_is_not_counted_by_location(
    table: str, change: dict[str, Any], quantity: Decimal | None, open_adapter: Open, store: SandboxProcess
) -> None:
    variant = next(store.state("variants"))
    for location, available in ((1, 4), (2, 5)):
        body = {"item": variant["inventoryItem"], "location": location, "available": available}
        store.control("PUT", "levels/alpha", json=body)
    edit(store, table, variant["inventoryItem"] if table == "items" else variant["id"], **change)
    (found,) = (product(open_adapter, str(variant["product"])).variants or [])[:1]
    assert found.stock == [StockRecord(quantity=quantity)]


def test_prices(open_adapter: Open, store: SandboxProcess) -> None:
    variant = next(store.state("variants"))

    def price(**values: Any) -> tuple[Decimal | None, Decimal | None] | None:
        edit(store, "variants", variant["id"], **values)
        found = (product(open_adapter, str(variant["product"])).variants or [])[0].price
        return found and (found.amount, found.list_amount)  # type: ignore[union-attr]

    assert price(price="80.00", compareAtPrice="100.00") == (80, 100)
    assert price(compareAtPrice="70.00") == (80, None)
    assert price(compareAtPrice=None, price="0.00") == (0, None)
    assert price(price="-1.00") is None


def test_a_product_without_any_valid_price_is_refused(open_adapter: Open, store: SandboxProcess) -> None:
    """One of several variants without a price has an issue of its own (B4)."""
    rows = {row["id"]: row["variants"] for row in store.state("products")}
    number, variants = next((key, found) for key, found in rows.items() if len(found) > 1)
    edit(store, "variants", variants[0]["id"], price="-1.00")
    (problem,) = product(open_adapter, str(number)).problems
    assert (problem.code, problem.fatal, problem.ref) == ("price_negative", False, f"variant:{variants[0]['id']}")
    for each in variants:
        edit(store, "variants", each["id"], price="-1.00")
    (problem,) = product(open_adapter, str(number)).problems
    assert (problem.code, problem.fatal) == ("price_negative", True)


def test_long_lists_of_a_product_are_complete(open_adapter: Open, store: SandboxProcess) -> None:
    row = max(store.state("products"), key=lambda each: len(each["variants"]))
    assert len(row["variants"]) > 3  # more than a page of products holds
    edit(store, "products", row["id"], collections=list(range(401, 411)))
    found = product(open_adapter, str(row["id"]))
    assert [variant.sku for variant in found.variants or ()] == [each["sku"] for each in row["variants"]]
    assert found.category_ids == [str(number) for number in range(401, 411)]


def test_an_event_of_stock_fetches_its_product(open_adapter: Open, store: SandboxProcess) -> None:
    variant = next(store.state("variants"))
    found = open_adapter("shopify").source(DataType.PRODUCTS).fetch([f"inventory_item:{variant['inventoryItem']}"])
    assert [record.external_id for record in found] == [str(variant["product"])]


def test_metafields_are_mapped(open_adapter: Open, store: SandboxProcess) -> None:
    variant = next(store.state("variants"))
    edit(store, "products", variant["product"], metafields={"custom.material": "Oak", "custom.rrp": "49.90"})
    edit(store, "variants", variant["id"], metafields={"custom.pack": "6"})
    mapped = {
        "rrp": "metafields.custom.rrp",
        "settings": {"pack": "metafields.custom.pack"},
        "attributes": {"Material": "metafields.custom.material", "Odd": 'metafields.x"y.z'},
    }
    adapter = open_adapter("shopify", field_map={"products": mapped})
    (found,) = adapter.source(DataType.PRODUCTS).fetch([str(variant["product"])])
    assert found.attributes["Material"] == "Oak" and "Odd" not in found.attributes
    assert found.variants[0].rrp == Decimal("49.90") and found.variants[0].settings == {"pack": "6"}


@pytest.mark.parametrize(
    ("identifier", "number"),
    [
        ("gid://shopify/Product/17", "17"),
        ("gid://shopify/InventoryLevel/5?inventory_item_id=6", "5"),
        ("gid://shopify/Product/x", ""),
        ("17", ""),
        (None, ""),
    ],
)
def test_numbers_of_global_ids(identifier: Any, number: str) -> None:
    assert number_of(identifier) == number


@pytest.mark.parametrize("data_type", [DataType.PRODUCTS, DataType.CUSTOMERS, DataType.ORDERS, DataType.CATEGORIES])
def test_an_error_about_one_item_of_a_page_costs_no_other(
    data_type: DataType, open_adapter: Open, store: SandboxProcess
) -> None:
    """This item is an issue, and is fetched again later, once the engine takes it for the item's fault. Before that, as
    for an event, it is an error: otherwise the change would count as read."""
    adapter = open_adapter("shopify")
    source = adapter.source(data_type)
    every = [each.external_id for each in source.read_page(since=None, cursor=None).records]
    name = "collections" if data_type == DataType.CATEGORIES else str(data_type)

    def report(path: str, answer: str) -> None:
        """Let answers of this kind have an error about their first node beside their data."""
        error = f'{{"message": "Went wrong", "path": [{path}], "extensions": {{"code": "INTERNAL_SERVER_ERROR"}}}}'
        find = rf'\A\{{(?="data":\{{"{answer}")'
        store.fault("rewrite", method="POST", find=find, replace=f'{{"errors": [{error}], ')

    report(f'"{name}", "nodes", 0, "metafields"', name)
    with pytest.raises(TryAgainLater, match="Went wrong"):
        source.read_page(since=None, cursor=None)
    adapter.http.isolation = Isolation.IF_OTHERS_ANSWER
    page = source.read_page(since=None, cursor=None).records
    store.clear_faults()
    report('"nodes", 0', "nodes")
    fetched = source.fetch(every[:1])
    adapter.http.isolation = Isolation.NEVER
    with pytest.raises(TryAgainLater, match="Went wrong"):
        source.fetch(every[:1])
    assert [each.external_id for each in page] == every and [each.external_id for each in fetched] == every[:1]
    assert to_fetch_again(page) == to_fetch_again(fetched) == {every[0]}
    assert "Went wrong" in str(fetched[0].problems[0].values)
