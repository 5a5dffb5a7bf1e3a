"""Magento through the engine: one shop is imported and exported to another."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from catalog.models import Image, Product, Stock, Variant
from connectors.engine.size_schedules import add_stock_imports
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType, Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.services import start_run
from orders.models import Customer, Order
from sandbox.catalog import COLOURS, SIZES
from sandbox.process import SandboxProcess
from synclog.models import ItemStatus
from tests.adapters.magento import place_order
from tests.engine.products import change
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox(
        "magento", accounts={"alpha": "alpha-token"}, products=12, customers=5, orders=6, dirty=False, currency="EUR"
    )


@pytest.fixture
def other(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """Another shop, which has the attributes but none of the products."""
    process = sandbox("magento", accounts={"beta": "beta-token"}, products=1, seed=2, dirty=False)
    for code, labels in (("colour", COLOURS), ("size", SIZES)):
        process.control("POST", "options", json={"account": "beta", "code": code, "labels": labels})
    return process


@pytest.fixture
def source(transactional_db: None, shop: SandboxProcess) -> Connection:
    connection = install_connection(
        seller=make_seller("acme", currency="GBP"),
        platform="magento",
        name="Acme shop",
        slug="acme-shop",
        base_url=shop.url,
        credentials={"access_token": "alpha-token"},
    )
    work_until_idle()
    return connection


def connect(source: Connection, other: SandboxProcess) -> Connection:
    connection = install_connection(
        seller=source.seller,
        platform="magento_target",
        name="Acme outlet",
        slug="acme-outlet",
        base_url=other.url,
        credentials={"access_token": "beta-token"},
    )
    work_until_idle()
    return connection


def rows(process: SandboxProcess, kind: str = "goods") -> dict[str, dict]:
    return {row["sku"]: row for row in process.state(kind)}


def bulks(process: SandboxProcess) -> list[int]:
    """The number of products in each bulk."""
    return [call["items"] for call in process.calls() if "/async/bulk/" in call["path"]]


def test_a_whole_shop_is_imported(source: Connection, shop: SandboxProcess) -> None:
    goods = list(shop.state("goods"))
    shown = [row for row in goods if row["visibility"] != 1]
    assert Product.objects.count() == len(shown)
    assert set(Variant.objects.values_list("sku", flat=True)) == {r["sku"] for r in goods if r["type_id"] == "simple"}
    assert Image.objects.count() == sum(len(row["media_gallery_entries"]) for row in shown)
    assert Stock.objects.count() == Variant.objects.count()
    assert Product.objects.exclude(brand=None).count() == len(shown)
    assert (Customer.objects.count(), Order.objects.count()) == (5, 6)
    source.seller.refresh_from_db()
    assert source.seller.currency == "EUR"


def test_another_shop_gets_products_then_stock_and_prices(
    source: Connection, shop: SandboxProcess, other: SandboxProcess
) -> None:
    target = connect(source, other)
    there, here = rows(other), rows(shop)
    stock = rows(other, "source_items")
    for variant in Variant.objects.all():
        assert there[variant.sku]["name"].startswith(variant.product.title)
        assert there[variant.sku]["status"] == here[variant.sku]["status"]
        assert stock[variant.sku]["quantity"] == sum(variant.stock.values_list("quantity", flat=True))
        assert there[variant.sku]["price"] == float(variant.prices.get().amount)
    configurable = [row for row in there.values() if row["sku"].startswith("synccenter-")]
    assert len(configurable) == sum(row["type_id"] == "configurable" for row in here.values())
    assert Link.objects.filter(connection=target, kind=Kind.VARIANT).count() == Variant.objects.count()
    assert not Change.objects.exists()


def test_a_second_full_sync_makes_no_calls(source: Connection, other: SandboxProcess) -> None:
    target = connect(source, other)
    other.clear_calls()
    for data_type in (DataType.PRODUCTS, DataType.STOCK, DataType.PRICES):
        sync(connection=target, data_type=data_type, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert other.calls() == []


def test_products_in_the_shops_queue_are_pending_until_processed(source: Connection, other: SandboxProcess) -> None:
    other.control("POST", "setting", json={"account": "beta", "consuming": False})
    target = connect(source, other)
    of_target = ItemStatus.objects.filter(job__connection=target, kind=Kind.PRODUCT)
    assert set(of_target.values_list("state", flat=True)) == {ItemStatus.State.PENDING}
    skip_delays()
    assert len(bulks(other)) == 1
    other.control("POST", "setting", json={"account": "beta", "consuming": True})
    skip_delays()
    variants, parents = bulks(other)
    assert variants == Variant.objects.count() and parents < variants
    assert set(of_target.values_list("state", flat=True)) == {ItemStatus.State.SYNCED}
    assert Link.objects.filter(connection=target, kind=Kind.VARIANT).count() == Variant.objects.count()
    assert set(Variant.objects.values_list("sku", flat=True)) <= rows(other, "source_items").keys()
    assert not Change.objects.exists()


def test_a_removal_in_the_shops_queue_is_sent_once(source: Connection, other: SandboxProcess) -> None:
    target = connect(source, other)
    link = Link.objects.filter(connection=target, kind=Kind.PRODUCT).earliest("pk")
    other.control("POST", "setting", json={"account": "beta", "consuming": False})
    other.clear_calls()
    change([Product.objects.get(pk=link.item_id)], status="discontinued")
    work_until_idle()
    for _ in range(3):
        skip_delays()
    assert bulks(other) == [1] and Change.objects.filter(item_id=link.item_id).exists()
    other.control("POST", "setting", json={"account": "beta", "consuming": True})
    skip_delays()
    assert bulks(other) == [1] and not Change.objects.exists()
    (row,) = [row for row in other.state("goods") if str(row["id"]) == link.external_id]
    assert row["status"] == 2


def test_a_hidden_product_is_suspended_by_a_partial_import(source: Connection, shop: SandboxProcess) -> None:
    """And stays so after a full import; one that becomes a variant of another product moves there."""
    simple = [row for row in shop.state("products") if row["type_id"] == "simple"]
    parent = next(row for row in shop.state("goods") if row["type_id"] == "configurable")
    hidden, moved = simple[:2]
    change_row(shop, hidden["id"], visibility=1)
    first = parent["extension_attributes"]["configurable_product_links"]
    child = next(row for row in shop.state("goods") if row["id"] == first[0])
    extension = parent["extension_attributes"] | {"configurable_product_links": [*first, moved["id"]]}
    change_row(shop, moved["id"], visibility=1, custom_attributes=child["custom_attributes"])
    change_row(shop, parent["id"], extension_attributes=extension)
    job = source.jobs.get(data_type=DataType.PRODUCTS, direction="import")
    for scope in (Run.Scope.PARTIAL, Run.Scope.FULL):
        start_run(job=job, trigger=Run.Trigger.BUTTON, scope=scope)
        work_until_idle()
        assert Variant.objects.get(sku=hidden["sku"], status="suspended").product.status == "suspended"
    owner = Variant.objects.get(sku=moved["sku"], status="live").product
    assert Link.objects.get(kind=Kind.PRODUCT, item_id=owner.pk).external_id == str(parent["id"])


def change_row(shop: SandboxProcess, number: int, **changes: object) -> None:
    about = {"account": "alpha", "kind": "products", "id": number, "changes": changes}
    shop.control("PATCH", "row", json=about)


def test_stock_is_imported_more_often_than_products(source: Connection, shop: SandboxProcess) -> None:
    """An order reserves stock without moving the date of its product, which only the import of stock notices (C7)."""
    sold = place_order(shop, (0, 3))["items"][0]["sku"]
    variant = Variant.objects.get(sku=sold)
    before = Stock.objects.get(variant=variant)
    Stock.objects.filter(pk=before.pk).update(min_level=2)
    Change.objects.all().delete()
    job = Job.objects.get(connection=source, data_type=DataType.STOCK, direction="import")
    start_run(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()
    run = Run.objects.filter(job=job).latest("pk")
    counter = run.counters.get(kind=Kind.VARIANT)
    assert (run.state, counter.updated, counter.skipped) == (Run.State.DONE, 1, 0)
    after = Stock.objects.get(variant=variant)
    assert (after.quantity, after.min_level) == (before.quantity - 3, 2)
    # Tracking is switched off: the row goes. A variant of a product that was not imported is left alone.
    shop.control("POST", "setting", json={"account": "alpha", "unmanaged": [sold]})
    Link.objects.filter(connection=source, kind=Kind.VARIANT).exclude(item_id=variant.pk).delete()
    start_run(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()
    assert not Stock.objects.filter(variant=variant).exists() and Stock.objects.exists()


def test_connections_of_earlier_releases_get_the_import_of_stock(source: Connection) -> None:
    Job.objects.filter(connection=source, data_type=DataType.STOCK).delete()
    assert add_stock_imports(now=timezone.now()) == 1
    job = Job.objects.get(connection=source, data_type=DataType.STOCK)
    assert (job.full_schedule, job.by_size, job.state.next_full_at is not None) == ("15m", True, True)
    assert add_stock_imports(now=timezone.now()) == 0
