"""Shipments reported by other systems are created in the store, each once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import OrderRecord
from hub.kinds import DataType, Kind
from orders.items import OrderLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.sales import Parts, Sales


class Store:
    """A store with orders, and the adapter that reads it and creates shipments in it."""

    def __init__(self, process: SandboxProcess, adapter: Adapter[Any]) -> None:
        self.process = process
        self.adapter = adapter
        self.sales = Sales(process, "alpha")
        self.skus = [row["sku"] for row in process.state("variants")]

    def place(self, *lines: Parts, **order: Any) -> Parts:
        """An order with these lines, by default two pieces each."""
        wanted = [{"sku": self.skus[place], "quantity": 2, "price": "10", **line} for place, line in enumerate(lines)]
        return self.sales.place({"lines": wanted, **order})

    def send(self, placed: Parts, *shipments: ShipmentItem) -> SkipRecord | None:
        refs = References({(Kind.ORDER_LINE, place): line["id"] for place, line in enumerate(placed["lines"], 1)})
        lines = [
            OrderLineItem(place, 1, None, place, line["sku"], "", "", Decimal(9), Decimal(1), "pending")
            for place, line in enumerate(placed["lines"], 1)
        ]
        target = self.adapter.target(DataType.ORDERS)
        payload = target.payload(samples.order(1, lines=lines, shipments=list(shipments)), refs)
        [outcome] = target.send([Operation(Action.UPDATE, 1, placed["id"], payload)])
        assert outcome.error is None or isinstance(outcome.error, SkipRecord)
        return outcome.error

    def found(self, placed: Parts) -> list[tuple[str, dict[str, int]]]:
        """Tracking number and items of each shipment of the order."""
        rows = [each for each in self.process.state("shipments") if each["order_id"] == int(placed["id"])]
        return [
            (row.get("tracking_number", ""), {str(i["order_product_id"]): i["quantity"] for i in row["items"]})
            for row in rows
        ]

    def read(self, placed: Parts) -> OrderRecord:
        [record] = self.adapter.source(DataType.ORDERS).fetch([placed["id"]])
        assert isinstance(record, OrderRecord)
        return record


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess], open_adapter: Callable[..., Adapter[Any]]) -> Store:
    return Store(platform("bigcommerce"), open_adapter("bigcommerce"))


def shipment(number: str, lines: dict[int, str], *tracking: str, carrier: str = "UPS", by: int = 9) -> ShipmentItem:
    quantities = {line_id: Decimal(quantity) for line_id, quantity in lines.items()}
    return ShipmentItem(number, carrier, list(tracking), None, quantities, reported_by=by)


def test_shipments_are_created_once_and_in_parts(store: Store) -> None:
    placed = store.place({}, {})
    lamp, mug = (each["id"] for each in placed["lines"])
    first = shipment("IF-1", {1: "1", 2: "2"}, "A")
    # The store has created it, but the answer is lost.
    store.process.fault("drop", when="after", method="POST", path="/shipments$", times=1)
    with pytest.raises(TryAgainLater) as lost:
        store.send(placed, first)
    assert lost.value.sent
    assert store.send(placed, first) is None and store.found(placed) == [("A", {lamp: 1, mug: 2})]
    # An order whose shipments the store has takes one call.
    store.process.clear_calls()
    assert store.send(placed, first) is None
    assert [call["method"] for call in store.process.calls()] == ["GET"]
    assert store.read(placed).status == "partly_shipped"
    # Another vendor's shipment with the same number; and one that was imported is not sent back.
    imported = ShipmentItem("7", "fedex", ["X"], None, {1: Decimal(1)})
    assert store.send(placed, first, shipment("IF-1", {1: "1"}, "B", by=8), imported) is None
    assert store.found(placed)[1:] == [("B", {lamp: 1})]
    record = store.read(placed)
    # The shipments are not imported again as the store's own.
    assert (record.status, record.shipments) == ("shipped", [])


def test_tracking_numbers_of_one_shipment(store: Store) -> None:
    """The field holds one of up to 50 characters; the others stand in the comments, also those that come later."""
    placed = store.place({})
    long = "9" * 60
    assert store.send(placed, shipment("IF-1", {1: "1"}, carrier="Royal Mail")) is None
    assert store.send(placed, shipment("IF-1", {1: "1"}, long, "A", "B", carrier="Royal Mail")) is None
    for _ in range(2):
        assert store.send(placed, shipment("IF-1", {1: "1"}, long, "A", "B", "C", carrier="Royal Mail")) is None
    [row] = [each for each in store.process.state("shipments") if each["order_id"] == int(placed["id"])]
    numbers = [f"Tracking number: {each}" for each in (long, "B", "C")]
    assert row["comments"].splitlines() == ["SyncCenter shipment 9/IF-1", *numbers]
    assert (row["tracking_number"], row["shipping_provider"]) == ("A", "royalmail")
    assert store.send(placed, shipment("IF-2", {1: "1"}, "D", carrier="GLS")) is None
    [row] = [each for each in store.process.state("shipments") if each["tracking_number"] == "D"]
    assert (row["shipping_provider"], row["shipping_method"]) == ("", "GLS")


def test_each_address_gets_its_own_shipment(store: Store) -> None:
    placed = store.place({}, {"address": 1}, {"kind": "digital"}, addresses=[{"city": "Oslo"}, {"city": "Bergen"}])
    lamp, mug, _ = (each["id"] for each in placed["lines"])
    wanted = shipment("IF-1", {1: "2", 2: "2", 3: "2"}, "A")
    # The second of the two is lost.
    store.process.fault("drop", when="before", method="POST", path="/shipments$", after=1, times=1)
    with pytest.raises(TryAgainLater):
        store.send(placed, wanted)
    assert store.found(placed) == [("A", {lamp: 2})]
    for _ in range(2):
        assert store.send(placed, wanted) is None
    # A file to download is not shipped.
    assert store.found(placed) == [("A", {lamp: 2}), ("A", {mug: 2})]
    assert store.read(placed).status == "shipped"


def test_what_was_shipped_in_the_store_meanwhile(store: Store) -> None:
    placed = store.place({"quantity": 5}, {})
    lamp, mug = (each["id"] for each in placed["lines"])
    store.sales.act("ship", placed["id"], lines={lamp: "1"}, tracking=["z 9, a"])
    # The one that a person entered, with two numbers in its own spelling, is a part of it.
    for _ in range(2):
        assert store.send(placed, shipment("IF-1", {1: "2"}, "A")) is None
    assert store.found(placed) == [("z 9, a", {lamp: 1}), ("A", {lamp: 1})]
    store.sales.act("refund", placed["id"], lines={lamp: "1"})
    sku = placed["lines"][0]["sku"]
    for rest in ("3.5 → 2", "1.5 → 0"):
        error = store.send(placed, shipment("IF-1", {1: "2"}, "A"), shipment("IF-2", {1: "3.5", 2: "1"}, "B"))
        assert error is not None and error.problem.code == "shipment_rejected"
        assert f"IF-2: only a part of it is open ({sku}: {rest})" in str(error)
        assert store.found(placed)[2:] == [("B", {lamp: 2, mug: 1})]


@pytest.mark.parametrize(
    ("action", "reason"), [("cancel", "canceled"), ("archive", "archived"), ("refund", "refunded")]
)
def test_a_closed_order_is_not_shipped(action: str, reason: str, store: Store) -> None:
    """The store would take the shipment, and make the order shipped."""
    placed = store.place({})
    store.sales.act(action, placed["id"])
    error = store.send(placed, shipment("IF-1", {1: "1"}, "A"))
    assert error is not None and f"IF-1: the order is {reason}" in str(error)
    assert store.found(placed) == []


def test_orders_that_need_no_shipment_here(store: Store) -> None:
    placed = store.place({})
    store.process.clear_calls()
    assert store.send(placed) is None and store.process.calls() == []
    gone = placed | {"id": "987654321"}
    assert store.send(gone, shipment("IF-1", {1: "1"}, "A")) is None
    with pytest.raises(SkipRecord, match="neither an ID nor a tracking number"):
        store.send(placed, shipment("", {1: "1"}))
    target = store.adapter.target(DataType.ORDERS)
    assert target.payload(samples.order(3), References({})) is None


@pytest.mark.parametrize("status", [400, 404])
def test_a_rejection_names_the_stores_reason(status: int, store: Store) -> None:
    """Also if the store says that something is missing: the order is there. Its pieces are left for other shipments."""
    placed = store.place({})
    body = [{"status": status, "message": "The field 'items' is invalid."}]
    store.process.fault("status", method="POST", path="/shipments$", status=status, body=body, times=1)
    error = store.send(placed, shipment("IF-1", {1: "2"}, "A"), shipment("IF-2", {1: "2"}, "B"))
    assert error is not None and str(error.problem.values["reason"]) == "IF-1: The field 'items' is invalid."
    assert store.found(placed) == [("B", {placed["lines"][0]["id"]: 2})]


def test_an_account_that_may_only_read_orders_is_found(store: Store) -> None:
    store.process.fault("status", method="POST", path="/shipments$", status=403, times=1)
    finding = check_assumptions(store.adapter, seconds=60)["shipments"]
    assert finding.state is AssumptionState.REFUTED and "modify" in finding.evidence
