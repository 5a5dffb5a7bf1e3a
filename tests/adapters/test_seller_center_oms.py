"""Seller Center's OMS: orders with their customers are imported, item statuses are exported, each independently."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.engine.applying.preparing import prepare
from connectors.platforms.seller_center_oms.sources.orders import Orders, order_status
from connectors.platforms.seller_center_oms.targets.item_statuses import failures
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import CustomerRecord, OrderRecord
from hub.kinds import DataType, Kind
from orders.amounts import balance
from orders.items import OrderItem, OrderLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from synclog.issue_catalog import render
from tests.adapters.reading import pages, records
from tests.adapters.seller_center import open_account

# Converting rows to records needs no client.
ORDERS = Orders(None)  # type: ignore[arg-type]
NOW = datetime(2026, 2, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def process(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_oms", accounts={"Live": "oms-key"}, products=20, customers=30, orders=40)


@pytest.fixture
def oms(process: SandboxProcess) -> Iterator[Adapter]:
    adapter = open_account(process, "Live", send_statuses=True)
    yield adapter
    adapter.http.close()


def line(number: int, status: str = "pending") -> OrderLineItem:
    return OrderLineItem(number, 1, None, number, f"SKU-{number}", "Lamp", "", Decimal(1), Decimal(5), status)


def order(*lines: OrderLineItem, shipments: list[ShipmentItem] | None = None) -> OrderItem:
    return OrderItem(
        id=1,
        seller_id=1,
        source_id=1,
        number="300000001",
        customer_id=None,
        status="pending",
        source_status="",
        currency="GBP",
        total=Decimal(5),
        tax=Decimal(0),
        shipping_cost=Decimal(0),
        placed_at=NOW,
        placed_through_b2b=False,
        cart_id="",
        customer_note="",
        internal_note="",
        ip_address=None,
        revision=1,
        updated_at=NOW,
        lines=list(lines),
        shipments=shipments or [],
    )


def parcel(*lines: int, carrier: str = "DHL", code: str = "T-1", shipped_at: datetime | None = NOW) -> ShipmentItem:
    return ShipmentItem(
        external_id="",
        carrier=carrier,
        tracking_numbers=[code] if code else [],
        shipped_at=shipped_at,
        lines={each: Decimal(1) for each in lines},
    )


def known(*lines: int) -> References:
    """Links our lines to the OMS's items with the same numbers."""
    return References({(Kind.ORDER_LINE, each): str(each) for each in lines})


def update(oms: Adapter, item: OrderItem, number: int = 1, previous: Any = None) -> Operation:
    refs = known(*(each.id for each in item.lines))
    return Operation(Action.UPDATE, number, str(number), oms.target(DataType.ORDERS).payload(item, refs), previous)


def items(process: SandboxProcess) -> dict[str, dict[str, Any]]:
    return {item["id_sales_order_item"]: item for row in process.state("orders") for item in row["items"]}


def pending(process: SandboxProcess, count: int) -> list[int]:
    found = [int(number) for number, item in items(process).items() if item["item_status"] == "pending"]
    return sorted(found)[:count]


# Imports


def test_orders_are_read_with_their_items_parcels_and_customers(process: SandboxProcess, oms: Adapter) -> None:
    customers = {each.external_id: each for each in records(oms, DataType.CUSTOMERS)}
    rows = {row["id"]: row for row in process.state("orders")}
    read = records(oms, DataType.ORDERS)
    assert {each.external_id for each in read} == set(rows)
    for record in read:
        assert isinstance(record, OrderRecord) and not record.problems
        row = rows[record.external_id]
        customer = customers[record.customer_id]
        assert isinstance(customer, CustomerRecord) and customer.addresses
        assert (record.number, record.total) == (row["number"], Decimal(row["total"]))
        assert record.placed_at == datetime.fromisoformat(row["created_at"])
        assert [each.external_id for each in record.lines] == [each["id_sales_order_item"] for each in row["items"]]
        sent = [each["id_sales_order_item"] for each in row["items"] if each["item_status"] == "shipped"]
        assert [each for parcel in record.shipments or () for each in parcel.lines] == sent
        words = {"shipped": "shipped", "canceled": "cancelled", "pending": "pending"}
        assert record.status == words[row["items"][0]["item_status"]]
        assert [(each.use, each.city) for each in record.addresses] == [
            ("billing", row["billing_address"]["city"]),
            ("shipping", row["shipping_address"]["city"]),
        ]


