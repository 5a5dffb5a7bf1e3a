"""Items that refer to something that is not here yet get it when it comes (C2)."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Brand, Category, PriceList, Product
from catalog.records import BrandRecord, CategoryRecord, ProductRecord, VariantRecord
from connectors.engine.applying import import_context_for, unknown_variants
from connectors.engine.applying.references import report
from connectors.engine.fetching import apply_fetched
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, JobState, Master, PendingReference, Run
from hub.records import Record
from hub.services import add_job
from orders.models import Customer, Order, OrderLine
from synclog.models import Issue, ItemEvent
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import customer, import_records, line, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Connection:
    """A shop whose products go to an ERP."""
    seller = make_seller("acme")
    shop = make_connection(seller, platform="rest_shop", role="shop")
    PriceList.objects.create(seller=seller, connection=shop, slug="shop", name="Shop", currency="EUR")
    add_job(
        connection=make_connection(seller, role="erp"),
        direction=Direction.EXPORT,
        data_type=DataType.PRODUCTS,
        lane="products",
    )
    return shop


def job(shop: Connection, data_type: DataType) -> Job:
    found = Job.objects.filter(connection=shop, data_type=data_type).first()
    return found or make_job(shop, data_type, Direction.IMPORT)


def read(shop: Connection, data_type: DataType, *records: Record) -> None:
    """A page of a run, with what follows it."""
    import_job = job(shop, data_type)
    run, _ = Run.objects.get_or_create(
        job=import_job, scope=Run.Scope.FULL, defaults={"trigger": "button", "state": Run.State.PREPARING}
    )
    context = import_context_for(import_job, run_id=run.pk, now=timezone.now())
    apply_fetched(context, run, records, calls=lambda: 1)


def lamp(**fields: Any) -> ProductRecord:
    variant = VariantRecord(external_id="1-1", sku="L-1")
    return ProductRecord(**{"external_id": "1", "title": "Lamp", "variants": [variant]} | fields)


def paths() -> list[str]:
    return sorted(Product.objects.get().categories.values_list("path", flat=True))


def test_a_brand_and_a_category_that_come_later_are_assigned_at_once(shop: Connection) -> None:
    import_records(job(shop, DataType.PRODUCTS), lamp(brand_id="7", category_ids=["3", "4"]))
    Change.objects.all().delete()
    read(shop, DataType.BRANDS, BrandRecord(external_id="7", name="Oak"))
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="3", name="Chairs"))
    product = Product.objects.get()
    assert product.brand == Brand.objects.get() and paths() == ["Chairs"]
    assert Change.objects.filter(kind=Kind.PRODUCT, item_id=product.pk).exists()
    assert [event.changes for event in ItemEvent.objects.filter(message__contains="refers").order_by("pk")] == [
        {"brand_id": [None, product.brand_id]},
        {"category_ids": [[], [Category.objects.get().pk]]},
    ]
    assert PendingReference.objects.get().external_id == "4"


def test_a_product_that_moves_to_an_unknown_category_keeps_the_one_it_has(shop: Connection) -> None:
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="3", name="Chairs"))
    import_records(job(shop, DataType.PRODUCTS), lamp(category_ids=["3"]))
    moved = lamp(category_ids=["4"])
    import_records(job(shop, DataType.PRODUCTS), moved)
    assert paths() == ["Chairs"]
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="4", name="Benches"))
    assert paths() == ["Benches", "Chairs"]
    import_records(job(shop, DataType.PRODUCTS), moved)
    assert paths() == ["Benches"]
    import_records(job(shop, DataType.PRODUCTS), lamp(category_ids=[]))
    assert paths() == []


def test_what_a_product_no_longer_refers_to_is_forgotten(shop: Connection) -> None:
    import_records(job(shop, DataType.PRODUCTS), lamp(brand_id="7"))
    import_records(job(shop, DataType.PRODUCTS), lamp(brand_id=""))
    read(shop, DataType.BRANDS, BrandRecord(external_id="7", name="Oak"))
    assert Product.objects.get().brand is None


def test_a_brand_is_not_assigned_if_another_source_owns_the_content(shop: Connection) -> None:
    import_records(job(shop, DataType.PRODUCTS), lamp(brand_id="7"))
    other = make_connection(shop.seller, platform="netsuite", role="erp")
    Master.objects.create(seller=shop.seller, group=Master.Group.CONTENT, connection=other)
    read(shop, DataType.BRANDS, BrandRecord(external_id="7", name="Oak"))
    assert Product.objects.get().brand is None


def test_a_parent_category_on_a_later_page_is_set(shop: Connection) -> None:
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="2", name="Chairs", parent_id="1"))
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="1", name="Garden"))
    assert set(Category.objects.values_list("path", flat=True)) == {"Garden", "Garden / Chairs"}


def test_a_parent_account_and_a_variant_that_come_later_are_assigned(shop: Connection) -> None:
    read(shop, DataType.CUSTOMERS, customer("2", parent_id="1"))
    read(shop, DataType.CUSTOMERS, customer("1"))
    child = Customer.objects.exclude(parent=None).get()
    assert child.parent and child.parent.email == "buyer1@example.com"
    read(shop, DataType.ORDERS, order("5", "", line("5-1", sku="OTHER", variant_id="1-1")))
    import_records(job(shop, DataType.PRODUCTS), lamp())
    assert OrderLine.objects.get().variant == Product.objects.get().variants.get()


def test_what_stays_unknown_is_an_issue_until_it_comes(shop: Connection) -> None:
    job(shop, DataType.BRANDS)
    products = job(shop, DataType.PRODUCTS)
    # Categories are not imported from this source, so a missing one is nothing to report.
    import_records(products, lamp(brand_id="7", category_ids=["3"]))
    report(import_context_for(products, run_id=None, now=timezone.now()))
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.code, issue.item_id) == ("reference_unknown", Product.objects.get().pk)
    assert "Brand 7" in issue.message and "Category" not in issue.message
    read(shop, DataType.BRANDS, BrandRecord(external_id="7", name="Oak"))
    issue.refresh_from_db()
    # The category is still unknown, so the next full read decides.
    assert issue.resolved_at is None
    job(shop, DataType.CATEGORIES)
    read(shop, DataType.CATEGORIES, CategoryRecord(external_id="3", name="Chairs"))
    issue.refresh_from_db()
    assert issue.resolved_at is not None


def test_a_line_with_an_unknown_sku_is_an_issue_until_its_product_comes_from_any_source(shop: Connection) -> None:
    """The OMS names products by SKU only; they come from the shop. Before that was read once, any may be missing."""
    products = job(shop, DataType.PRODUCTS)
    oms = make_connection(shop.seller, name="Acme OMS", role="oms")
    read(oms, DataType.ORDERS, order("4", "", line("4-1", sku="L-2")))
    assert not Issue.objects.exists()
    JobState.objects.filter(job=products).update(last_full_sync_at=timezone.now())
    lines = [line("5-1", sku="L-1"), line("5-2", sku="SET", kind="kit"), line("5-3", sku="", kind="custom")]
    read(oms, DataType.ORDERS, order("5", "N-5", *lines), order("6", "", line("6-1", sku="L-1"), status="delivered"))
    issue = Issue.objects.get()
    assert (issue.code, issue.severity, issue.external_id) == ("line_variant_unknown", "warning", "order:5:references")
    assert "L-1" in issue.message and "SET" not in issue.message
    # A full read reports those that were read earlier, and does not resolve what is still unknown.
    unknown_variants.report(import_context_for(products, run_id=None, now=timezone.now()))
    assert set(Issue.objects.values_list("external_id", flat=True)) == {"order:4:references", "order:5:references"}
    revision = Order.objects.get(number="N-5").revision
    import_records(products, lamp())
    issue.refresh_from_db()
    assert issue.resolved_at is not None
    assert OrderLine.objects.get(sku="L-1", order__number="N-5").variant == Product.objects.get().variants.get()
    assert Order.objects.get(number="N-5").revision > revision
    # The other one is resolved when the order is done.
    read(oms, DataType.ORDERS, order("4", "", line("4-1", sku="L-2"), status="delivered"))
    assert not Issue.objects.filter(resolved_at=None).exists()
