"""Prices in several lists, for quantities, and for periods: what applies changes at that time, without another read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from catalog.items import load_variants
from catalog.models import Price, PriceList, ScheduledPrice, Variant
from catalog.records import ConditionalPriceRecord, PriceListRecord, PriceRecord, ProductRecord, VariantRecord
from connectors.engine.maintenance import sweep
from connectors.sdk.time_zones import end_of_day, start_of_day, time_zone
from connectors.sdk.values import default_price, prices_in
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Job
from hub.services import add_job
from synclog.models import ItemEvent
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db

TRADE = PriceListRecord(external_id="7", name="Trade", currency="GBP", customer_groups=["Retailers"])


def price(amount: str, **conditions: object) -> ConditionalPriceRecord:
    return ConditionalPriceRecord(amount=Decimal(amount), **conditions)  # type: ignore[arg-type]


def lamp(*prices: ConditionalPriceRecord, **fields: object) -> ProductRecord:
    variant = VariantRecord(external_id="1-1", sku="L-1", price=list(prices))
    return ProductRecord(external_id="1", title="Lamp", variants=[variant], **fields)  # type: ignore[arg-type]


@pytest.fixture
def shop() -> Job:
    """Imports the products of a shop, whose prices go to an ERP."""
    seller = make_seller("acme")
    shop = make_connection(seller, platform="rest_shop", role="shop")
    PriceList.objects.create(seller=seller, connection=shop, slug="shop", name="Shop", currency="EUR")
    erp = make_connection(seller, role="erp")
    add_job(connection=erp, direction=Direction.EXPORT, data_type=DataType.PRICES, lane="prices")
    return make_job(shop, DataType.PRODUCTS, Direction.IMPORT)


def stored() -> dict[tuple[str, int], tuple[int, int | None]]:
    """(price list, minimum quantity) → (amount, maximum quantity)."""
    return {
        (row.price_list.slug, row.min_quantity): (int(row.amount), row.max_quantity)
        for row in Price.objects.select_related("price_list")
    }


def test_what_a_list_of_prices_lacks_is_removed(shop: Job) -> None:
    import_records(
        shop, lamp(price("20"), price("18", min_quantity=10, max_quantity=99), price("15", price_list=TRADE))
    )
    assert stored() == {("shop", 1): (20, None), ("shop", 10): (18, 99), ("trade", 1): (15, None)}
    Change.objects.all().delete()
    import_records(shop, lamp(price("20"), price("14", price_list=TRADE)))
    assert stored() == {("shop", 1): (20, None), ("trade", 1): (14, None)}
    assert Change.objects.filter(kind=Kind.VARIANT).count() == 1
    assert ItemEvent.objects.latest("pk").changes == {
        "L-1: price 10": ["18.0000", None],
        "L-1: price trade": ["15.0000", "14.0000"],
    }


def test_a_list_for_customer_groups_is_nobodys_default(shop: Job) -> None:
    import_records(shop, lamp(price("15", price_list=TRADE), price("20"), price("18", min_quantity=5)))
    [item] = load_variants([Variant.objects.get().pk]).values()
    assert [(each.min_quantity, each.amount) for each in prices_in(item, "")] == [(1, Decimal(20)), (5, Decimal(18))]
    found = default_price(item, "trade")
    assert found and (found.amount, found.currency, found.customer_groups) == (Decimal(15), "GBP", ["Retailers"])
    import_records(shop, lamp(price("15", price_list=TRADE)))
    [item] = load_variants([item.id]).values()
    assert default_price(item, "") is None and prices_in(item, "") == []


def test_a_renamed_list_keeps_its_code_and_an_equal_name_gets_another(shop: Job) -> None:
    import_records(shop, lamp(price("15", price_list=TRADE)))
    renamed = PriceListRecord(external_id="7", name="Wholesale", currency="GBP")
    import_records(
        shop,
        lamp(price("15", price_list=renamed), price("1", price_list=PriceListRecord(external_id="8", name="Trade"))),
    )
    lists = PriceList.objects.filter(source=shop.connection).order_by("external_id")
    assert list(lists.values_list("slug", "name", "customer_groups")) == [
        ("trade", "Wholesale", []),
        ("trade-2", "Trade", []),
    ]


def test_a_special_price_begins_and_ends_by_itself(shop: Job) -> None:
    now = timezone.now()
    begin, end = now + timedelta(hours=1), now + timedelta(hours=2)
    special = price("17", list_amount=Decimal(20), starts_at=begin, ends_at=end)
    import_records(shop, lamp(price("20"), special))
    assert stored() == {("shop", 1): (20, None)}
    for moment, amount, remaining in ((begin, 17, 2), (end, 20, 0)):
        Change.objects.all().delete()
        sweep(now=moment - timedelta(seconds=1))
        assert not Change.objects.exists()
        sweep(now=moment)
        assert stored() == {("shop", 1): (amount, None)}
        assert Change.objects.get(kind=Kind.VARIANT).item_id == Variant.objects.get().pk
        assert ScheduledPrice.objects.count() == remaining
    assert [each.changes for each in ItemEvent.objects.filter(message__contains="began").order_by("pk")] == [
        {"L-1: price": ["20.0000", "17.0000"]},
        {"L-1: price": ["17.0000", "20.0000"]},
    ]


def test_the_last_price_of_a_further_list_goes_with_it(shop: Job) -> None:
    trade = PriceListRecord(external_id="7", name="Trade")
    import_records(shop, lamp(price("20"), price("18", min_quantity=10), price("15", price_list=trade)))
    assert len(stored()) == 3
    plain = VariantRecord(external_id="1-1", sku="L-1", price=PriceRecord(amount=Decimal(20)))
    import_records(shop, ProductRecord(external_id="1", title="Lamp", variants=[plain]))
    assert stored() == {("shop", 1): (20, None)}


def test_a_special_price_that_was_withdrawn_does_not_begin(shop: Job) -> None:
    begin = timezone.now() + timedelta(hours=1)
    import_records(shop, lamp(price("20"), price("17", starts_at=begin)))
    plain = VariantRecord(external_id="1-1", sku="L-1", price=PriceRecord(amount=Decimal(20)))
    import_records(shop, ProductRecord(external_id="1", title="Lamp", variants=[plain]))
    sweep(now=begin)
    assert stored() == {("shop", 1): (20, None)} and not ScheduledPrice.objects.exists()


def test_of_several_prices_the_lowest_counts_and_one_that_is_over_is_nothing(shop: Job) -> None:
    now = timezone.now()
    over = price("1", starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    backwards = price("2", starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=1))
    import_records(
        shop,
        lamp(
            price("20"),
            price("19", ends_at=now + timedelta(days=1)),
            price("18", starts_at=now - timedelta(days=1)),
            over,
            backwards,
        ),
    )
    assert stored() == {("shop", 1): (18, None)}
    sweep(now=now + timedelta(days=1))
    assert stored() == {("shop", 1): (18, None)}


@pytest.mark.parametrize(
    ("day", "zone", "start", "end"),
    [
        (
            date(2026, 3, 8),
            "America/New_York",
            datetime(2026, 3, 8, 5, tzinfo=UTC),
            datetime(2026, 3, 9, 4, tzinfo=UTC),
        ),
        (
            date(2026, 6, 1),
            "Pacific/Auckland",
            datetime(2026, 5, 31, 12, tzinfo=UTC),
            datetime(2026, 6, 1, 12, tzinfo=UTC),
        ),
    ],
)
def test_a_day_of_a_shop_begins_and_ends_in_its_time_zone(day: date, zone: str, start: datetime, end: datetime) -> None:
    assert (start_of_day(day, ZoneInfo(zone)), end_of_day(day, ZoneInfo(zone))) == (start, end)


@pytest.mark.parametrize("day", [date.min, date.max, None])
def test_the_ends_of_the_calendar_are_no_limit(day: date | None) -> None:
    assert (day == date.max or start_of_day(day, UTC) is None) and (day == date.min or end_of_day(day, UTC) is None)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc/passwd", "UTC+1"])
def test_an_unknown_time_zone_is_none(name: str) -> None:
    assert time_zone(name) is None
