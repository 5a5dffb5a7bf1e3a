"""The hub and a real Tryton server: products, orders, shipments, cancellations, returns, workers that are killed."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Product, Stock, Variant
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.services import start_run
from orders.models import Order, OrderLine, ShipmentLine
from orders.records import AdjustmentRecord, OrderLineRecord, OrderRecord, RefundLineRecord, RefundRecord
from sandbox.real import tryton
from sandbox.real.postgres import Postgres
from sandbox.real.tryton_staff import Staff
from synccenter.embedded import postgres_binaries
from synccenter.processes import Processes
from synclog.models import Issue
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import address, customer, import_records, order
from tests.tiers import TIERS

pytestmark = [pytest.mark.real, pytest.mark.timeout(400), pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
D = Decimal


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    postgres = Postgres(os.environ["DATABASE_URL"], postgres_binaries())
    with tryton.running(TIERS["real"].cache, postgres) as url:
        yield url


@pytest.fixture
def erp(server: str) -> Staff:
    return Staff(server)


@pytest.fixture
def shop(transactional_db: None) -> Job:
    """The job that imports orders from the seller's shop."""
    return make_job(
        make_connection(make_seller("acme", currency="EUR"), role="shop"), DataType.ORDERS, Direction.IMPORT
    )


@pytest.fixture
def connection(shop: Job, server: str) -> Connection:
    return install_connection(
        seller=shop.connection.seller,
        platform="tryton",
        name="Acme ERP",
        slug="acme-erp",
        base_url=server,
        settings={"refunds": "return"},
        credentials={"key": tryton.KEY},
        start=False,
    )


