"""Shipments from a vendor's ERP are added to the seller's order without affecting those of others (S9, L17)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import DropshipAgreement, Seller
from connectors.engine.applying import apply_page, import_context_for
from hub.models import Change, Job, Link, Master
from orders.models import Order, OrderLine, Shipment, ShipmentLine
from orders.records import FulfilmentRecord, ShipmentRecord
from synclog.models import Issue, ItemEvent, ItemStatus
from tests.dropship.conftest import Vendor, shop_of
from tests.factories import make_connection, make_job
from tests.orders.importing import import_records, line, order

pytestmark = pytest.mark.django_db(transaction=True)


def placed(orders: Job, *vendors: Vendor, **fields: object) -> Order:
    """An order with two items of each vendor and one of the seller; it has the ID `so-NAME` in each ERP."""
    lines = [line(v.seller.slug, f"{v.seller.slug}-1", "2", vendor=v.seller.slug) for v in vendors]
    import_records(orders, order("5", "", *lines, line("own", "OWN-1"), **fields))
    found = Order.objects.get(seller=orders.connection.seller)
    for vendor in vendors:
        slug = vendor.seller.slug
        own = OrderLine.objects.get(order=found, vendor=slug)
        Link.objects.create(connection=vendor.erp, kind="order", external_id=f"so-{slug}", item_id=found.pk)
        Link.objects.create(connection=vendor.erp, kind="order_line", external_id=f"so-{slug}/1", item_id=own.pk)
    Change.objects.all().delete()
    return found


def report(vendor: Vendor, *parcels: tuple[str, str], lines: str = "") -> FulfilmentRecord:
    """A vendor's fulfillment record. `parcels` are tracking numbers and quantities shipped so far."""
    order_id = f"so-{vendor.seller.slug}"
    return FulfilmentRecord(
        external_id=order_id,
        shipments=[
            ShipmentRecord(
                external_id=f"f{n}",
                carrier="DHL",
                tracking_numbers=[number],
                lines={lines or f"{order_id}/1": Decimal(quantity)},
            )
            for n, (number, quantity) in enumerate(parcels)
        ],
    )


def shipped() -> set[tuple[str, str, int]]:
    rows = ShipmentLine.objects.values_list("order_line__sku", "shipment__tracking_number", "quantity")
    return {(sku, number, int(quantity)) for sku, number, quantity in rows}


def test_vendors_report_their_parts_independently(orders: Job, pines: Vendor, quays: Vendor) -> None:
    own = ShipmentRecord(external_id="s1", tracking_numbers=["OWN"], lines={"own": Decimal(1)})
    placed(orders, pines, quays, shipments=[own])
    import_records(pines.reports, report(pines, ("P1", "1")))
    import_records(quays.reports, report(quays, ("Q1", "2")))
    import_records(pines.reports, report(pines, ("P1", "1"), ("P2", "1")))
    everything = {("OWN-1", "OWN", 1), ("pines-1", "P1", 1), ("pines-1", "P2", 1), ("quays-1", "Q1", 2)}
    assert shipped() == everything
    # An update from the shop does not change them or duplicate those that we sent to it.
    lines = [line("pines", "pines-1", "2"), line("quays", "quays-1", "2"), line("own", "OWN-1")]
    echo = ShipmentRecord(external_id="s2", tracking_numbers=["Q1"], lines={"quays": Decimal(2)})
    import_records(orders, order("5", "", *lines, shipments=[own, echo]))
    assert shipped() == everything
    # A fulfillment deleted in the ERP is deleted here, too.
    import_records(pines.reports, report(pines, ("P2", "1")))
    assert shipped() == everything - {("pines-1", "P1", 1)}
    # A preview of the vendor's job shows it, although it belongs to the seller.
    context = import_context_for(pines.reports, run_id=None, now=timezone.now())
    context.results = []
    apply_page(context, [report(pines, ("P3", "2"))])
    assert [each.record.external_id for each in context.results] == ["so-pines"]


def test_other_systems_are_notified_but_not_the_reporting_one(orders: Job, pines: Vendor, quays: Vendor) -> None:
    found = placed(orders, pines, quays)
    shop = make_job(orders.connection)
    for job in (shop, make_job(make_connection(orders.connection.seller, role="oms"))):
        job.item_kind, job.data_type = "order", "orders"
        job.save()
    import_records(pines.reports, report(pines, ("P1", "2")))
    exporting_roles = set(
        Change.objects.filter(kind="order", item_id=found.pk).values_list("job__connection__role", flat=True)
    )
    assert exporting_roles == {"shop", "oms", "erp"}
    assert not Change.objects.filter(job=pines.sales).exists()


