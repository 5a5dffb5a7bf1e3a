"""Each group of fields has one source of truth. It wins conflicts, which are reported (L17)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.engine.applying import import_context_for
from connectors.engine.discontinuing import discontinue
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Master
from orders.models import Customer, Order, OrderLine
from orders.records import OrderRecord, ShipmentRecord
from synclog.models import Issue, ItemStatus
from tests.factories import make_connection, make_job
from tests.orders.importing import PLACED, customer, import_records, line, order


@pytest.fixture
def oms(shop: Connection) -> Connection:
    """The source of truth for customers and orders."""
    oms = make_connection(shop.seller, name="Acme OMS", role="oms")
    assert shop.seller is not None
    for group in (Master.Group.CUSTOMERS, Master.Group.ORDERS):
        Master.objects.create(seller=shop.seller, group=group, connection=oms)
    return oms


@pytest.fixture
def oms_orders_job(orders: Job, oms: Connection) -> Job:
    """Imports orders from the OMS, which knows order 1 of the shop as 901."""
    import_records(orders, order("1", "N-1", line("1-1"), customer_note="ring twice"))
    link = {"connection": oms, "kind": Kind.ORDER, "external_id": "901"}
    Link.objects.create(**link, item_id=Order.objects.get().pk)
    return make_job(oms, DataType.ORDERS, Direction.IMPORT)


def oms_record(status: str = "shipped") -> OrderRecord:
    """The order as the OMS sends it: with other numbers, without addresses and notes."""
    return order(
        "901",
        "SO-77",
        line("i5", "OAK-1", "2", status=status, title=""),
        status=status,
        addresses=[],
        placed_at=PLACED.replace(year=2027),
        shipments=[ShipmentRecord(external_id="s", lines={"i5": Decimal(2)})],
    )


def test_the_source_of_truth_updates_the_status_but_not_how_an_order_was_placed(
    oms_orders_job: Job, shop: Connection
) -> None:
    assert import_records(oms_orders_job, oms_record()).updated == 1
    found = Order.objects.get()
    assert (found.status, found.shipments.count(), found.addresses.count()) == ("shipped", 1, 1)
    assert (found.number, found.placed_at, found.customer_note) == ("N-1", PLACED, "ring twice")
    assert found.source == shop
    row = OrderLine.objects.get()
    assert (row.quantity, row.status, row.title) == (Decimal(2), "shipped", "Item OAK-1")
    assert Link.objects.get(connection=oms_orders_job.connection, kind=Kind.ORDER_LINE).item_id == row.pk
    assert not Issue.objects.exists()


def test_changes_by_another_connection_are_ignored_and_reported(orders: Job, oms_orders_job: Job) -> None:
    import_records(oms_orders_job, oms_record())
    before = Order.objects.values().get()
    Change.objects.all().delete()
    changed = order("1", "N-1", line("1-1"), line("1-2", "PIN-1"), customer_note="ring twice", status="cancelled")
    for _ in range(2):  # reported for as long as the difference exists
        tally = import_records(orders, changed)
        assert (tally.updated, tally.unchanged, tally.skipped) == (0, 0, 1)
    assert Order.objects.values().get() == before and OrderLine.objects.count() == 1
    assert not Change.objects.exists()
    issue = Issue.objects.get()
    assert (issue.external_id, issue.code, issue.severity, issue.occurrences) == (
        "order:1",
        "not_source_of_truth",
        "warning",
        2,
    )
    text = "Acme OMS, which is the source of truth for Orders: Status, OAK-1: Status, OAK-1: Quantity, "
    assert text in issue.message and "PIN-1" in issue.message
    assert ItemStatus.objects.get(job=orders).state == ItemStatus.State.SKIPPED
    # The OMS now has the same values.
    import_records(
        oms_orders_job, order("901", "SO-77", line("i5"), line("i6", "PIN-1"), addresses=[], status="cancelled")
    )
    import_records(orders, changed)
    assert Issue.objects.get().resolved_at is not None


def test_the_source_may_still_update_how_an_order_was_placed(orders: Job, oms_orders_job: Job) -> None:
    import_records(oms_orders_job, oms_record())
    import_records(orders, order("1", "N-1", line("1-1"), customer_note="do not ring"))
    found = Order.objects.get()
    assert (found.customer_note, found.status) == ("do not ring", "shipped")
    assert Issue.objects.get().code == "not_source_of_truth"
    assert ItemStatus.objects.get(job=orders).state == ItemStatus.State.SYNCED


def test_any_connection_may_create_orders(orders: Job, oms_orders_job: Job) -> None:
    assert import_records(orders, order("2")).created == 1
    assert not Issue.objects.exists()


def test_customers_keep_the_values_of_the_source_of_truth(customers: Job, oms: Connection) -> None:
    import_records(customers, customer("1"))
    import_records(customers, customer("1", email="new@example.com", addresses=[]))
    found = Customer.objects.get()
    assert (found.email, found.addresses.count()) == ("buyer1@example.com", 1)
    issue = Issue.objects.get()
    assert (issue.external_id, issue.severity) == ("customer:1", "warning")
    assert "Email, Addresses" in issue.message and "example.com" not in issue.message


def test_a_deletion_by_another_connection_is_ignored_and_reported(customers: Job, oms: Connection) -> None:
    import_records(customers, customer("1"))
    context = import_context_for(customers, run_id=None, now=timezone.now())
    assert discontinue(context, list(Link.objects.all())) == 0
    assert Customer.objects.get().status == "active"
    assert Issue.objects.get().code == "not_source_of_truth"
