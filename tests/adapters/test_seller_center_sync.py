"""Seller Center through the engine: imports, exports, and IDs that are reported later."""

from collections.abc import Callable

import pytest

from accounts.models import Seller
from catalog.models import Product, Variant
from connectors.services.connections import install_connection
from hub.kinds import DataType, Kind
from hub.models import Change, Connection, Job, Link
from hub.services import start_run
from orders.models import Customer, Order
from sandbox.process import SandboxProcess
from synclog.models import Issue
from synclog.triage import send_again
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_products, make_seller, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def process(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_shop", accounts={"SellerCenter": "shop-key"}, products=12, dirty=False)


@pytest.fixture
def seller(transactional_db: None) -> Seller:
    return make_seller("acme")


def connect(process: SandboxProcess, seller: Seller, *, start: bool) -> Connection:
    return install_connection(
        seller=seller,
        platform=process.platform,
        name="Acme",
        slug="acme-seller-center",
        base_url=process.url,
        credentials={"api_key": next(iter(process.accounts.values()))},
        start=start,
    )


def links(connection: Connection, kind: str) -> dict[int, str]:
    rows = Link.objects.filter(connection=connection, kind=kind, missing=False)
    return dict(rows.values_list("item_id", "external_id"))


def push(connection: Connection, data_type: DataType = DataType.PRODUCTS) -> Job:
    job = Job.objects.get(connection=connection, direction="export", data_type=data_type)
    start_run(job=job, trigger="button")
    work_until_idle()
    return job


def test_a_shop_is_imported(process: SandboxProcess, seller: Seller) -> None:
    shop = connect(process, seller, start=True)
    work_until_idle()
    assert set(links(shop, Kind.PRODUCT).values()) == {row["id"] for row in process.state("products")}
    assert set(links(shop, Kind.VARIANT).values()) == {row["id"] for row in process.state("variants")}
    assert Product.objects.exclude(brand=None).count() == 12 and not Issue.objects.exists()


def test_products_are_pushed_and_linked_with_the_shops_ids(process: SandboxProcess, seller: Seller) -> None:
    make_products(seller, 3)
    shop = connect(process, seller, start=False)
    job = push(shop)
    there = {row["seller_sku"]: row for row in process.state("variants")}
    for variant in Variant.objects.all():
        row = there[variant.sku]
        assert links(shop, Kind.PRODUCT)[variant.product_id] == row["config_id"]
        assert links(shop, Kind.VARIANT)[variant.pk] == row["id"]
    assert last_run(job).state == "done"
    process.clear_calls()
    push(shop)
    assert process.calls() == [], "nothing had changed"


def test_a_product_is_linked_once_its_id_is_reported(process: SandboxProcess, seller: Seller) -> None:
    make_products(seller, 2)
    shop = connect(process, seller, start=False)
    process.control("POST", "queue", json={"paused": True})
    push(shop)
    assert links(shop, Kind.PRODUCT) == {} and Change.objects.count() == 2
    process.control("POST", "queue", json={"paused": False})
    skip_delays()
    assert len(links(shop, Kind.PRODUCT)) == 2 and not Change.objects.exists()
    created = [row for row in process.state("requests") if row["method"] == "Product.createProducts"]
    assert len(created) == 1


def test_an_id_that_is_already_in_use_is_not_reassigned(process: SandboxProcess, seller: Seller) -> None:
    """L16: the shop's ID sequence was reset to a value below the IDs that the hub knows."""
    shop = connect(process, seller, start=True)
    work_until_idle()
    before = links(shop, Kind.PRODUCT)
    holder = next(pk for pk, external_id in before.items() if external_id == "3")
    process.control("POST", "delete", json={"kind": "products", "ids": ["3"]})
    process.control("POST", "sequence", json={"kind": "products", "next": 3})
    [newcomer] = make_products(seller, 1, prefix="NEW")
    push(shop)
    assert links(shop, Kind.PRODUCT)[holder] == "3" and newcomer.pk not in links(shop, Kind.PRODUCT)
    [issue] = Issue.objects.filter(code="id_in_use", resolved_at=None)
    assert "the ID 3 for product" in issue.message
    assert "above the highest ID in use" in issue.fix
    process.control("POST", "sequence", json={"kind": "products", "next": 13})
    process.control("POST", "delete", json={"kind": "products", "ids": ["3"]})
    assert send_again(issues=Issue.objects.filter(pk=issue.pk), seller=issue.seller, by=make_user())
    skip_delays()
    assert links(shop, Kind.PRODUCT) == before | {newcomer.pk: "13"}
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_orders_are_imported_with_their_customers(sandbox: Callable[..., SandboxProcess], seller: Seller) -> None:
    process = sandbox("seller_center_oms", accounts={"OMS": "oms-key"}, products=12, customers=10, orders=15)
    oms = connect(process, seller, start=True)
    work_until_idle()
    assert set(links(oms, Kind.ORDER).values()) == {row["id"] for row in process.state("orders")}
    assert set(links(oms, Kind.CUSTOMER).values()) == {row["id"] for row in process.state("customers")}
    assert Order.objects.filter(customer=None).count() == 0 and Customer.objects.count() == 10
    assert len(links(oms, Kind.ORDER_LINE)) == sum(len(row["items"]) for row in process.state("orders"))
    assert not [call for call in process.calls() if call["path"] == "/"], "nothing is sent back"
