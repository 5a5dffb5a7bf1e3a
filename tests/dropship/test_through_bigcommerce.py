"""A vendor's shipments get back to a BigCommerce store once, whatever happens to the worker that sends them (S9)."""

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import Seller
from hub.kinds import DataType, Direction
from hub.models import Link
from hub.services import start_run
from orders.models import OrderLine, Shipment
from orders.records import FulfilmentRecord, ShipmentRecord
from sandbox.process import SandboxProcess
from synccenter.processes import Processes
from synclog.models import Issue
from tests.dropship.conftest import Vendor, make_agreement
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job
from tests.orders.importing import import_records
from tests.sales import Sales

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.system]


def test_a_worker_killed_between_sent_and_committed_makes_no_second_shipment(
    seller: Seller,
    make_vendor: Callable[[str], Vendor],
    sandbox: Callable[..., SandboxProcess],
    processes: Processes,
    process_environment: dict[str, str],
) -> None:
    store = sandbox("bigcommerce", accounts={"alpha": "alpha-token"}, products=3)
    shop = make_connection(
        seller,
        platform="bigcommerce",
        role="shop",
        base_url=f"{store.url}/stores/alpha",
        credentials={"access_token": "alpha-token"},
        field_map={"orders": {"vendor": "brand"}},
    )
    make_job(shop, DataType.ORDERS, lane="shipments")
    reading = make_job(shop, DataType.ORDERS, Direction.IMPORT, lane="orders")
    skus = [row["sku"] for row in store.state("variants")]
    homes = [{"city": "Oslo"}, {"city": "Bergen"}]
    lines = [{"sku": skus[0], "quantity": 2, "price": "10", "address": place} for place in (0, 1)]
    placed = Sales(store, "alpha").place({"lines": lines, "addresses": homes})
    start_run(job=reading, trigger="button")
    work_until_idle()
    ours = list(OrderLine.objects.order_by("position"))
    vendor = make_vendor("pines")
    make_agreement(seller, vendor.seller, ours[0].vendor)
    start_run(job=vendor.sales, trigger="button")
    work_until_idle()
    order_id = Link.objects.get(connection=vendor.erp, kind="order").external_id
    for line in ours:
        Link.objects.create(connection=vendor.erp, kind="order_line", external_id=f"so/{line.pk}", item_id=line.pk)
    parcel = ShipmentRecord(
        external_id="IF-1",
        carrier="FedEx",
        tracking_numbers=["T-1"],
        lines={f"so/{line.pk}": Decimal(2) for line in ours},
    )
    import_records(vendor.reports, FulfilmentRecord(external_id=order_id, shipments=[parcel]))
    argv = [sys.executable, "-m", "tests.engine.crashing_workers", "after_shipment"]
    processes.start("crashing_workers", argv, process_environment, cwd=ROOT)
    processes.wait_for("crashing_workers", "idle after 1", timeout=90)

    def sent() -> list[tuple[str, str]]:
        return [(row["tracking_number"], row["shipping_provider"]) for row in store.state("shipments")]

    assert sent() == [("T-1", "fedex"), ("T-1", "fedex")]  # one for each address
    # The store reports them like any others; the hub knows them.
    start_run(job=reading, trigger="button")
    work_until_idle()
    assert len(sent()) == 2 and Shipment.objects.count() == 1 and not Issue.objects.exists()
    assert Sales(store, "alpha").view(placed["id"])["status"] == "Shipped"
