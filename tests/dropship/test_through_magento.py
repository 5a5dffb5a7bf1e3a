"""Orders go from Magento to a vendor's ERP, and its shipments go back to the shop (S1, S9)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from accounts.models import Seller
from hub.kinds import DataType, Direction
from hub.models import Job, Link
from hub.services import start_run
from orders.models import Order, OrderLine
from orders.records import FulfilmentRecord, ShipmentRecord
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.adapters.magento import place_order
from tests.dropship.conftest import Vendor, make_agreement
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": "alpha-token"}, products=20, customers=2)


@pytest.fixture
def reading(seller: Seller, shop: SandboxProcess) -> Job:
    """The job that imports the shop's orders; another job exports shipments to the shop."""
    connection = make_connection(
        seller,
        platform="magento",
        role="shop",
        base_url=shop.url,
        credentials={"access_token": "alpha-token"},
        field_map={"orders": {"vendor": "extension_attributes.vendor"}},
    )
    make_job(connection, DataType.ORDERS, lane="shipments")
    return make_job(connection, DataType.ORDERS, Direction.IMPORT, lane="orders")


@pytest.fixture
def vendor(seller: Seller, make_vendor: Callable[[str], Vendor]) -> Vendor:
    created = make_vendor("pines")
    make_agreement(seller, created.seller, "Northwind")
    return created


def read(job: Job) -> None:
    start_run(job=job, trigger="button")
    work_until_idle()


def report(vendor: Vendor, quantity: str) -> None:
    """Reports this quantity of the vendor's first line as shipped."""
    line = OrderLine.objects.filter(vendor="Northwind").order_by("position")[0]
    Link.objects.get_or_create(connection=vendor.erp, kind="order_line", external_id="so-1/1", item_id=line.pk)
    link = Link.objects.get(connection=vendor.erp, kind="order", item_id=line.order_id)
    parcel = ShipmentRecord(
        external_id="IF-1", carrier="DHL", tracking_numbers=["TRACK-9"], lines={"so-1/1": Decimal(quantity)}
    )
    import_records(vendor.reports, FulfilmentRecord(external_id=link.external_id, shipments=[parcel]))
    work_until_idle()


def shipped(shop: SandboxProcess) -> list[tuple[list[float], list[str]]]:
    return [
        ([item["qty"] for item in row["items"]], [track["track_number"] for track in row["tracks"]])
        for row in shop.state("shipments")
    ]


def test_a_vendors_shipment_is_created_once_in_the_shop(
    reading: Job, vendor: Vendor, shop: SandboxProcess, erps: SandboxProcess
) -> None:
    row = place_order(shop, *((position, 2) for position in range(6)))
    read(reading)
    other = [item["sku"] for item in row["items"] if item.get("extension_attributes") == {"vendor": "Northwind"}]
    (sent,) = erps.state("orders", "pines")
    assert 0 < len(sent["lines"]) < 6 and {line["sku"] for line in sent["lines"]} <= set(other)
    report(vendor, "1")
    assert shipped(shop) == [([1], ["TRACK-9"])]
    # The shop reports this shipment like any other; the hub recognizes it as its own.
    read(reading)
    report(vendor, "1")
    assert shipped(shop) == [([1], ["TRACK-9"])]
    (order,) = Order.objects.filter(number=row["increment_id"])
    assert [each.tracking_number for each in order.shipments.all()] == ["TRACK-9"]


def test_what_the_shop_does_not_take_of_a_shipment_is_an_issue_of_the_order(
    reading: Job, vendor: Vendor, shop: SandboxProcess
) -> None:
    place_order(shop, *((position, 2) for position in range(6)))
    read(reading)
    report(vendor, "3")
    assert shipped(shop) == [([2], ["TRACK-9"])]
    (issue,) = Issue.objects.filter(code="shipment_rejected")
    assert "only a part of it is open" in issue.message and "3 → 2" in issue.message
    assert issue.kind == "order"


def test_orders_without_shipments_make_no_calls_to_the_shop(reading: Job, vendor: Vendor, shop: SandboxProcess) -> None:
    place_order(shop, (0, 1), (1, 1))
    read(reading)
    assert not [call for call in shop.calls() if call["method"] != "GET"]
