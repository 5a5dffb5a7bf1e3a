"""ID conflicts: an order with an ID in use is not imported, and the issue names both orders (L16)."""

from datetime import timedelta

import pytest

from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Link
from orders.models import Order, OrderLine
from orders.records import OrderRecord
from synclog.models import Issue, ItemEvent, ItemStatus
from tests.factories import make_connection, make_job
from tests.orders.importing import PLACED, import_records, line, order


def rows() -> tuple:
    return (
        list(Order.objects.order_by("pk").values()),
        list(OrderLine.objects.order_by("pk").values()),
        list(Link.objects.order_by("pk").values("kind", "external_id", "item_id", "received_hash")),
    )


@pytest.mark.parametrize(
    ("conflicting", "code"),
    [
        (order("1", "N-2", line("2-1")), "order_id_in_use"),
        (order("1", "N-1", placed_at=PLACED + timedelta(days=40)), "order_id_in_use"),
        (order("2", "N-1"), "order_number_in_use"),
        (order("2", "N-2", line("2-1"), line("1-1")), "order_line_id_in_use"),
    ],
    ids=["id", "id and number", "number", "line"],
)
def test_an_id_conflict_overwrites_nothing(orders: Job, conflicting: OrderRecord, code: str) -> None:
    import_records(orders, order("1", "N-1", line("1-1")))
    holder, before = Order.objects.get(), rows()
    for _ in range(2):
        tally = import_records(orders, conflicting, order("3", "N-3"))
        assert (tally.created + tally.unchanged, tally.skipped) == (1, 1)
    after = rows()
    assert [each[: len(was)] for each, was in zip(after, before, strict=True)] == list(before)
    assert set(Order.objects.values_list("number", flat=True)) == {"N-1", "N-3"}
    assert ItemStatus.objects.get(item_id=holder.pk).state == ItemStatus.State.PENDING
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.code, issue.severity, issue.occurrences) == (code, "error", 2)
    assert issue.external_id == f"order:{conflicting.external_id}" and issue.title == conflicting.number
    assert f"no. {holder.pk}" in issue.message and conflicting.number in issue.message and issue.fix


def test_an_order_with_a_line_id_in_use_stays_unchanged(orders: Job) -> None:
    import_records(orders, order("1"), order("2"))
    before = rows()
    import_records(orders, order("2", "", line("2-1", quantity="5"), line("1-1"), status="shipped"))
    assert rows() == before
    assert ItemStatus.objects.get(item_id=Order.objects.get(number="N-2").pk).state == "pending"


def test_of_two_conflicting_orders_on_a_page_only_one_is_imported(orders: Job) -> None:
    tally = import_records(orders, order("1", "N-1"), order("2", "N-1"), order("3", "N-3", line("1-1")), order("4"))
    assert (tally.read, tally.created, tally.skipped) == (4, 2, 2)
    assert set(Order.objects.values_list("number", flat=True)) == {"N-1", "N-4"}
    assert set(Issue.objects.values_list("external_id", "code")) == {
        ("order:2", "order_number_in_use"),
        ("order:3", "order_line_id_in_use"),
    }


def test_a_change_of_the_existing_order_is_still_in_the_timeline(orders: Job) -> None:
    import_records(orders, order("1", "N-1"))
    tally = import_records(
        orders, order("1", "N-1", status="shipped"), order("2", "N-2", line("1-1")), order("3", "N-1")
    )
    assert (tally.updated, tally.skipped) == (1, 2)
    assert ItemEvent.objects.get(action="updated").changes == {
        "status": ["confirmed", "shipped"],
        "OAK-1: status": ["pending", "shipped"],
        "OAK-1: quantity_shipped": ["0.000", "1.000"],
    }
    assert ItemStatus.objects.get().state == ItemStatus.State.PENDING


def test_the_issue_is_resolved_when_the_order_gets_its_own_id(orders: Job) -> None:
    import_records(orders, order("1", "N-1"))
    import_records(orders, order("2", "N-1"))
    assert ItemStatus.objects.get().state == "pending"
    import_records(orders, order("2", "N-2"))
    import_records(orders, order("1", "N-1", status="shipped"))
    assert not Issue.objects.filter(resolved_at=None).exists()
    assert set(ItemStatus.objects.values_list("state", flat=True)) == {"synced"}


def test_a_corrected_time_zone_is_the_same_order(orders: Job) -> None:
    import_records(orders, order("1"))
    assert import_records(orders, order("1", placed_at=PLACED + timedelta(hours=13))).updated == 1


def test_ids_of_different_shops_do_not_conflict(orders: Job, shop: Connection) -> None:
    other = make_job(make_connection(shop.seller), DataType.ORDERS, Direction.IMPORT)
    import_records(orders, order("1"))
    assert import_records(other, order("1")).created == 1
    assert Order.objects.filter(number="N-1").count() == 2
    assert Link.objects.filter(kind=Kind.ORDER_LINE, external_id="1-1").count() == 2