def test_only_changes_are_read_and_the_cut_advances_with_each_page(process: SandboxProcess) -> None:
    oms = open_account(process, "Live", page_size=7)
    times = sorted(datetime.fromisoformat(row["updated_at"]) for row in process.state("orders"))
    read = pages(oms, DataType.ORDERS, since=times[20])
    seen = [each.updated_at for page in read for each in page.records]
    assert seen == times[20:]
    assert [page.cut for page in read[:-1]] == [page.records[-1].updated_at for page in read[:-1]]
    [placed] = process.control("POST", "orders", json={"count": 1})["ids"]
    [newest] = [each for page in pages(oms, DataType.ORDERS, since=times[-1]) for each in page.records][-1:]
    assert newest.external_id == placed
    oms.http.close()


def test_an_order_with_an_id_used_before_is_read(process: SandboxProcess, oms: Adapter) -> None:
    """An OMS whose sequences were reset: its orders are read unchanged, and the engine detects conflicting IDs
    (L16)."""
    process.control("POST", "sequence", json={"kind": "orders", "next": 3})
    process.control("POST", "sequence", json={"kind": "items", "next": 5})
    process.control("POST", "orders", json={"count": 1})
    [record] = oms.source(DataType.ORDERS).fetch(["3"])
    assert isinstance(record, OrderRecord) and record.lines[0].external_id == "5"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], "pending"),
        (["pending", "pending"], "pending"),
        (["cancelled", "cancelled"], "cancelled"),
        (["cancelled", "pending"], "pending"),
        (["shipped", "pending"], "partly_shipped"),
        (["returned", "pending"], "partly_shipped"),
        (["shipped", "cancelled"], "shipped"),
        (["shipped", "delivered"], "shipped"),
        (["delivered", "returned"], "delivered"),
        (["returned", "cancelled"], "returned"),
    ],
)
def test_an_orders_status_is_derived_from_its_items(lines: list[str], status: str) -> None:
    assert order_status(lines) == status


ROW: dict[str, Any] = {
    "id": 9,
    "number": "300",
    "updated_at": "2026-01-01T10:00:00",
    "created_at": "2026-01-01T12:00:00+02:00",
    "currency": "GBP",
    "total": 5,
    "items": [{"id_sales_order_item": 4, "price": "5.00", "item_status": "failed_delivery"}],
}


def test_numeric_ids_times_without_a_zone_and_failed_deliveries() -> None:
    record = ORDERS.record(ROW)
    assert isinstance(record, OrderRecord) and not record.problems
    assert record.placed_at == record.updated_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert (record.external_id, record.lines[0].external_id, record.lines[0].status) == ("9", "4", "returned")
    assert record.source_status == "failed_delivery"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"total": "much"}, "total"),
        ({"total": -1}, "total"),
        ({"currency": "pounds"}, "currency"),
        ({"created_at": None}, "created_at"),
        ({"number": "3\x000"}, "number"),
        ({"ip_address": "here"}, "ip_address"),
        ({"items": None}, "items"),
        ({"items": [{"price": "5"}]}, "items.0.id_sales_order_item"),
        ({"billing_address": {"country": "Great Britain"}}, "billing_address.country"),
    ],
    ids=str,
)
def test_an_unreadable_order_reports_the_field_and_does_not_affect_others(wrong: dict[str, Any], field: str) -> None:
    record = ORDERS.record(ROW | wrong)
    [problem] = record.problems
    assert problem.fatal and problem.values["field"] == field and record.external_id == "9"
    assert "Value error" not in str(problem.values["reason"])


def test_an_address_without_line_1_is_reported_to_the_merchant() -> None:
    record = ORDERS.record(ROW | {"shipping_address": {"city": "Leeds"}})
    [problem] = record.problems
    assert not problem.fatal
    assert "Address line 1 is empty in the shipping address" in render(problem, platform="Seller Center")[0]


# Statuses


def test_statuses_are_sent_with_the_details_that_the_oms_requires(process: SandboxProcess, oms: Adapter) -> None:
    one, two, three = pending(process, 3)
    item = order(line(one, "shipped"), line(two, "cancelled"), line(three), shipments=[parcel(one)])
    [outcome] = oms.target(DataType.ORDERS).send([update(oms, item)])
    assert outcome.error is None and outcome.external_id == "1"
    after = items(process)
    assert after[str(one)] | {"tracking_code": "T-1", "shipping_carrier": "DHL"} == after[str(one)]
    assert after[str(one)]["shipped_at"] == NOW.isoformat()
    assert after[str(two)]["item_status"] == "canceled" and after[str(two)]["cancel_reason"] == "Canceled by the seller"
    assert after[str(three)]["item_status"] == "pending"