def test_line_and_order_status_follow_the_shipments(orders: Job, pines: Vendor, quays: Vendor) -> None:
    found = placed(orders, pines, quays)
    import_records(pines.reports, report(pines, ("P1", "1")))
    statuses = dict(OrderLine.objects.values_list("sku", "status"))
    assert statuses == {"pines-1": "partly_shipped", "quays-1": "pending", "OWN-1": "pending"}
    import_records(pines.reports, report(pines, ("P1", "1"), ("P2", "1")))
    found.refresh_from_db()
    assert (OrderLine.objects.get(sku="pines-1").status, found.status) == ("shipped", "partly_shipped")
    OrderLine.objects.filter(sku="OWN-1").update(status="cancelled")
    import_records(quays.reports, report(quays, ("Q1", "2")))
    found.refresh_from_db()
    assert found.status == "shipped"


def test_the_source_of_truth_decides_the_status(orders: Job, pines: Vendor) -> None:
    found = placed(orders, pines)
    Master.objects.create(seller=found.seller, group=Master.Group.ORDERS, connection=orders.connection)
    import_records(pines.reports, report(pines, ("P1", "2")))
    found.refresh_from_db()
    assert shipped() == {("pines-1", "P1", 2)}
    assert (found.status, OrderLine.objects.get(sku="pines-1").status) == ("confirmed", "pending")
    assert not Issue.objects.exists()


def test_the_sellers_erp_is_notified_if_it_is_not_the_source_of_truth(orders: Job, pines: Vendor) -> None:
    """An ERP's report on an order of its own seller is not a vendor's report."""
    own = placed(shop_of(pines.seller), pines)
    master = make_connection(pines.seller, role="oms")
    Master.objects.create(seller=pines.seller, group=Master.Group.ORDERS, connection=master)
    import_records(pines.reports, report(pines, ("P1", "2")))
    assert not Shipment.objects.filter(order=own).exists()
    assert Issue.objects.get().code == "not_source_of_truth"


def test_item_status_and_history_belong_to_the_seller(orders: Job, pines: Vendor) -> None:
    found = placed(orders, pines)
    import_records(pines.reports, report(pines, ("P1", "2")))
    for model in (ItemStatus, ItemEvent):
        assert set(model.objects.filter(kind="order", job=pines.reports).values_list("seller", "item_id")) == {
            (found.seller_id, found.pk)
        }
    assert not Issue.objects.exists()


def test_a_report_on_an_order_that_was_not_sent_changes_nothing(orders: Job, pines: Vendor) -> None:
    placed(orders, pines)
    import_records(
        pines.reports, FulfilmentRecord(external_id="so-else", shipments=report(pines, ("P1", "1")).shipments)
    )
    issue = Issue.objects.get()
    assert (issue.code, issue.seller, issue.severity) == ("order_unknown", pines.seller, "warning")
    assert not Shipment.objects.exists()


def test_lines_of_others_are_ignored(orders: Job, pines: Vendor, quays: Vendor) -> None:
    placed(orders, pines, quays)
    import_records(pines.reports, report(pines, ("P1", "1"), lines="so-quays/1"))
    assert shipped() == set()


def test_sent_orders_are_still_reported_after_the_end_of_an_agreement(orders: Job, pines: Vendor) -> None:
    placed(orders, pines)
    DropshipAgreement.objects.update(active=False)
    import_records(pines.reports, report(pines, ("P1", "1")))
    assert shipped() == {("pines-1", "P1", 1)}


@pytest.mark.parametrize("gone", ["agreement", "seller"])
def test_a_vendor_without_an_agreement_reports_nothing(gone: str, orders: Job, pines: Vendor) -> None:
    found = placed(orders, pines)
    if gone == "agreement":
        DropshipAgreement.objects.all().delete()
    else:
        Seller.objects.filter(pk=found.seller_id).update(status=Seller.Status.DELETED)
    import_records(pines.reports, report(pines, ("P1", "1")))
    assert shipped() == set() and not Issue.objects.exists()


def test_importing_shipments_keeps_a_missing_link_missing(orders: Job, pines: Vendor) -> None:
    placed(orders, pines)
    Link.objects.filter(kind="order", connection=pines.erp).update(missing=True)
    for parcels in ((), (("P1", "1"),)):
        import_records(pines.reports, report(pines, *parcels))
        assert Link.objects.get(kind="order", connection=pines.erp).missing
    assert shipped() == {("pines-1", "P1", 1)}


def test_a_page_can_contain_orders_of_several_sellers(orders: Job, pines: Vendor) -> None:
    first = placed(orders, pines)
    own = shop_of(pines.seller)
    import_records(own, order("9", "", line("x", "pines-9", "2")))
    second = Order.objects.get(seller=pines.seller)
    Link.objects.create(connection=pines.erp, kind="order", external_id="so-9", item_id=second.pk)
    Link.objects.create(
        connection=pines.erp, kind="order_line", external_id="so-9/1", item_id=OrderLine.objects.get(order=second).pk
    )
    other = report(pines, ("P9", "2"), lines="so-9/1")
    other.external_id = "so-9"
    tally = import_records(pines.reports, report(pines, ("P1", "2")), other)
    assert (tally.read, tally.updated) == (2, 2)
    assert set(Shipment.objects.values_list("order", "seller")) == {
        (first.pk, first.seller_id),
        (second.pk, second.seller_id),
    }
