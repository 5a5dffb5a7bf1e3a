"""The hub and a real Vendure server: catalog, orders, shipments, refunds, writing, our plugin, and killed workers."""

import os
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from django.test import Client

from catalog.models import Category, Price, PriceList, Product, Stock, StockLocation, Variant
from connectors.adapters.factory import open_adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.services.connections import install_connection
from connectors.webhooks import receiving
from connectors.webhooks.lane_waker import Waker
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.services import start_run
from orders.models import Customer, Order, Refund, Shipment
from sandbox.real import vendure
from sandbox.real.postgres import Postgres
from sandbox.real.vendure_shop import PRODUCTS, STOCK, Shop
from synccenter.embedded import postgres_binaries
from synccenter.processes import Processes
from synclog.models import Issue
from tests.engine.products import change
from tests.engine.worker import work_until_idle
from tests.factories import make_products, make_seller
from tests.tiers import TIERS

pytestmark = [pytest.mark.real, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
SECRET = "secret-of-the-plugin"
Message = tuple[dict[str, str], bytes]


@pytest.fixture(scope="session")
def messages() -> Iterator[tuple[str, "Queue[Message]"]]:
    """The address that the plugin posts to, and what it posted: headers and body."""
    received: Queue[Message] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()


@pytest.fixture(scope="session")
def shop(messages: tuple[str, "Queue[Message]"]) -> Iterator[Shop]:
    postgres = Postgres(os.environ["DATABASE_URL"], postgres_binaries())
    plugin = {"url": messages[0], "secret": SECRET}
    with vendure.running(TIERS["real"].cache, postgres, plugin=plugin) as running:
        yield running


def connect(shop: Shop, platform: str, slug: str, **settings: Any) -> Connection:
    return install_connection(
        seller=make_seller(slug, currency="GBP"),
        platform=platform,
        name=slug,
        slug=slug,
        base_url=shop.url,
        settings=settings,
        credentials={"api_key": shop.api_key},
        start=False,
    )


@pytest.fixture
def connection(transactional_db: None, shop: Shop) -> Connection:
    return connect(shop, "vendure", "acme-shop", page_size=2)


def run(connection: Connection, data_type: DataType, scope: Run.Scope = Run.Scope.PARTIAL) -> None:
    job = Job.objects.get(connection=connection, data_type=data_type, direction=Direction.IMPORT)
    start_run(job=job, scope=scope, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()


def read_catalog(connection: Connection) -> None:
    for data_type in (DataType.CATEGORIES, DataType.BRANDS, DataType.PRODUCTS):
        run(connection, data_type, Run.Scope.FULL)


def issues() -> list[str]:
    return list(Issue.objects.filter(resolved_at=None).values_list("message", flat=True))


def pence(sku: str) -> int:
    return int(Price.objects.get(variant__sku=sku).amount * 100)


def available(sku: str) -> int:
    return int(Stock.objects.get(variant__sku=sku).quantity)


def test_the_connection_test_confirms_what_is_assumed(connection: Connection) -> None:
    adapter = open_adapter(connection)
    assert "GBP, prices are entered with tax" in adapter.check()
    findings = check_assumptions(adapter, seconds=30)
    adapter.http.close()
    assert {each.state for each in findings.values()} == {AssumptionState.CONFIRMED}


def test_products_prices_and_stock_are_read_and_their_changes_found(connection: Connection, shop: Shop) -> None:
    read_catalog(connection)
    skus = {sku: price for prices in PRODUCTS.values() for sku, price in prices.items()}
    names = list(PRODUCTS)
    assert set(Product.objects.filter(title__in=names).values_list("brand__name", "status")) == {
        ("Acme", "live"),
        ("Sandbox GmbH", "live"),
    }
    assert Category.objects.get().name == "Lamps" and set(skus) <= set(Variant.objects.values_list("sku", flat=True))
    assert {sku: pence(sku) for sku in skus} == skus and issues() == []
    shop.update_variant("WALL-S", prices=[{"currencyCode": "GBP", "price": 3400}])
    run(connection, DataType.PRODUCTS)
    assert pence("WALL-S") == 3400
    shop.update_variant("WALL-S", stockOnHand=STOCK - 9)
    run(connection, DataType.PRODUCTS)
    assert available("WALL-S") == STOCK - 9
    # A sale, which dates neither the variant nor its product.
    shop.buy({"WALL-S": 4})
    run(connection, DataType.PRODUCTS)
    assert available("WALL-S") == STOCK - 13
    shop.update_variant("WALL-S", prices=[{"currencyCode": "GBP", "price": PRODUCTS["Wall lamp"]["WALL-S"]}])


def test_an_order_its_shipment_and_its_refund_are_read(connection: Connection, shop: Shop) -> None:
    """Neither dates the order. A refund counts when it is settled."""
    read_catalog(connection)
    for data_type in (DataType.CUSTOMERS, DataType.ORDERS):
        run(connection, data_type, Run.Scope.FULL)
    placed = shop.buy({"DESK-S": 2, "FLOOR-M": 1}, coupon="TEN")
    run(connection, DataType.CUSTOMERS)
    run(connection, DataType.ORDERS)
    order = Order.objects.get(number=placed["code"])
    # (2 × 10.50 + 99.99) less 10 % + 5.00 for shipping, of which a sixth is tax
    assert (order.total, order.tax, order.status) == (Decimal("113.89"), Decimal("18.98"), "confirmed")
    assert order.total * 100 == placed["totalWithTax"] and order.reconciliation == "balanced"
    assert order.customer == Customer.objects.get(email="ann@example.com") and order.paid == order.total
    shop.ship(placed, 1, tracking="T-100")
    run(connection, DataType.ORDERS)
    order.refresh_from_db()
    assert order.status == "partly_shipped"
    shipment = Shipment.objects.get(order=order)
    assert (shipment.carrier, shipment.all_tracking_numbers) == ("DHL", ["T-100"])
    refund = shop.refund(placed, 1)
    run(connection, DataType.ORDERS)
    assert not Refund.objects.exists()
    shop.complete_refund(refund)
    run(connection, DataType.ORDERS)
    assert Refund.objects.get(order=order).gross == Decimal("9.45")
    order.refresh_from_db()
    assert order.refunded == Decimal("9.45") and order.reconciliation == "balanced" and issues() == []


def test_products_stock_and_prices_are_written_and_read_back(transactional_db: None, shop: Shop) -> None:
    target = connect(shop, "vendure_target", "writer")
    products = make_products(target.seller, 3, prefix="OWN")
    own = list(Variant.objects.filter(seller=target.seller))
    location = StockLocation.objects.create(seller=target.seller, code="main")
    prices = PriceList.objects.create(seller=target.seller, slug="shop", name="Shop", currency="GBP")
    Stock.objects.bulk_create(Stock(seller=target.seller, variant=each, location=location, quantity=3) for each in own)
    Price.objects.bulk_create(
        Price(seller=target.seller, variant=each, price_list=prices, amount=Decimal("12.34")) for each in own
    )
    for data_type in (DataType.PRODUCTS, DataType.STOCK, DataType.PRICES):
        job = Job.objects.get(connection=target, data_type=data_type, direction=Direction.EXPORT)
        start_run(job=job, trigger="button")
        work_until_idle()
    assert issues() == []
    ids = shop.variant_ids()
    assert {sku for sku in ids if sku.startswith("OWN")} == set(Variant.objects.values_list("sku", flat=True))
    change(products, title="Another title")
    work_until_idle()
    reader = connect(shop, "vendure", "reader")
    read_catalog(reader)
    there = Product.objects.filter(seller=reader.seller, title="Another title")
    assert there.count() == 3
    read = Variant.objects.filter(seller=reader.seller, sku__startswith="OWN")
    assert sorted(read.values_list("sku", "stock__quantity", "prices__amount")) == sorted(
        (each.sku, 3, Decimal("12.34")) for each in own
    )


def test_the_plugin_posts_signed_events(
    connection: Connection,
    shop: Shop,
    messages: tuple[str, "Queue[Message]"],
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receiving, "waker", Waker(idle_seconds=0.01))
    read_catalog(connection)
    Connection.objects.filter(pk=connection.pk).update(webhook_secret={"secret": SECRET})
    _, received = messages
    while not received.empty():
        received.get()
    shop.update_variant("FLOOR-S", prices=[{"currencyCode": "GBP", "price": 7777}])
    headers, body = received.get(timeout=30)
    signed = {name: value for name, value in headers.items() if name.lower().startswith("x-synccenter")}
    url = f"/webhooks/{connection.webhook_token}"
    forged = client.post(url, body.replace(b"products", b"orders"), content_type="application/json", headers=signed)
    assert forged.status_code == 401
    assert client.post(url, body, content_type="application/json", headers=signed).status_code == 200
    # The thread that wakes the lane ends before the work, and leaves no connection to the database behind.
    for thread in threading.enumerate():
        if thread.name == "webhook-waker":
            thread.join()
    work_until_idle()
    assert pence("FLOOR-S") == 7777
    shop.update_variant("FLOOR-S", prices=[{"currencyCode": "GBP", "price": PRODUCTS["Floor lamp"]["FLOOR-S"]}])


def crash(processes: Processes, environment: dict[str, str], *points: str) -> None:
    """Workers that are killed, each at its point, until one has nothing left to do."""
    name = f"killed at {points[0]}"
    argv = [sys.executable, "-m", "tests.engine.crashing_workers", *points]
    processes.start(name, argv, environment, cwd=ROOT)
    processes.wait_for(name, f"idle after {len(points)}", timeout=150)


def test_killed_workers_lose_and_double_nothing(
    connection: Connection, shop: Shop, processes: Processes, process_environment: dict[str, str]
) -> None:
    """Between a product and its variants, after a batch, before a result is recorded, and while products are read."""
    for data_type in (DataType.CATEGORIES, DataType.BRANDS, DataType.PRODUCTS):
        job = Job.objects.get(connection=connection, data_type=data_type, direction=Direction.IMPORT)
        start_run(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.SCHEDULE)
    crash(processes, process_environment, "page", "page:2", "close")
    target = connect(shop, "vendure_target", "killed")
    make_products(target.seller, 5, prefix="KILL")
    export = Job.objects.get(connection=target, data_type=DataType.PRODUCTS, direction=Direction.EXPORT)
    start_run(job=export, trigger="button")
    crash(processes, process_environment, "before_variants", "after_vendure", "before_commit")
    rows = shop.admin.run("{ products(options: { take: 1000 }) { items { id variants { sku } } } }")["products"][
        "items"
    ]
    ours = [row for row in rows if any(each["sku"].startswith("KILL") for each in row["variants"])]
    assert len(ours) == 5 and not [row for row in rows if not row["variants"]]
    assert Link.objects.filter(connection=target, kind=Kind.PRODUCT).count() == 5
    read = Link.objects.filter(connection=connection, kind=Kind.PRODUCT).values_list("external_id", flat=True)
    assert {row["id"] for row in rows} >= set(read) and len(set(read)) == len(read) >= len(PRODUCTS)
    assert not Change.objects.exists() and not Run.objects.filter(state__in=Run.OPEN).exists() and issues() == []
