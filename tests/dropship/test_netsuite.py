"""An order for two vendors becomes a sales order in each NetSuite account, and the shipments come back (S1)."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Seller
from catalog.models import Variant
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction
from hub.models import Change, Connection, Job, Run
from hub.services import start_run
from orders.models import Order, OrderLine, ShipmentLine
from sandbox.process import SandboxProcess
from synccenter.processes import Processes
from synclog.models import Issue, ItemStatus
from tests.dropship.conftest import make_agreement, shop_of
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.orders.importing import address, import_records, line, order

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
Connect = Callable[[str], Connection]


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("netsuite", accounts={"pines": "pines-secret", "quays": "quays-secret"}, products=5)


@pytest.fixture
def connect(platform: SandboxProcess, seller: Seller) -> Connect:
    """`connect(slug)`: a vendor with its own NetSuite account and an agreement with the seller under its slug."""

    def make(slug: str) -> Connection:
        vendor = make_seller(slug)
        make_agreement(seller, vendor, slug)
        return install_connection(
            seller=vendor,
            platform="netsuite",
            name=f"NetSuite of {slug}",
            slug=f"{slug}-netsuite",
            base_url=f"{platform.url}/{slug}/services/rest",
            settings={"account": slug, "auth": "tba", "client_id": "sandbox-client", "token_id": "sandbox-token"},
            credentials={"consumer_secret": "sandbox-secret", "token_secret": f"{slug}-secret"},
            start=False,
        )

    return make


@pytest.fixture
def pines(connect: Connect) -> Connection:
    return connect("pines")


@pytest.fixture
def quays(connect: Connect) -> Connection:
    return connect("quays")


def mixed_order(number: str = "5", **fields: Any) -> Any:
    where = address(last_name="Zimmer", email="zoe@buyer.example")
    lines = [
        line(f"{number}-a", "SKU-1", "2", vendor="pines"),
        line(f"{number}-b", "SKU-2", "3", vendor="quays"),
        line(f"{number}-c", "OWN-1"),
    ]
    return order(number, "", *lines, **({"addresses": [where]} | fields))


def sales_orders(platform: SandboxProcess, account: str) -> list[tuple[str, str, list[tuple[str, int]]]]:
    return [
        (
            row["entity"]["externalid"],
            row["otherRefNum"],
            [(each["sku"], each["quantity"]) for each in row["items"] if not each["isClosed"]],
        )
        for row in platform.state("orders", account)
    ]


def job(connection: Connection, direction: Direction) -> Job:
    return Job.objects.get(connection=connection, direction=direction, data_type=DataType.ORDERS)


def run_partial_import(connection: Connection) -> None:
    """Runs an incremental import, as the schedule does every five minutes."""
    start_run(job=job(connection, Direction.IMPORT), scope=Run.Scope.PARTIAL, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()


def shipped() -> set[tuple[str, str, int]]:
    rows = ShipmentLine.objects.values_list("order_line__sku", "shipment__tracking_number", "quantity")
    return {(sku, number, int(quantity)) for sku, number, quantity in rows}


def fulfil(platform: SandboxProcess, account: str, found: Order, **about: Any) -> None:
    platform.control("POST", "fulfil", json={"account": account, "order": f"sc-order-{found.pk}"} | about)


def test_one_order_goes_to_two_vendors_and_back(
    orders: Job, pines: Connection, quays: Connection, platform: SandboxProcess
) -> None:
    import_records(orders, mixed_order())
    work_until_idle()
    assert sales_orders(platform, "pines") == [("sc-seller-acme", "N-5", [("SKU-1", 2)])]
    assert sales_orders(platform, "quays") == [("sc-seller-acme", "N-5", [("SKU-2", 3)])]
    assert "zoe@buyer.example" not in str([*platform.state("orders", "pines"), *platform.state("customers", "pines")])
    assert ItemStatus.objects.filter(job__connection__in=(pines, quays), state="synced").count() == 2

    found = Order.objects.get()
    fulfil(platform, "pines", found, tracking=["P-1"])
    run_partial_import(pines)
    assert shipped() == {("SKU-1", "P-1", 2)}
    fulfil(platform, "quays", found, tracking=["Q-1"], quantities={"SKU-2": 1})
    run_partial_import(quays)
    run_partial_import(pines)
    assert shipped() == {("SKU-1", "P-1", 2), ("SKU-2", "Q-1", 1)}
    statuses = dict(OrderLine.objects.values_list("sku", "status"))
    assert statuses == {"SKU-1": "shipped", "SKU-2": "partly_shipped", "OWN-1": "pending"}
    found.refresh_from_db()
    assert found.status == "partly_shipped"
    # The imported shipments are not sent back to the vendors, and no change stays queued.
    work_until_idle()
    assert [row["items"][0]["isClosed"] for name in ("pines", "quays") for row in platform.state("orders", name)] == [
        False,
        False,
    ]
    assert not Change.objects.exists() and not Issue.objects.exists()


@pytest.mark.system
def test_a_worker_killed_between_sent_and_committed_makes_no_second_order(
    orders: Job,
    pines: Connection,
    platform: SandboxProcess,
    processes: Processes,
    process_environment: dict[str, str],
) -> None:
    """NetSuite processes the call, but the worker is killed before it records the result."""
    import_records(orders, mixed_order())
    argv = [sys.executable, "-m", "tests.engine.crashing_workers", "after_sale"]
    processes.start("crashing_workers", argv, process_environment, cwd=ROOT)
    processes.wait_for("crashing_workers", "idle after 1", timeout=90)
    writes = [call for call in platform.calls() if call["method"] in ("PUT", "PATCH") and "salesOrder" in call["path"]]
    assert [call["method"] for call in writes] == ["PUT", "PATCH"]
    assert sales_orders(platform, "pines") == [("sc-seller-acme", "N-5", [("SKU-1", 2)])]
    fulfil(platform, "pines", Order.objects.get(), tracking=["P-1"])
    run_partial_import(pines)
    assert shipped() == {("SKU-1", "P-1", 2)}


def test_one_vendor_ships_for_several_sellers(orders: Job, pines: Connection, platform: SandboxProcess) -> None:
    second = make_seller("beta")
    make_agreement(second, Seller.objects.get(slug="pines"), "The Pine People")
    import_records(orders, mixed_order("1"))
    import_records(
        shop_of(second), order("2", "", line("2-a", "SKU-3", "4", vendor="the pine people"), line("2-b", "OWN-9"))
    )
    work_until_idle()
    assert sorted(sales_orders(platform, "pines")) == [
        ("sc-seller-acme", "N-1", [("SKU-1", 2)]),
        ("sc-seller-beta", "N-2", [("SKU-3", 4)]),
    ]
    for found in Order.objects.all():
        fulfil(platform, "pines", found, tracking=[f"T-{found.number}"])
    run_partial_import(pines)
    assert shipped() == {("SKU-1", "T-N-1", 2), ("SKU-3", "T-N-2", 4)}
    assert set(ShipmentLine.objects.values_list("seller__slug", "order_line__seller__slug")) == {
        ("acme", "acme"),
        ("beta", "beta"),
    }


def test_a_canceled_part_is_closed_in_netsuite(orders: Job, pines: Connection, platform: SandboxProcess) -> None:
    import_records(orders, mixed_order())
    work_until_idle()
    import_records(orders, mixed_order(status="cancelled"))
    work_until_idle()
    assert sales_orders(platform, "pines") == [("sc-seller-acme", "N-5", [])]


def test_an_unknown_sku_is_an_issue_of_the_seller_and_is_fixed_by_a_retry(
    orders: Job, pines: Connection, platform: SandboxProcess
) -> None:
    import_records(orders, order("7", "", line("7-a", "NEW-1", vendor="pines")))
    work_until_idle()
    issue = Issue.objects.get()
    assert (issue.seller.slug, issue.code) == ("acme", "item_not_at_target") and "NEW-1" in issue.message
    platform.control("POST", "items", json={"account": "pines", "sku": "SKU-5", "values": {"itemid": "NEW-1"}})
    start_run(job=job(pines, Direction.EXPORT), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    issue.refresh_from_db()
    assert issue.resolved_at is not None and sales_orders(platform, "pines")[0][2] == [("NEW-1", 1)]


def test_products_and_stock_are_imported_incrementally(pines: Connection, platform: SandboxProcess) -> None:
    reading = Job.objects.get(connection=pines, direction=Direction.IMPORT, data_type=DataType.PRODUCTS)
    start_run(job=reading, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    own = Variant.objects.filter(seller=pines.seller)
    assert own.count() == 8 and own.get(sku="SKU-2").stock.get().quantity == 2
    platform.control("POST", "stock", json={"account": "pines", "sku": "SKU-2", "quantity": 40})
    start_run(job=reading, scope=Run.Scope.PARTIAL, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()
    assert own.get(sku="SKU-2").stock.get().quantity == 40
