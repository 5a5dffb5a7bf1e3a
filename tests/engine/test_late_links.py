"""Items sent before the items they refer to exist at the target are sent again, or wait: nothing is lost silently."""

from collections.abc import Callable

import pytest

from catalog.models import Brand, Category, Price, PriceList, Product, Stock, StockLocation, Variant
from connectors.services.connections import install_connection
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.queue import enqueue
from hub.services import start_run
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.products import change
from tests.engine.worker import work_until_idle
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("bigcommerce", accounts={"shop": "token"}, products=0, quota=100_000)


@pytest.fixture
def target(transactional_db: None, store: SandboxProcess) -> Connection:
    return install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce_target",
        name="Store",
        slug="store",
        base_url=f"{store.url}/stores/shop",
        settings={"on_removal": "delete"},
        credentials={"access_token": "token"},
        start=False,
    )


def priced_products(target: Connection, number: int) -> list[Product]:
    """Products that the store accepts: each has a price."""
    seller = target.seller
    products = make_products(seller, number)
    prices = PriceList.objects.create(seller=seller, slug="list", name="List", currency="GBP")
    variants = Variant.objects.filter(product__in=products)
    Price.objects.bulk_create(Price(seller=seller, variant=v, price_list=prices, amount=5) for v in variants)
    return products


def target_stock(store: SandboxProcess) -> dict[str, int]:
    return {row["sku"]: row["inventory_level"] for row in store.state("variants")}


def test_stock_is_sent_once_the_target_has_the_variant(target: Connection, store: SandboxProcess) -> None:
    seller = target.seller
    products = priced_products(target, 2)
    variants = list(Variant.objects.filter(product__in=products))
    location = StockLocation.objects.create(seller=seller, code="main")
    Stock.objects.bulk_create(Stock(seller=seller, variant=v, location=location, quantity=7) for v in variants)
    enqueue(seller_id=seller.pk, kind=Kind.VARIANT, item_ids=[v.pk for v in variants])
    work_until_idle()
    assert {issue.code for issue in Issue.objects.filter(resolved_at=None, job__data_type="stock")} == {
        "not_at_target_yet"
    }
    assert target_stock(store) == {}

    change(products)
    work_until_idle()
    assert target_stock(store) == {"SKU-1": 7, "SKU-2": 7}
    assert not Issue.objects.filter(resolved_at=None, job__data_type="stock").exists()
    assert not Change.objects.exists()


def test_a_recreated_variant_is_linked_to_its_new_id(target: Connection, store: SandboxProcess) -> None:
    products = priced_products(target, 1)
    change(products)
    work_until_idle()
    before = Link.objects.get(connection=target, kind=Kind.VARIANT).external_id
    change(products, status="discontinued")
    work_until_idle()
    assert list(store.state("variants")) == []
    change(products, status="live")
    work_until_idle()
    [row] = store.state("variants")
    assert str(row["id"]) == Link.objects.get(connection=target, kind=Kind.VARIANT).external_id != before


@pytest.fixture
def categorised_products(target: Connection) -> list[Product]:
    """Two products of a brand, in a category below another."""
    seller = target.seller
    products = priced_products(target, 2)
    garden = Category.objects.create(seller=seller, name="Garden", slug="garden", path="Garden")
    chairs = Category.objects.create(seller=seller, name="Chairs", slug="chairs", path="Garden / Chairs", parent=garden)
    Product.objects.update(brand=Brand.objects.create(seller=seller, name="Nova"))
    for product in products:
        product.categories.set([chairs])
    return products


def brands_and_categories(store: SandboxProcess) -> list[tuple[str, list[str]]]:
    """Brand and categories of each product at the store, by name."""
    brands = {row["id"]: row["name"] for row in store.state("brands")}
    names = {row["category_id"]: row["name"] for row in store.state("categories")}
    return [
        (brands.get(row["brand_id"], ""), [names[each] for each in row["categories"]])
        for row in store.state("products")
    ]


def test_a_full_sync_creates_brands_and_categories_before_products(
    target: Connection, categorised_products: list[Product], store: SandboxProcess
) -> None:
    """B5: each product is written once, and refers to brands and categories that exist."""
    for job in Job.objects.filter(connection=target):
        start_run(job=job, trigger=Run.Trigger.INSTALL)
    work_until_idle()
    assert brands_and_categories(store) == [("Nova", ["Chairs"])] * 2
    linked = Link.objects.filter(connection=target).values_list("kind", flat=True)
    assert sorted(linked)[:3] == ["brand", "category", "category"]
    products = [call for call in store.calls() if call["path"].endswith("/v3/catalog/products")]
    assert [call["method"] for call in products if call["method"] != "GET"] == ["POST", "POST"]
    assert not Change.objects.exists()


def test_products_refer_to_a_brand_and_a_category_once_they_exist(
    target: Connection, categorised_products: list[Product], store: SandboxProcess
) -> None:
    change(categorised_products)
    work_until_idle()
    assert brands_and_categories(store) == [("", [])] * 2
    seller_id = target.seller_id
    enqueue(seller_id=seller_id, kind=Kind.BRAND, item_ids=list(Brand.objects.values_list("pk", flat=True)))
    enqueue(seller_id=seller_id, kind=Kind.CATEGORY, item_ids=list(Category.objects.values_list("pk", flat=True)))
    work_until_idle()
    assert brands_and_categories(store) == [("Nova", ["Chairs"])] * 2
    assert not Change.objects.exists()
