"""Importing orders: creation, changes, shipments (D14)."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Variant
from connectors.engine.applying import import_context_for
from connectors.engine.discontinuing import discontinue
from connectors.engine.settling.results import issue_draft
from connectors.sdk import issues
from hub.kinds import DataType, Kind
from hub.models import Change, Connection, Job, Link
from orders.items import load_orders
from orders.models import Address, Customer, Order, OrderLine, Shipment, ShipmentLine
from orders.records import ShipmentRecord
from synclog.models import Issue, ItemEvent
from tests.factories import make_connection, make_job, make_products, make_seller
from tests.orders.importing import PLACED, address, customer, import_records, line, order


def parcel(external_id: str = "s1", quantity: str = "1", **fields: Any) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=external_id, carrier="DHL", tracking_numbers=["JD01"], lines={"5-1": Decimal(quantity)}, **fields
    )


def snapshot() -> dict:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Order, OrderLine, Shipment, ShipmentLine, Address, Change)
    }


def test_importing_the_same_order_twice_changes_nothing(orders: Job, shop: Connection) -> None:
    make_job(make_connection(shop.seller), DataType.ORDERS)
    assert import_records(orders, order("5", shipments=[parcel()])).created == 1
    before = snapshot()
    assert all(before.values())
    assert import_records(orders, order("5", shipments=[parcel()])).unchanged == 1
    # Even if no received hash is stored.
    Link.objects.update(received_hash=None)
    assert import_records(orders, order("5", shipments=[parcel()])).unchanged == 1
    assert snapshot() == before


def test_an_order_refers_to_its_customer_variants_and_source(orders: Job, customers: Job, shop: Connection) -> None:
    assert shop.seller is not None
    make_products(shop.seller, 2, prefix="OAK")
    make_products(make_seller(), 2, prefix="OAK")
    linked, by_sku = Variant.objects.filter(seller=shop.seller).order_by("pk")
    Link.objects.create(connection=shop, kind=Kind.VARIANT, external_id="v9", item_id=linked.pk)
    import_records(customers, customer("7"))
    lines = (line("a", "OTHER", variant_id="v9"), line("b", "OAK-2"), line("c", "GONE", variant_id="v8"))
    import_records(orders, order("5", "N-5", *lines, customer_id="7"))
    found = Order.objects.get()
    assert (found.source, found.customer) == (shop, Customer.objects.get())
    assert [row.variant for row in found.lines.all().order_by("pk")] == [linked, by_sku, None]
    assert Link.objects.filter(kind=Kind.ORDER_LINE).count() == 3


def test_changes_are_recorded_field_by_field(orders: Job) -> None:
    import_records(orders, order("5", "N-5", line("a", "A"), line("b", "B")))
    kept = OrderLine.objects.get(sku="A")
    changed = order(
        "5",
        "N-5",
        line("a", "A", "3"),
        line("c", "C"),
        status="shipped",
        total=Decimal("40.5"),
        customer_note="ring twice",
    )
    assert import_records(orders, changed).updated == 1
    assert ItemEvent.objects.get(action="updated").changes == {
        "status": ["confirmed", "shipped"],
        "total": ["10.0000", "40.5000"],
        "customer_note": ["…", "…"],
        "A: quantity": ["1.000", "3.000"],
        "A: quantity_shipped": ["0.000", "3.000"],
        "A: status": ["pending", "shipped"],
        "A: total_net": ["10.0000", "30.0000"],
        "A: total_gross": ["10.0000", "30.0000"],
        "B: status": ["pending", "cancelled"],
        "C": [None, "new line"],
    }
    kept.refresh_from_db()
    assert (kept.quantity, kept.order.status) == (Decimal(3), "shipped")
    # Line B is added back.
    import_records(orders, order("5", "N-5", line("a", "A", "3"), line("b", "B"), line("c", "C"), status="shipped"))
    assert list(OrderLine.objects.order_by("sku").values_list("sku", "status")) == [
        ("A", "shipped"),
        ("B", "shipped"),
        ("C", "shipped"),
    ]


def test_shipments_are_added_changed_and_removed(orders: Job) -> None:
    def shipped() -> list:
        rows = ShipmentLine.objects.values_list("shipment__external_id", "order_line__sku", "quantity")
        return sorted(rows)

    lines = (line("5-1", "A", "5"),)
    import_records(orders, order("5", "", *lines, shipments=[parcel()]))
    assert shipped() == [("s1", "A", 1)]
    import_records(orders, order("5", "", *lines, status="shipped", shipments=None))
    assert shipped() == [("s1", "A", 1)]
    import_records(orders, order("5", "", *lines, shipments=[parcel(quantity="2"), parcel("s2", "3")]))
    assert shipped() == [("s1", "A", 2), ("s2", "A", 3)]
    assert ItemEvent.objects.latest("pk").changes["shipments"] == [1, 2]
    import_records(orders, order("5", "", *lines, shipments=[]))
    assert shipped() == [] and not Shipment.objects.exists()


@pytest.mark.parametrize("numbers", [["JD01"], [], ["jd 01"], ["JD01, JD03"], ["ERP-1"]])
def test_a_shipment_that_the_shop_split_is_not_counted_twice(orders: Job, numbers: list[str]) -> None:
    """Shopify has a fulfillment for each location (`numbers`: the tracking numbers of both, as it spells them)."""
    lines = (line("5-1", "A", "5"), line("5-2", "B", "2"))
    import_records(orders, order("5", "", *lines))
    item = Order.objects.get()
    a, b = OrderLine.objects.order_by("position")
    sent = Shipment.objects.create(
        order=item,
        seller=item.seller,
        reported_by=orders.connection,
        external_id="ERP-1",
        tracking_numbers=["JD01", "JD03"],
    )
    for sold, quantity in ((a, 3), (b, 2)):
        ShipmentLine.objects.create(shipment=sent, seller=item.seller, order_line=sold, quantity=quantity)
    parts = [
        ShipmentRecord(external_id=name, tracking_numbers=numbers, lines={key: Decimal(quantity)})
        for name, key, quantity in (("s1", "5-1", 3), ("s2", "5-2", 2))
    ]
    import_records(orders, order("5", "", *lines, shipments=parts))
    assert [each.external_id for each in Shipment.objects.all()] == ["ERP-1"]
    # What the shop shipped besides is no part of it.
    more = ShipmentRecord(external_id="s3", tracking_numbers=["JD02"], lines={"5-1": Decimal(2)})
    import_records(orders, order("5", "", *lines, shipments=[*parts, more]))
    assert set(Shipment.objects.values_list("external_id", flat=True)) == {"ERP-1", "s3"}
    assert set(load_orders([item.pk])[item.pk].open_quantities().values()) == {0}


def test_a_shipment_with_an_unknown_line_is_reported_and_the_rest_is_imported(orders: Job) -> None:
    shipment = parcel(shipped_at=PLACED)
    shipment.lines["77"] = Decimal(1)
    import_records(orders, order("5", shipments=[shipment]))
    assert ShipmentLine.objects.get().order_line.sku == "OAK-1"
    issue = Issue.objects.get()
    assert (issue.external_id, issue.severity, issue.title) == ("order:5", "warning", "N-5")
    assert "77" in issue.message


def test_an_issue_of_an_exported_order_has_its_number_as_title(orders: Job) -> None:
    change: Any = SimpleNamespace(item_id=8)
    problem = issues.TARGET_TOTAL_DIFFERS(currency="EUR", total=Decimal(2), expected=Decimal(1))
    assert issue_draft(orders, change, SimpleNamespace(number="N-12"), [problem]).title == "N-12"


def test_addresses_of_an_order_are_replaced_but_never_deleted(orders: Job) -> None:
    import_records(orders, order("5"))
    import_records(orders, order("5", status="shipped", addresses=[]))
    assert Address.objects.get().street == "Storgata 1"
    import_records(orders, order("5", addresses=[address(street="Ny 2"), address(use="billing")]))
    assert Address.objects.count() == 2
    assert ItemEvent.objects.latest("pk").changes["addresses"] == ["…", "…"]


def test_an_order_gets_its_customer_once_it_is_imported(orders: Job, customers: Job) -> None:
    import_records(orders, order("5", customer_id="7"))
    assert Order.objects.get().customer is None
    target = make_job(make_connection(orders.connection.seller), DataType.ORDERS)
    import_records(customers, customer("6"), customer("7"))
    assert Order.objects.get().customer == Customer.objects.get(last_name="Buyer 7")
    assert Change.objects.get(job=target).item_id == Order.objects.get().pk
    assert import_records(orders, order("5", customer_id="7")).updated == 0


def test_an_order_deleted_in_its_shop_is_canceled_with_what_is_open(orders: Job) -> None:
    target = make_job(make_connection(orders.connection.seller), DataType.ORDERS)
    import_records(orders, order("5", "", line("5-1", "A", "5", quantity_shipped=Decimal(2)), line("5-2", "B")))
    Change.objects.all().delete()
    context = import_context_for(orders, run_id=None, now=timezone.now())
    gone = list(Link.objects.filter(kind=Kind.ORDER))
    assert discontinue(context, gone) == 1
    assert Order.objects.get().status == "cancelled"
    rows = OrderLine.objects.order_by("sku").values_list("status", "quantity_cancelled")
    assert list(rows) == [("pending", Decimal(3)), ("cancelled", Decimal(1))]
    assert set(load_orders([Order.objects.get().pk])[Order.objects.get().pk].open_quantities().values()) == {0}
    assert Change.objects.get(job=target).item_id == Order.objects.get().pk
    assert Link.objects.get(kind=Kind.ORDER).missing
    # It reappears.
    import_records(orders, order("5", "", line("5-1", "A", "5"), line("5-2", "B")))
    assert (Order.objects.get().status, OrderLine.objects.get(sku="B").quantity_cancelled) == ("confirmed", 0)


@pytest.mark.parametrize("role", ["erp", "oms"])
def test_orders_missing_in_another_system_are_kept(orders: Job, role: str) -> None:
    Connection.objects.update(role=role)
    import_records(orders, order("5"))
    context = import_context_for(Job.objects.get(), run_id=None, now=timezone.now())
    assert discontinue(context, list(Link.objects.filter(kind=Kind.ORDER))) == 0
    assert Order.objects.get().status == "confirmed"
    assert not Link.objects.filter(missing=True).exists()


def test_an_older_version_never_overwrites_a_newer_one(orders: Job) -> None:
    import_records(orders, order("5", status="shipped", updated_at=PLACED + timedelta(hours=2)))
    import_records(orders, order("5", status="confirmed", updated_at=PLACED + timedelta(hours=1)))
    assert Order.objects.get().status == "shipped"


@pytest.mark.parametrize(("minutes", "status"), [(30, "shipped"), (90, "confirmed")])
def test_an_older_version_that_a_full_read_finds_long_after_is_what_the_source_has(
    orders: Job, minutes: int, status: str
) -> None:
    """Its clock was set back, or it was restored from a backup. Shortly after, it may be the answer of a cache."""
    import_records(orders, order("5", status="shipped", updated_at=PLACED + timedelta(hours=2)))
    started = timezone.now() + timedelta(minutes=minutes)
    older = order("5", status="confirmed", updated_at=PLACED + timedelta(hours=1))
    import_records(orders, older, full_since=started)
    assert Order.objects.get().status == status


def test_only_invalid_orders_of_a_page_are_skipped(orders: Job) -> None:
    invalid = [
        order("nul", "N-1", line("nul-1", title="a\0b")),
        order("currency", "N-2", currency="EURO"),
        order("negative", "N-3", line("negative-1", quantity="-1")),
        order("position", "N-4", line("position-1", position=2**40)),
        order("total", "N-5", total=Decimal("12345678901234")),
        order("infinite", "N-6", tax=Decimal("Infinity")),
        order("ip", "N-7", ip_address="nowhere"),
        order("twice", "N-8", line("same"), line("same")),
        order("line", "N-9", line("x" * 201)),
    ]
    tally = import_records(orders, order("1"), *invalid, order("2"))
    assert (tally.created, tally.skipped) == (2, len(invalid))
    assert Order.objects.count() == OrderLine.objects.count() == 2
    issues = Issue.objects.filter(resolved_at=None).values_list("external_id", flat=True)
    assert set(issues) == {f"order:{record.external_id}" for record in invalid}


def test_a_fixed_order_resolves_its_issue(orders: Job) -> None:
    import_records(orders, order("5", currency="EURO"))
    import_records(orders, order("5"))
    assert Issue.objects.get().resolved_at is not None


@pytest.mark.parametrize(
    ("column", "constraint"), [("customer", "customer_id_tenant"), ("lines", "order_id_tenant")], ids=str
)
def test_an_order_cannot_refer_to_rows_of_another_seller(orders: Job, column: str, constraint: str) -> None:
    import_records(orders, order("5"))
    other = make_seller()
    if column == "customer":
        Order.objects.update(customer=Customer.objects.create(seller=other))
    else:
        OrderLine.objects.update(seller=other)
    with pytest.raises(IntegrityError, match=constraint), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_page_of_500_orders_takes_as_many_queries_as_one_order(orders: Job, customers: Job) -> None:
    def queries(first: int, number: int, **fields: Any) -> int:
        records = []
        for n in range(first, first + number):
            parcels = [ShipmentRecord(external_id="s", lines={f"{n}-a": Decimal(1)})]
            lines = (line(f"{n}-a", "OAK-1", **fields), line(f"{n}-b", "OAK-2", variant_id="v1"))
            records.append(order(str(n), "", *lines, customer_id="7", shipments=parcels, **fields))
        with CaptureQueriesContext(connection) as captured:
            import_records(orders, *records)
        return len(captured)

    import_records(customers, customer("7"))
    import_records(orders, order("warm"))
    assert queries(0, 1) == queries(1000, 500) < 45
    assert queries(0, 1, status="shipped") == queries(1000, 50, status="shipped") < 45
    ids = list(Order.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as captured:
        assert len(load_orders(ids)) == 502
    assert len(captured) == 7
