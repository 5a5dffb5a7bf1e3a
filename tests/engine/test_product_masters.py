"""Content, stock and images of a product each have one source of truth, which wins conflicts; the other source is
reported (L17)."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Image, Product, Stock, Variant
from catalog.records import ImageRecord, PriceRecord, ProductRecord, StockRecord, VariantRecord
from connectors.engine.applying import import_context_for
from connectors.engine.discontinuing import discontinue
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Job, Link, Master
from synclog.models import Issue, ItemStatus
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db


def lamp(external_id: str, title: str = "Lamp", quantity: int = 5, *skus: str, **fields: Any) -> ProductRecord:
    """A product with one variant per SKU (L-1), each with stock at the main location."""
    variants = [
        VariantRecord(
            external_id=f"{external_id}-{sku}",
            sku=sku,
            price=PriceRecord(amount=Decimal(20)),
            stock=[StockRecord(location="main", quantity=Decimal(quantity))],
        )
        for sku in skus or ("L-1",)
    ]
    fields = {"variants": variants, "images": [ImageRecord(external_id="1", url="https://img.example/1.jpg")]} | fields
    return ProductRecord(external_id=external_id, title=title, **fields)


@pytest.fixture
def shop() -> Job:
    """Imports the products of the shop, the source of truth for content and images."""
    seller = make_seller("acme")
    shop = make_connection(seller, name="Acme shop", role="shop")
    for group in (Master.Group.CONTENT, Master.Group.IMAGES):
        Master.objects.create(seller=seller, group=group, connection=shop)
    return make_job(shop, DataType.PRODUCTS, Direction.IMPORT)


@pytest.fixture
def erp(shop: Job) -> Job:
    """Imports the products of the ERP, the source of truth for stock; the shop's lamp has the ID 700 there."""
    assert shop.connection.seller is not None
    erp = make_connection(shop.connection.seller, name="Acme ERP", role="erp")
    Master.objects.create(seller=shop.connection.seller, group=Master.Group.STOCK, connection=erp)
    return make_job(erp, DataType.PRODUCTS, Direction.IMPORT)


def test_each_source_of_truth_writes_its_own_data(shop: Job, erp: Job) -> None:
    import_records(shop, lamp("1"))
    assert not Stock.objects.exists()  # only the ERP has the stock
    import_records(erp, lamp("700", quantity=8))
    assert Product.objects.get().title == "Lamp" and Stock.objects.get().quantity == 8
    assert not Issue.objects.exists()


def test_other_sources_lose_a_conflict_and_are_reported(shop: Job, erp: Job) -> None:
    import_records(shop, lamp("1"))
    import_records(erp, lamp("700"))
    Change.objects.all().delete()
    stranger = lamp("700", "LAMP 40W", 5, "L-1", "L-2", images=[])
    for _ in range(2):  # reported as long as the conflict exists
        tally = import_records(erp, stranger)
        assert (tally.updated, tally.skipped) == (0, 1)
    assert Product.objects.get().title == "Lamp"
    assert Variant.objects.count() == Image.objects.count() == 1
    assert not Change.objects.exists()
    issue = Issue.objects.get()
    assert (issue.external_id, issue.code, issue.severity, issue.occurrences) == (
        "product:700",
        "not_source_of_truth",
        "warning",
        2,
    )
    assert "Acme shop, which is the source of truth for" in issue.message
    assert "Content: Title, L-2." in issue.message and "Images: Images." in issue.message
    assert ItemStatus.objects.get(job=erp).state == ItemStatus.State.SKIPPED
    import_records(erp, lamp("700"))
    assert Issue.objects.get().resolved_at is not None


def test_stock_of_the_same_location_is_a_conflict(shop: Job, erp: Job) -> None:
    import_records(erp, lamp("700", quantity=8))
    import_records(shop, lamp("1", quantity=3))
    assert Stock.objects.get().quantity == 8
    assert "Acme ERP, which is the source of truth for Stock: L-1: Stock main." in Issue.objects.get().message


def test_a_variant_missing_in_another_source_stays(shop: Job, erp: Job) -> None:
    import_records(shop, lamp("1", "Lamp", 5, "L-1", "L-2"))
    import_records(erp, lamp("700", "Lamp", 5, "L-1", "L-2"))
    import_records(erp, lamp("700"))
    assert set(Variant.objects.values_list("status", flat=True)) == {"live"}
    assert "L-2: Status" in Issue.objects.get().message


def test_a_deletion_by_another_source_is_reported_and_ignored(shop: Job, erp: Job) -> None:
    import_records(shop, lamp("1"))
    import_records(erp, lamp("700"))
    target = import_context_for(erp, run_id=None, now=timezone.now())
    assert discontinue(target, list(Link.objects.filter(connection=erp.connection, kind=Kind.PRODUCT))) == 0
    assert Product.objects.get().status == "live"
    assert Issue.objects.get().code == "not_source_of_truth"
    gone = list(Link.objects.filter(connection=shop.connection, kind=Kind.PRODUCT))
    assert discontinue(import_context_for(shop, run_id=None, now=timezone.now()), gone) == 1
    assert Product.objects.get().status == "discontinued"
