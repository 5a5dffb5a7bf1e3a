"""Values of a source in the form in which they are compared and saved."""

from decimal import Decimal

import pytest

from catalog.models import Stock, Variant
from catalog.records import ProductRecord, StockLevelsRecord, StockRecord, VariantRecord
from hub.kinds import DataType, Direction, Kind
from hub.models import Job, Link
from synclog.models import Issue
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Job:
    return make_job(make_connection(make_seller("acme"), role="shop"), DataType.PRODUCTS, Direction.IMPORT)


def product(number: int, sku: str) -> ProductRecord:
    variant = VariantRecord(external_id=f"v{number}", sku=sku)
    return ProductRecord(external_id=str(number), title=f"Bear {number}", variants=[variant])


@pytest.mark.parametrize("sku", ["Bär-1", " Bär-1\t", "Ba\u0308r-1"])
def test_skus_that_look_the_same_are_the_same_to_every_source(shop: Job, sku: str) -> None:
    erp = make_job(make_connection(shop.connection.seller, role="erp"), DataType.PRODUCTS, Direction.IMPORT)
    import_records(shop, product(1, "Bär-1"))
    import_records(erp, product(900, sku))
    assert Variant.objects.get().sku == "Bär-1" and Link.objects.filter(kind=Kind.PRODUCT).count() == 2


def test_upper_and_lower_case_stay_apart(shop: Job) -> None:
    import_records(shop, product(1, "bear-1"), product(2, "BEAR-1"))
    assert Variant.objects.count() == 2 and not Issue.objects.filter(resolved_at=None).exists()


def test_a_quantity_with_more_places_than_are_stored_changes_once(shop: Job) -> None:
    import_records(shop, product(1, "ROPE"))
    stock = make_job(shop.connection, DataType.STOCK, Direction.IMPORT)
    for changes in (1, 0):
        levels = [StockRecord(quantity=Decimal("12.33355"))]
        assert import_records(stock, StockLevelsRecord(external_id="v1", stock=levels)).updated == changes
    assert Stock.objects.get().quantity == Decimal("12.334")