def run(connection: Connection, data_type: DataType, scope: Run.Scope = Run.Scope.PARTIAL) -> None:
    job = Job.objects.get(connection=connection, data_type=data_type, direction=Direction.IMPORT)
    start_run(job=job, scope=scope, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()


def lamps(number: str, **changes: Any) -> OrderRecord:
    """Three lamps at 10.00, one at 20.00, shipping of 4.20, without tax, with 19 % of tax: 64.50."""

    def line(key: str, sku: str, quantity: str, net: str, gross: str) -> OrderLineRecord:
        amounts: dict[str, Any] = {
            "total_net": D(net),
            "tax": D(gross) - D(net),
            "total_gross": D(gross),
            "tax_rate": D(19),
        }
        amounts |= {"unit_price": D(gross) / D(quantity), "title": "Lamp"}
        return OrderLineRecord(external_id=f"{number}-{key}", sku=sku, quantity=D(quantity), **amounts)

    usual: dict[str, Any] = {
        "customer_id": "c1",
        "total": D("64.50"),
        "tax": D("10.30"),
        "adjustments": [
            AdjustmentRecord(
                kind="shipping", title="Post", net=D("4.20"), tax=D("0.80"), gross=D("5.00"), tax_rate=D(19)
            )
        ],
        "addresses": [address(first_name="Berta", last_name="Buyer", city="Berlin", country="DE")],
    }
    lines = [line("a", "LAMP-1", "3", "30.00", "35.70"), line("b", "LAMP-2", "1", "20.00", "23.80")]
    return order(number, "", *lines, **usual | changes)


def send(shop: Job, connection: Connection, *records: OrderRecord) -> None:
    if not Link.objects.filter(connection=connection, kind=Kind.CUSTOMER).exists():
        customers = make_job(shop.connection, DataType.CUSTOMERS, Direction.IMPORT)
        import_records(customers, customer("c1", addresses=[address(country="DE")]))
        work_until_idle()
    import_records(shop, *records)
    work_until_idle()


def crash(processes: Processes, environment: dict[str, str], *points: str) -> None:
    """Workers do what is due, and each but the last is killed at one of the points."""
    name = f"workers until {points[0]}"
    processes.start(name, [sys.executable, "-m", "tests.engine.crashing_workers", *points], environment, cwd=ROOT)
    processes.wait_for(name, f"idle after {len(points)}", timeout=90)


def issues() -> list[str]:
    return list(Issue.objects.filter(resolved_at=None).values_list("message", flat=True))


def test_products_prices_and_stock_are_read(connection: Connection, erp: Staff) -> None:
    run(connection, DataType.PRODUCTS, Run.Scope.FULL)
    stock = dict(Stock.objects.values_list("variant__sku", "quantity"))
    assert stock == {"LAMP-1": 100, "LAMP-2": 50, "CHAIR": 7}
    assert Product.objects.filter(status="live").count() == 2
    assert set(Variant.objects.values_list("sku", "prices__amount")) == {
        ("LAMP-1", D(25)),
        ("LAMP-2", D(25)),
        ("CHAIR", D(80)),
    }
    # A count changes neither product nor template; a template that is not active any more is still read.
    (chair,) = erp.find("product.product", [["code", "=", "CHAIR"]], "template")
    (storage,) = erp.find("stock.location", [["code", "=", "STO"]])
    line = {"product": chair["id"], "quantity": 0}
    erp.press(
        "stock.inventory",
        erp.create("stock.inventory", {"location": storage["id"], "lines": [["create", [line]]]}),
        "confirm",
    )
    run(connection, DataType.PRODUCTS)
    assert Stock.objects.get(variant__sku="CHAIR").quantity == 0
    erp.write("product.template", chair["template"], {"active": False})
    run(connection, DataType.PRODUCTS)
    assert Variant.objects.get(sku="CHAIR").status == "suspended" and issues() == []


def test_an_order_is_sent_shipped_and_returned(shop: Job, connection: Connection, erp: Staff) -> None:
    send(shop, connection, lamps("1"))
    found = Order.objects.get()
    (sale,) = erp.sales("N-1")
    assert (sale["state"], sale["total_amount"]["decimal"], sale["tax_amount"]["decimal"]) == (
        "processing",
        "64.50",
        "10.30",
    )
    assert [row["total_amount"]["decimal"] for row in sale["invoices"]] == ["64.50"] and issues() == []
    # A second time, as after an answer that was lost.
    Link.objects.filter(connection=connection, kind=Kind.ORDER).delete()
    Change.objects.all().delete()
    export = Job.objects.get(connection=connection, data_type=DataType.ORDERS, direction=Direction.EXPORT)
    start_run(job=export, trigger="button")
    work_until_idle()
    assert len(erp.sales("N-1")) == 1 and issues() == []

    erp.ship("N-1", "00340-1")
    run(connection, DataType.ORDERS)
    shipped = ShipmentLine.objects.values_list("order_line__sku", "shipment__tracking_number", "quantity")
    assert sorted(shipped) == [("LAMP-1", "00340-1", D(3)), ("LAMP-2", "00340-1", D(1))]
    found.refresh_from_db()
    assert found.status == "shipped"

    record = lamps("1", status="shipped")
    goods = RefundLineRecord(line_id="1-a", quantity=D(1), net=D(10), tax=D("1.90"), gross=D("11.90"))
    record.lines[0] = replace(record.lines[0], quantity_refunded=D(1))
    send(shop, connection, replace(record, refunds=[RefundRecord(external_id="r1", number="R-1", lines=[goods])]))
    assert issues() == []
    sale, returned = erp.sales("N-1")
    assert sale["total_amount"]["decimal"] == "64.50"
    assert (returned["origin"], returned["total_amount"]["decimal"]) == (f"sale.sale,{sale['id']}", "-11.90")


def test_parts_of_an_order_and_then_the_order_are_cancelled(shop: Job, connection: Connection, erp: Staff) -> None:
    send(shop, connection, lamps("2"))
    less = lamps("2")
    less.lines[0] = replace(less.lines[0], quantity_cancelled=D(2))
    send(shop, connection, less)
    (sale,) = erp.sales("N-2")
    assert [line["quantity"] for line in sale["lines"]] == [1, 1, 1] and sale["total_amount"]["decimal"] == "40.70"
    assert [row["total_amount"]["decimal"] for row in sale["invoices"]] == ["40.70"]
    cancelled = lamps("2", status="cancelled")
    for place, line in enumerate(cancelled.lines):
        cancelled.lines[place] = replace(line, quantity_cancelled=line.quantity)
    send(shop, connection, cancelled)
    (sale,) = erp.sales("N-2")
    assert [line["quantity"] for line in sale["lines"]] == [0, 0, 0]
    assert (sale["state"], sale["shipments"], sale["invoices"]) == ("done", [], [])
    assert Issue.objects.filter(resolved_at=None, severity="error").count() == 0


def test_killed_workers_lose_and_double_nothing(
    shop: Job, connection: Connection, erp: Staff, processes: Processes, process_environment: dict[str, str]
) -> None:
    """Between the steps of a sale, before the results of sales are recorded, and while products are read."""
    send(shop, connection)
    import_records(shop, *(lamps(number) for number in ("5", "6", "7")))
    crash(processes, process_environment, "between_steps", "between_steps:2", "after_tryton")
    job = Job.objects.get(connection=connection, data_type=DataType.PRODUCTS, direction=Direction.IMPORT)
    start_run(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.SCHEDULE)
    crash(processes, process_environment, "page")
    for number in ("5", "6", "7"):
        (sale,) = erp.sales(f"N-{number}")
        assert (sale["state"], sale["total_amount"]["decimal"]) == ("processing", "64.50")
        assert len(sale["shipments"]) == len(sale["invoices"]) == 1
    links = Link.objects.filter(connection=connection, kind=Kind.ORDER_LINE)
    assert links.count() == OrderLine.objects.count() == 6
    assert not Change.objects.exists() and Variant.objects.filter(sku__startswith="LAMP").count() == 2
    assert len(erp.find("party.party", [["identifiers.code", "like", "sc-customer-%"]])) >= 1
    assert not Run.objects.filter(state__in=Run.OPEN).exists() and issues() == []