def test_a_rejected_item_fails_alone(process: SandboxProcess, oms: Adapter) -> None:
    one, two = pending(process, 2)
    operations = [
        update(oms, order(line(one, "shipped"), shipments=[parcel(one)]), 1),
        update(oms, order(line(two, "delivered")), 2),
        update(oms, order(line(987654, "cancelled")), 3),
    ]
    outcomes = oms.target(DataType.ORDERS).send(operations)
    assert outcomes[0].error is None and items(process)[str(one)]["item_status"] == "shipped"
    for outcome, number, words in ((outcomes[1], two, "cannot become delivered"), (outcomes[2], 987654, "no item")):
        assert isinstance(outcome.error, SkipRecord) and outcome.error.fix
        assert f"Item {number}" in str(outcome.error) and words in str(outcome.error)
    assert [each["items"] for each in process.calls()] == [3]


def test_4000_items_are_sent_per_call(process: SandboxProcess, oms: Adapter) -> None:
    """Two calls for 4,003 items; failures of the second are assigned to the right items."""
    [one] = pending(process, 1)
    operations = [
        update(oms, order(*(line(10_000 * n + m, "cancelled") for m in range(1, 1001))), n) for n in range(1, 5)
    ]
    operations.append(update(oms, order(line(one, "cancelled"), line(99_999, "cancelled")), 5))
    operations.append(update(oms, order(line(88_888, "cancelled")), 6))
    outcomes = oms.target(DataType.ORDERS).send(operations)
    assert [call["items"] for call in process.calls()] == [4000, 3]
    assert "Item 99999" in str(outcomes[4].error) and f"Item {one}" not in str(outcomes[4].error)
    assert "Item 88888" in str(outcomes[5].error) and "Item 40001" in str(outcomes[3].error)
    assert items(process)[str(one)]["item_status"] == "canceled"


def test_only_changed_statuses_are_sent(process: SandboxProcess, oms: Adapter) -> None:
    one, two = pending(process, 2)
    item = order(line(one, "cancelled"), line(two))
    first = update(oms, item)
    oms.target(DataType.ORDERS).send([first])
    item.lines[1].status = "cancelled"
    process.clear_calls()
    second = update(oms, item, previous=first.payload)
    oms.target(DataType.ORDERS).send([second])
    assert [call["items"] for call in process.calls()] == [1]
    process.clear_calls()
    oms.target(DataType.ORDERS).send([update(oms, item, previous=second.payload)])
    assert process.calls() == []


def test_a_parcel_without_carrier_or_code_is_reported_to_the_merchant(oms: Adapter) -> None:
    for shipments in ([], [parcel(2)], [parcel(1, carrier="")], [parcel(1, code="")]):
        with pytest.raises(SkipRecord, match="tracking number") as skipped:
            oms.target(DataType.ORDERS).payload(order(line(1, "shipped"), shipments=shipments), known(1))
        assert skipped.value.fix


def test_nothing_is_sent_unless_enabled(process: SandboxProcess) -> None:
    oms = open_account(process, "Live")
    silent = update(oms, order(line(1, "cancelled")))
    assert silent.payload == {"items": []}
    assert oms.target(DataType.ORDERS).send([silent])[0].error is None and process.calls() == []
    oms.http.close()


def test_orders_from_other_sources_are_not_sent(oms: Adapter) -> None:
    assert oms.target(DataType.ORDERS).payload(order(line(1, "cancelled")), References({})) is None
    stray = Operation(Action.CREATE, 1, "", {"items": []})
    gone = Operation(Action.REMOVE, 2, "2", None)
    first, second = oms.target(DataType.ORDERS).send([stray, gone])
    assert isinstance(first.error, SkipRecord) and second.error is None
    assert oms.http.calls == 0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"SuccessResponse": None},
        {"ErrorResponse": {}},
        {"ErrorResponse": {"Body": {"UpdateItemsStatus": [{"Position": 2, "ErrorMessage": "x"}]}}},
        {"ErrorResponse": {"Body": {"UpdateItemsStatus": [{"Position": -1, "ErrorMessage": "x"}]}}},
        {"ErrorResponse": {"Body": {"UpdateItemsStatus": [{"Position": "first", "ErrorMessage": "x"}]}}},
        {"ErrorResponse": {"Body": {"UpdateItemsStatus": ["x"]}}},
    ],
    ids=str,
)
def test_a_malformed_response_is_retried(answer: Any) -> None:
    with pytest.raises(TryAgainLater):
        failures(answer, 2)


