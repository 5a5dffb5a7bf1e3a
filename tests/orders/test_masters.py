"""Each kind of data has one master, who wins a conflict; the loser is reported (L17)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.engine.applying import import_context_for
from connectors.engine.importing import discontinue
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Master
from orders.models import Customer, Order, OrderLine
from orders.records import OrderRecord, ShipmentRecord
from synclog.models import Issue, ItemStatus
from tests.factories import make_connection, make_job
from tests.orders.importing import PLACED, customer, import_records, line, order


@pytest.fixture
def oms(shop: Connection) -> Connection:
    """The master of customers and orders."""
    oms = make_connection(shop.seller, name="Acme OMS", role="oms")
    assert shop.seller is not None
    for group in (Master.Group.CUSTOMERS, Master.Group.ORDERS):
        Master.objects.create(seller=shop.seller, group=group, connection=oms)
    return oms


@pytest.fixture
def oms_orders_job(orders: Job, oms: Connection) -> Job:
    """Reads orders from the OMS, which has got order 1 of the shop as its own 901."""
    import_records(orders, order("1", "N-1", line("1-1"), customer_note="ring twice"))
    link = {"connection": oms, "kind": Kind.ORDER, "external_id": "901"}
    Link.objects.create(**link, item_id=Order.objects.get().pk)
    return make_job(oms, DataType.ORDERS, Direction.IMPORT)


def oms_record(status: str = "shipped") -> OrderRecord:
    """As an OMS sees it: numbers of its own, no addresses, no notes."""
    return order(
        "901",
        "SO-77",
        line("i5", "OAK-1", "2", status=status, title=""),
        status=status,
        addresses=[],
        placed_at=PLACED.replace(year=2027),
        shipments=[ShipmentRecord(external_id="s", lines={"i5": Decimal(2)})],
    )


def test_the_master_says_what_became_of_an_order_not_how_it_was_placed(oms_orders_job: Job, shop: Connection) -> None:
    assert import_records(oms_orders_job, oms_record()).updated == 1
    found = Order.objects.get()
    assert (found.status, found.shipments.count(), found.addresses.count()) == ("shipped", 1, 1)
    assert (found.number, found.placed_at, found.customer_note) == ("N-1", PLACED, "ring twice")
    assert found.source == shop
    row = OrderLine.objects.get()
    assert (row.quantity, row.status, row.title) == (Decimal(2), "shipped", "Item OAK-1")
    assert Link.objects.get(connection=oms_orders_job.connection, kind=Kind.ORDER_LINE).item_id == row.pk
    assert not Issue.objects.exists()


def test_who_is_not_master_loses_and_is_reported(orders: Job, oms_orders_job: Job) -> None:
    import_records(oms_orders_job, oms_record())
    before = Order.objects.values().get()
    Change.objects.all().delete()
    amended = order("1", "N-1", line("1-1"), line("1-2", "PIN-1"), customer_note="ring twice", status="cancelled")
    for _ in range(2):  # it is told for as long as it lasts
        tally = import_records(orders, amended)
        assert (tally.updated, tally.unchanged, tally.skipped) == (0, 0, 1)
    assert Order.objects.values().get() == before and OrderLine.objects.count() == 1
    assert not Change.objects.exists()
    issue = Issue.objects.get()
    assert (issue.external_id, issue.code, issue.severity, issue.occurrences) == ("order:1", "not_master", "warning", 2)
    assert "Acme OMS, which is the master of orders: status, OAK-1: status, OAK-1: quantity, PIN-1" in issue.message
    assert ItemStatus.objects.get(job=orders).state == ItemStatus.State.SKIPPED
    # The OMS comes to say the same.
    import_records(
        oms_orders_job, order("901", "SO-77", line("i5"), line("i6", "PIN-1"), addresses=[], status="cancelled")
    )
    import_records(orders, amended)
    assert Issue.objects.get().resolved_at is not None


def test_the_source_may_still_say_how_it_was_placed(orders: Job, oms_orders_job: Job) -> None:
    import_records(oms_orders_job, oms_record())
    import_records(orders, order("1", "N-1", line("1-1"), customer_note="do not ring"))
    found = Order.objects.get()
    assert (found.customer_note, found.status) == ("do not ring", "shipped")
    assert Issue.objects.get().code == "not_master"
    assert ItemStatus.objects.get(job=orders).state == ItemStatus.State.SYNCED


def test_a_new_order_needs_no_master(orders: Job, oms_orders_job: Job) -> None:
    assert import_records(orders, order("2")).created == 1
    assert not Issue.objects.exists()


def test_customers_follow_their_master(customers: Job, oms: Connection) -> None:
    import_records(customers, customer("1"))
    import_records(customers, customer("1", email="new@example.com", addresses=[]))
    found = Customer.objects.get()
    assert (found.email, found.addresses.count()) == ("buyer1@example.com", 1)
    issue = Issue.objects.get()
    assert (issue.external_id, issue.severity) == ("customer:1", "warning")
    assert "email, addresses" in issue.message and "example.com" not in issue.message


def test_a_deletion_by_another_than_the_master_is_reported_and_not_followed(customers: Job, oms: Connection) -> None:
    import_records(customers, customer("1"))
    target = import_context_for(customers, run_id=None, now=timezone.now())
    assert discontinue(target, list(Link.objects.all())) == 0
    assert Customer.objects.get().status == "active"
    assert Issue.objects.get().code == "not_master"
