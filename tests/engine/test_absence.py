"""What a source no longer has is removed, what it does not mention is kept (C3)."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Price, PriceList, Stock
from catalog.records import PriceRecord, ProductRecord, StockRecord, VariantRecord
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Job, Master
from hub.services import add_job
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db

FIVE = PriceRecord(amount=Decimal(5))


def lamp(**fields: Any) -> ProductRecord:
    return ProductRecord(
        external_id="1", title="Lamp", variants=[VariantRecord(external_id="1-1", sku="L-1", **fields)]
    )


def at(**quantities: int | None) -> list[StockRecord]:
    return [
        StockRecord(location=location, quantity=None if quantity is None else Decimal(quantity))
        for location, quantity in quantities.items()
    ]


def here() -> dict[str, int]:
    return {code: int(quantity) for code, quantity in Stock.objects.values_list("location__code", "quantity")}


@pytest.fixture
def shop() -> Job:
    """Imports the products of a shop, whose stock goes to an ERP."""
    seller = make_seller("acme")
    shop = make_connection(seller, platform="rest_shop", role="shop")
    PriceList.objects.create(seller=seller, connection=shop, slug="shop", name="Shop", currency="EUR")
    erp = make_connection(seller, role="erp")
    add_job(connection=erp, direction=Direction.EXPORT, data_type=DataType.STOCK, lane="stock")
    return make_job(shop, DataType.PRODUCTS, Direction.IMPORT)


def changed_variants(job: Job, record: ProductRecord) -> int:
    Change.objects.all().delete()
    import_records(job, record)
    return Change.objects.filter(kind=Kind.VARIANT).count()


def test_a_location_that_is_gone_is_removed_and_targets_are_told(shop: Job) -> None:
    import_records(shop, lamp(stock=at(main=3, outlet=2)))
    assert changed_variants(shop, lamp(stock=at(main=3))) == 1
    assert here() == {"main": 3}
    assert changed_variants(shop, lamp(stock=[])) == 1
    assert here() == {}
    assert changed_variants(shop, lamp(stock=[])) == 0


def test_stock_that_is_no_longer_tracked_is_removed(shop: Job) -> None:
    import_records(shop, lamp(stock=at(default=0)))
    assert here() == {"default": 0}
    assert changed_variants(shop, lamp(stock=at(default=None))) == 1
    assert here() == {}


def test_a_price_that_is_gone_is_removed(shop: Job) -> None:
    import_records(shop, lamp(price=FIVE))
    assert Price.objects.get().amount == 5
    assert changed_variants(shop, lamp(price=PriceRecord(amount=None))) == 1
    assert not Price.objects.exists()
    assert changed_variants(shop, lamp(price=FIVE)) == 1


def test_a_price_is_kept_if_the_new_one_cannot_be_stored(shop: Job) -> None:
    import_records(shop, lamp(price=FIVE))
    assert changed_variants(shop, lamp(price=PriceRecord(amount=Decimal("1e20")))) == 0
    assert Price.objects.get().amount == 5


def test_what_is_not_mentioned_is_kept(shop: Job) -> None:
    import_records(shop, lamp(price=FIVE, stock=at(main=3)))
    assert changed_variants(shop, lamp(price=None, stock=None)) == 0
    assert here() == {"main": 3} and Price.objects.get().amount == 5


def test_another_sources_stock_is_kept_unless_this_is_the_source_of_truth(shop: Job) -> None:
    seller = shop.connection.seller
    assert seller is not None
    other = make_job(make_connection(seller, platform="netsuite", role="erp"), DataType.PRODUCTS, Direction.IMPORT)
    import_records(shop, lamp(stock=at(main=3)))
    import_records(other, lamp(stock=at(warehouse=7)))
    assert here() == {"main": 3, "warehouse": 7}
    import_records(shop, lamp(stock=[]))
    assert here() == {"main": 3, "warehouse": 7}
    Master.objects.create(seller=seller, group=Master.Group.STOCK, connection=shop.connection)
    import_records(shop, lamp(stock=at(outlet=1)))
    assert here() == {"outlet": 1}
