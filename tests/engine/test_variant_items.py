"""An ERP has an item for each SKU where the shop has a product with variants: they meet at the variants (B5)."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Price, Product, Stock, Variant
from catalog.records import PriceRecord, ProductRecord, StockRecord, VariantRecord
from connectors.engine.applying import import_context_for
from connectors.engine.discontinuing import discontinue
from connectors.engine.fetching import links_of_source
from connectors.services.field_mapping import account_fields
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Job, Link, Master
from synclog.models import Issue, ItemStatus
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db
SKUS = ("A-1", "A-2", "A-3")


def shirt(*skus: str, **fields: Any) -> ProductRecord:
    """The shop's product. A variant's ID is its SKU, unless `ids` has another."""
    ids = fields.pop("ids", {})
    variants = [
        VariantRecord(external_id=ids.get(sku, sku), sku=sku, options=[{"name": "Size", "value": sku}])
        for sku in skus or SKUS
    ]
    return ProductRecord(external_id="1", title="Shirt", variants=variants, **fields)


def item(number: int, sku: str = "", quantity: int | None = None, **fields: Any) -> ProductRecord:
    """The ERP's item with the ID 700 + number and the SKU A-number: a product whose only variant has the same ID."""
    only = VariantRecord(
        external_id=str(700 + number),
        sku=sku or f"A-{number}",
        barcode="4006381333931",
        price=PriceRecord(amount=Decimal(10 * number)),
        stock=[StockRecord(location="main", quantity=Decimal(number if quantity is None else quantity))],
    )
    return ProductRecord(
        external_id=only.external_id, title=f"SHIRT {number}", variants=[only], raw={"itemid": only.sku}, **fields
    )


@pytest.fixture
def shop() -> Job:
    return make_job(make_connection(make_seller("acme"), name="Shop", role="shop"), DataType.PRODUCTS, Direction.IMPORT)


@pytest.fixture
def erp(shop: Job) -> Job:
    import_records(shop, shirt())
    erp = make_connection(shop.connection.seller, name="ERP", role="erp", platform="netsuite")
    return make_job(erp, DataType.PRODUCTS, Direction.IMPORT)


def stock() -> dict[str, Decimal]:
    return dict(Stock.objects.values_list("variant__sku", "quantity"))


def test_each_item_gives_its_variant_prices_and_stock_and_nothing_else(shop: Job, erp: Job) -> None:
    tally = import_records(erp, *map(item, (1, 2, 3)))
    assert (tally.created, tally.updated, tally.skipped) == (0, 3, 0)
    assert stock() == {"A-1": 1, "A-2": 2, "A-3": 3}
    assert dict(Price.objects.values_list("variant__sku", "amount")) == {"A-1": 10, "A-2": 20, "A-3": 30}
    assert Product.objects.get().title == "Shirt"
    assert set(Variant.objects.values_list("status", "barcode")) == {("live", "")}
    assert set(ItemStatus.objects.filter(job=erp).values_list("kind", "storefront", "state")) == {
        ("variant", "", "synced")
    }
    assert not Issue.objects.exists()
    assert [field.path for field in account_fields(erp.connection, "products")] == ["itemid"]
    assert import_records(erp, *map(item, (1, 2, 3))).unchanged == 3
    assert import_records(shop, shirt()).unchanged == 1


def test_a_change_of_an_item_reaches_the_targets_of_its_variant(shop: Job, erp: Job) -> None:
    import_records(erp, *map(item, (1, 2, 3)))
    make_job(make_connection(shop.connection.seller, role="custom"), DataType.STOCK, Direction.EXPORT)
    import_records(erp, item(1), item(2, quantity=9), item(3))
    assert stock()["A-2"] == 9
    assert Change.objects.get().item_id == Variant.objects.get(sku="A-2").pk


def test_two_items_with_one_sku_are_an_issue_of_the_second(erp: Job) -> None:
    import_records(erp, item(1), item(2, "A-1"))
    assert stock() == {"A-1": 1}
    assert Issue.objects.get().external_id == "product:702"
    import_records(erp, item(1), item(2))
    assert stock() == {"A-1": 1, "A-2": 2} and not Issue.objects.filter(resolved_at=None).exists()


