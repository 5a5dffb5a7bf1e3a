"""A connection with a store view: only items of its website, in the words and prices of the view."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import PriceItem
from connectors.admin.schema_form import connection_form, field_name
from connectors.platforms.magento import Magento
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState
from connectors.sdk.operations import Action, Operation
from connectors.sdk.reading import Reader
from connectors.sdk.records import PriceRecord, ProductRecord
from hub.kinds import DataType, Kind
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters.cases import adapter_of
from tests.adapters.magento import change
from tests.adapters.reading import all_ids, records
from tests.adapters.samples import customer, product, variant
from tests.adapters.writing import creations

Open = Callable[..., Adapter[Any]]
SECOND, GERMAN = 2, 3


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    """A shop with a second website, `europe`, that has one product, one customer and one order of the first."""
    server = platform("magento")
    server.control("POST", "setting", json={"account": "alpha", "second_website": True, "prices_by_website": True})
    server.control("POST", "goods", json={"account": "alpha", "skus": ["ONLY-EU"]})
    change(server, "products", number_of(server, "ONLY-EU"), extension_attributes={"website_ids": [SECOND]})
    change(server, "customers", 1, website_id=SECOND)
    change(server, "orders", 1, store_id=GERMAN)
    return server


@pytest.fixture
def write(shop: SandboxProcess) -> Iterator[Open]:
    """Opens the target of the same shop."""
    opened: list[Adapter[Any]] = []

    def make(**settings: Any) -> Adapter[Any]:
        opened.append(adapter_of("magento_target", shop, **settings))
        return opened[-1]

    yield make
    for each in opened:
        each.http.close()


def limited(open_adapter: Open, view: str, **settings: Any) -> Adapter[Any]:
    return open_adapter("magento", store_view=view, limit_to_website=True, **settings)


def number_of(shop: SandboxProcess, sku: str) -> int:
    return int(next(row["id"] for row in shop.state("goods") if row["sku"] == sku))


def test_only_items_of_the_website_are_read(open_adapter: Open, shop: SandboxProcess) -> None:
    """In lists, changes and single fetches. An order or customer of another website is not treated as deleted; a
    product that is not sold on the website any more is."""
    number = str(number_of(shop, "ONLY-EU"))
    category = str(next(row["id"] for row in shop.state("categories") if row["name"] == "Möbel"))
    own = {
        DataType.PRODUCTS: number, DataType.STOCK: number, DataType.CUSTOMERS: "1", DataType.ORDERS: "1",
        DataType.CATEGORIES: category,
    }  # fmt: skip
    everything, base, europe = (limited(open_adapter, view) for view in ("all", "default", "german"))
    for data_type, external_id in own.items():
        ids = {adapter: {each.external_id for each in records(adapter, data_type)} for adapter in (base, europe)}
        assert ids[europe] == {external_id} and external_id not in ids[base] and ids[base], data_type
        assert len(records(everything, data_type)) == len(ids[base]) + 1
        if data_type == DataType.STOCK:
            assert base.source(data_type).fetch([external_id]) == []
            continue
        found, excluded = Reader(base, data_type).fetch([external_id, "77777"], now=datetime.now(UTC))
        kept = data_type in (DataType.ORDERS, DataType.CUSTOMERS)
        assert (found, excluded) == ([], {external_id} if kept else set())
        assert [each.external_id for each in europe.source(data_type).fetch([external_id])] == [external_id]
    assert number in all_ids(base, Kind.PRODUCT)  # a shop has it, whatever the connection is limited to


def test_connections_of_earlier_releases_keep_all_websites(open_adapter: Open, shop: SandboxProcess) -> None:
    """They have no such setting; the forms of new connections turn it on."""
    number = str(number_of(shop, "ONLY-EU"))
    existing = open_adapter("magento", store_view="default")
    for data_type, external_id in ((DataType.PRODUCTS, number), (DataType.CUSTOMERS, "1"), (DataType.ORDERS, "1")):
        assert external_id in {each.external_id for each in records(existing, data_type)}
        assert [each.external_id for each in existing.source(data_type).fetch([external_id])] == [external_id]
    stored = Connection(platform="magento", settings={"store_view": "default"})
    name = field_name("settings", "limit_to_website")
    forms = [connection_form(Magento, each)(instance=each) for each in (None, stored)]
    assert [form.get_initial_for_field(form.fields[name], name) for form in forms] == [True, False]


def test_customers_shared_by_websites(open_adapter: Open, shop: SandboxProcess) -> None:
    def finding(**settings: Any) -> Any:
        adapter = limited(open_adapter, "default", **settings)
        check = next(each for each in adapter.assumptions if each.key == "customers_by_website").check
        assert check is not None
        return check(adapter.client), {each.external_id for each in records(adapter, DataType.CUSTOMERS)}

    orders = [row for row in shop.state("orders") if row["customer_id"] == 1 and row["store_id"] != GERMAN]
    if not orders:
        change(shop, "orders", 2, customer_id=1)
    before, ids = finding()
    assert before.state is AssumptionState.REFUTED and before.settings == {"shared_customers": True} and "1" not in ids
    after, ids = finding(shared_customers=True)
    assert after.state is AssumptionState.UNKNOWN and "1" in ids


def test_stock_is_what_the_website_can_sell(open_adapter: Open, shop: SandboxProcess) -> None:
    """Each website has sources of its own; a product that only others have cannot be sold."""
    adapter = limited(open_adapter, "german")
    number = str(number_of(shop, "ONLY-EU"))

    def stock(**sources: int) -> dict[str, Any]:
        rows = [{"sku": "ONLY-EU", "source_code": s, "quantity": q, "status": 1} for s, q in sources.items()]
        adapter.client.post("/inventory/source-items", {"sourceItems": rows})
        (found,) = adapter.source(DataType.STOCK).fetch([number])
        return {each.location: each.quantity for each in found.stock}

    assert stock(default=7) == {"default": 0}
    assert stock(overflow=5) == {"overflow": 5}


def test_texts_and_prices_of_a_store_view(open_adapter: Open, write: Open, shop: SandboxProcess) -> None:
    """They are written for the view and its website; the defaults, and the images of all views, stay."""
    reading = {view: limited(open_adapter, view) for view in ("all", "german")}
    writing = write(store_view="german", bulk=False, prices_by_website=True, tier_prices=True)

    def read(view: str, number: str) -> tuple[str, str, Any]:
        (found,) = reading[view].source(DataType.PRODUCTS).fetch([number])
        assert isinstance(found, ProductRecord) and found.variants
        price = found.variants[0].price
        return found.title, found.status, price.amount if isinstance(price, PriceRecord) else price

    shared = next(shop.state("goods"))
    number, sku, before = str(shared["id"]), shared["sku"], read("all", str(shared["id"]))
    item = product(1, title="Leuchte", variants=[variant(10, sku=sku, options=[], price="0.5")])
    (outcome,) = writing.target(DataType.PRODUCTS).send(creations(writing, DataType.PRODUCTS, [item]))
    assert outcome.error is None and outcome.external_id == number
    writing.target(DataType.PRICES).send(creations(writing, DataType.PRICES, item.variants))
    row = next(row for row in shop.state("goods") if row["id"] == shared["id"])
    assert row["extension_attributes"]["website_ids"] == [1, SECOND] and row["name"] == shared["name"]
    assert read("all", number) == before and read("german", number) == ("Leuchte", "live", Decimal("0.5"))
    (gone,) = writing.target(DataType.PRODUCTS).send([Operation(Action.REMOVE, 1, number, None)])
    assert gone.error is None and read("all", number) == before and read("german", number)[1] == "suspended"


def test_a_new_product_is_assigned_to_the_website_only(write: Open, shop: SandboxProcess) -> None:
    adapter = write(store_view="german")
    item = product(1, variants=[variant(10, options=[])], product_type="digital")
    (outcome,) = adapter.target(DataType.PRODUCTS).send(creations(adapter, DataType.PRODUCTS, [item]))
    row = next(row for row in shop.state("goods") if row["sku"] == "SKU-10")
    assert outcome.error is None and row["extension_attributes"]["website_ids"] == [SECOND]
    assert row["type_id"] == "virtual"  # it is not shipped


def test_tier_prices_of_other_websites_are_kept(write: Open, shop: SandboxProcess) -> None:
    sku = next(shop.state("goods"))["sku"]
    for view, amount in (("default", "8"), ("german", "7"), ("german", None)):
        adapter = write(store_view=view, prices_by_website=True, tier_prices=True)
        item = variant(10, sku=sku)
        if amount:
            item.prices.append(PriceItem("shop-price", "GBP", 5, Decimal(amount), None))
        (outcome,) = adapter.target(DataType.PRICES).send(creations(adapter, DataType.PRICES, [item]))
        assert outcome.error is None
        tiers = next(shop.state("goods"))["tier_prices"]
        found = {(each["extension_attributes"]["website_id"], each["value"]) for each in tiers}
        assert found == {(1, 8), (SECOND, 7)} if amount == "7" else {(1, 8)}


def test_a_customer_keeps_the_website(write: Open, shop: SandboxProcess) -> None:
    """An email address belongs to one customer of each website."""
    known = next(row for row in shop.state("customers") if row["website_id"] == SECOND)
    item = customer(1, email=known["email"], first_name="Ada", last_name="Neu")
    for view, same in (("german", True), ("default", False)):
        adapter = write(store_view=view, customers=True)
        (outcome,) = adapter.target(DataType.CUSTOMERS).send(creations(adapter, DataType.CUSTOMERS, [item]))
        assert outcome.error is None and (outcome.external_id == str(known["id"])) is same