def test_a_rejection_of_the_whole_request_is_detected() -> None:
    head = {"Head": {"ErrorMessage": "Request.Items is missing"}}
    bodies: list[dict[str, Any]] = [{}, {"Body": {}}, {"Body": {"UpdateItemsStatus": []}}]
    for body in bodies:
        with pytest.raises(BatchRejected, match="missing"):
            failures({"ErrorResponse": head | body}, 2)
    assert failures({"SuccessResponse": {"Body": []}}, 2) == {}


def test_failures_are_read_in_every_documented_form() -> None:
    """V3: the page has the action in the singular too; a failure may stand alone, its position as text."""
    one = {"ErrorCode": None, "ErrorMessage": "no item", "Position": "1"}
    for body in ({"UpdateItemStatus": [one]}, {"UpdateItemsStatus": one}):
        assert failures({"ErrorResponse": {"Head": {"ErrorMessage": "Some"}, "Body": body}}, 2) == {1: "no item"}


def test_what_was_never_delivered_is_a_failed_delivery(process: SandboxProcess, oms: Adapter) -> None:
    """V9: each has a reason of its own; what the customer returns was delivered before."""
    one, two = pending(process, 2)
    item = order(line(one, "shipped"), line(two, "shipped"), shipments=[parcel(one, two)])
    first = update(oms, item)
    oms.target(DataType.ORDERS).send([first])
    item.lines[1].status = "delivered"
    second = update(oms, item, previous=first.payload)
    oms.target(DataType.ORDERS).send([second])
    for each in item.lines:
        each.status = "returned"
    [outcome] = oms.target(DataType.ORDERS).send([update(oms, item, previous=second.payload)])
    assert outcome.error is None
    failed, returned = items(process)[str(one)], items(process)[str(two)]
    assert (failed["item_status"], failed["failed_delivery_reason"]) == ("failed_delivery", "Delivery failed")
    assert (returned["item_status"], returned["return_reason"]) == ("returned", "Returned by the customer")
    record = ORDERS.record(ROW | {"items": [ROW["items"][0] | {"item_status": "return_shipped_by_customer"}]})
    assert isinstance(record, OrderRecord) and record.lines[0].status == "delivered", "it is still on its way"


def test_further_tracking_numbers_are_the_detail_of_the_status(process: SandboxProcess) -> None:
    """V9: UpdateItemsInformation, after the status that it belongs to."""
    [one] = pending(process, 1)
    shipment = parcel(one)
    shipment.tracking_numbers = ["T-1", "T-2", "T-3"]
    for enabled in (False, True):
        oms = open_account(process, "Live", send_statuses=True, send_details=enabled)
        process.clear_calls()
        [outcome] = oms.target(DataType.ORDERS).send([update(oms, order(line(one, "shipped"), shipments=[shipment]))])
        assert outcome.error is None
        actions = [call["query"]["Action"] for call in process.calls()]
        assert actions == ["UpdateItemsStatus", "UpdateItemsInformation"][: 1 + enabled]
        assert items(process)[str(one)].get("status_detail") == ("Further parcels: T-2, T-3" if enabled else None)
        oms.http.close()


def test_calls_carry_version_and_service(sandbox: Callable[..., SandboxProcess]) -> None:
    """V8."""
    process = sandbox("seller_center_oms", accounts={"OMS": "oms-key"}, customers=2, orders=1)
    oms = open_account(process, "OMS")
    records(oms, DataType.ORDERS)
    [call, *_] = process.calls()
    assert (call["query"]["ServiceName"], call["query"]["Version"]) == ("OMS", "1.0")
    assert call["query"]["Timestamp"].endswith("+0000")
    oms.http.close()


def test_the_oms_has_no_listing(oms: Adapter) -> None:
    assert oms.listing("order") is None


@pytest.mark.parametrize("on_items", [True, False], ids=["vouchers of items", "voucher of the order"])
def test_a_voucher_lowers_the_lines(on_items: bool) -> None:
    """Two pieces of 60 and 40, and a voucher of 10 that some systems have at the order only: 90."""
    items = [
        {"id_sales_order_item": str(number), "price": price, "item_status": "pending"}
        | ({"voucher_amount": share, "voucher_code": "TEN"} if on_items else {})
        for number, price, share in ((1, "60", "6"), (2, "40", "4"))
    ]
    own = {"id": "5", "number": "N-5", "created_at": NOW.isoformat(), "currency": "EUR"}
    record = prepare(ORDERS.record(own | {"total": "90", "voucher_amount": "10", "items": items}))
    assert isinstance(record, OrderRecord)
    assert [line.total_gross for line in record.lines] == [54, 36]
    assert balance(record).difference == 0 and not record.problems