def test_a_variant_that_was_created_again_gets_its_item(shop: Job, erp: Job) -> None:
    import_records(erp, item(1))
    import_records(shop, shirt(ids={"A-1": "new"}))
    import_records(erp, item(1, quantity=5))
    assert set(Stock.objects.values_list("variant__status", "quantity")) == {("discontinued", 1), ("live", 5)}


def test_an_item_stays_with_a_variant_that_is_no_longer_on_offer(shop: Job, erp: Job) -> None:
    import_records(erp, item(1))
    import_records(shop, shirt("A-2", "A-3"))
    import_records(erp, item(1, quantity=5))
    import_records(shop, shirt())
    assert stock() == {"A-1": 5} and Product.objects.count() == 1
    assert not Issue.objects.exists()


def test_an_item_whose_sku_changed_leaves_its_variant(erp: Job) -> None:
    import_records(erp, item(1), item(2))
    import_records(erp, item(1, "A-3"))
    assert stock() == {"A-1": 1, "A-2": 2, "A-3": 1}
    import_records(erp, item(1, "B-1"))
    assert Product.objects.get(title="SHIRT 1").variants.get().sku == "B-1"
    assert Link.objects.get(connection=erp.connection, kind=Kind.VARIANT, external_id="701").item_id == (
        Variant.objects.get(sku="B-1").pk
    )


def test_the_item_that_was_matched_with_the_whole_product_keeps_the_other_variants(shop: Job, erp: Job) -> None:
    import_records(shop, shirt("A-1"))
    import_records(erp, item(1))
    import_records(shop, shirt())
    import_records(erp, item(1, quantity=4), item(2), item(3))
    import_records(erp, item(1, quantity=5))
    assert stock() == {"A-1": 5, "A-2": 2, "A-3": 3}
    assert set(Variant.objects.values_list("status", flat=True)) == {"live"}


def test_items_that_came_before_the_product_are_reported_with_it(shop: Job) -> None:
    erp = make_job(make_connection(shop.connection.seller, role="erp"), DataType.PRODUCTS, Direction.IMPORT)
    import_records(erp, item(1), item(2))
    assert import_records(shop, shirt()).skipped == 1
    assert Issue.objects.get().code == "ambiguous_match"
    context = import_context_for(erp, run_id=None, now=timezone.now())
    discontinue(context, list(links_of_source(context)))
    assert import_records(shop, shirt()).created == 1
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_an_item_that_is_gone_takes_its_prices_and_stock_along(shop: Job, erp: Job) -> None:
    Master.objects.create(seller=shop.connection.seller, group=Master.Group.CONTENT, connection=shop.connection)
    Master.objects.create(seller=shop.connection.seller, group=Master.Group.STOCK, connection=erp.connection)
    import_records(erp, item(1), item(2))
    context = import_context_for(erp, run_id=None, now=timezone.now())
    gone = links_of_source(context).filter(external_id="701")
    assert discontinue(context, list(gone)) == 1
    assert stock() == {"A-2": 2} and Price.objects.get().variant.sku == "A-2"
    assert set(Variant.objects.values_list("status", flat=True)) == {"live"}
    assert ItemStatus.objects.get(item_id=Variant.objects.get(sku="A-1").pk, job=erp).state == ItemStatus.State.REMOVED
    assert not Issue.objects.exists()
    import_records(erp, item(1))
    assert stock() == {"A-1": 1, "A-2": 2}


def test_a_source_that_is_not_the_source_of_truth_is_reported_with_the_variant(shop: Job, erp: Job) -> None:
    import_records(erp, item(1))
    Master.objects.create(seller=shop.connection.seller, group=Master.Group.STOCK, connection=shop.connection)
    assert import_records(erp, item(1, quantity=5)).skipped == 1
    issue = Issue.objects.get()
    assert (issue.external_id, issue.code) == ("product:701", "not_source_of_truth")
    assert (issue.kind, issue.item_id) == ("variant", Variant.objects.get(sku="A-1").pk)
    assert stock() == {"A-1": 1}
