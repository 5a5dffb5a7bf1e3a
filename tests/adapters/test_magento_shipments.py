"""Shipments reported by other systems are created in the shop, each once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import OrderRecord
from hub.kinds import DataType, Kind
from orders.items import OrderItem, OrderLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.adapters.magento import change, first_variant_position, place_order

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("magento")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("magento")


def shipment(number: str, track: str = "TRACK-1", **pieces: str) -> ShipmentItem:
    """`line1="2"` ships two of our line 1."""
    lines = {int(name.removeprefix("line")): Decimal(quantity) for name, quantity in pieces.items()}
    return ShipmentItem(number, "DHL", [track] if track else [], None, lines)


def operation(adapter: Adapter[Any], row: dict[str, Any], *shipments: ShipmentItem) -> Operation[Any]:
    """An update of an order of the shop, with its lines linked to our lines 1, 2, 3 …"""
    bought = [item for item in row["items"] if "parent_item_id" not in item]
    refs = References(
        {(Kind.ORDER_LINE, place_order): str(item["item_id"]) for place_order, item in enumerate(bought, 1)}
    )
    payload = adapter.target(DataType.ORDERS).payload(order_with(len(bought), *shipments), refs)
    return Operation(Action.UPDATE, 1, str(row["entity_id"]), payload)


def order_with(lines: int, *shipments: ShipmentItem) -> OrderItem:
    ours = [
        OrderLineItem(number, 1, None, number, f"SKU-{number}", "", "", Decimal(5), Decimal(1), "pending")
        for number in range(1, lines + 1)
    ]
    return samples.order(1, lines=ours, shipments=list(shipments))


def send(adapter: Adapter[Any], *operations: Operation[Any]) -> list[Exception | None]:
    outcomes = adapter.target(DataType.ORDERS).send(operations)
    assert [outcome.external_id for outcome in outcomes] == [each.external_id for each in operations]
    return [outcome.error for outcome in outcomes]


def shipped(shop: SandboxProcess, row: dict[str, Any]) -> list[list[float]]:
    """The quantities of each shipment of the order."""
    found = [each for each in shop.state("shipments") if each["order_id"] == row["entity_id"]]
    return [[item["qty"] for item in each["items"]] for each in found]


def test_partial_shipments_are_created_as_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (first_variant_position(shop), 3), (0, 2))
    first = shipment("NS-1", line1="2")
    assert send(adapter, operation(adapter, row, first)) == [None]
    second = shipment("NS-2", "TRACK-2", line1="1", line2="2")
    assert send(adapter, operation(adapter, row, first, second)) == [None]
    assert shipped(shop, row) == [[2], [1, 2]]
    (record,) = adapter.source(DataType.ORDERS).fetch([str(row["entity_id"])])
    assert isinstance(record, OrderRecord) and record.status == "shipped"
    # Shipments that the hub created are not imported again as the shop's own.
    assert record.shipments == []


def test_a_shipment_with_a_lost_response_is_created_once(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 3))
    wanted = operation(adapter, row, shipment("NS-1", line1="1"))
    shop.fault("half_body", when="after", path="/ship$", times=1)
    with pytest.raises(TryAgainLater) as lost:
        send(adapter, wanted)
    assert lost.value.sent
    for _ in range(2):
        assert send(adapter, wanted) == [None]
    assert shipped(shop, row) == [[1]]


def test_repeating_a_batch_makes_a_single_read(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    wanted = [operation(adapter, place_order(shop, (0, 3)), shipment(f"NS-{n}", line1="1")) for n in range(5)]
    send(adapter, *wanted)
    shop.clear_calls()
    assert send(adapter, *wanted) == [None] * 5
    assert [call["method"] for call in shop.calls()] == ["GET"]


def test_orders_without_shipments_make_no_calls(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 3))
    shop.clear_calls()
    assert send(adapter, operation(adapter, row)) == [None]
    assert shop.calls() == []


@pytest.mark.parametrize(("quantity", "accepted"), [("3", "2"), ("1.5", "1")])
def test_what_the_shop_would_cut_is_reported(
    quantity: str, accepted: str, adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    """The shop answers as if it had taken everything. The rest of the batch is shipped."""
    short, whole = place_order(shop, (0, 2)), place_order(shop, (0, 2))
    wanted = operation(adapter, short, shipment("NS-1", line1=quantity))
    for _ in range(2):
        errors = send(adapter, wanted, operation(adapter, whole, shipment("NS-2", line1="2")))
        assert isinstance(errors[0], SkipRecord) and errors[1] is None
        sku = short["items"][0]["sku"]
        assert f"NS-1: only a part of it is open ({sku}:" in str(errors[0]) and errors[0].fix
    assert (shipped(shop, short), shipped(shop, whole)) == ([[float(accepted)]], [[2]])


def test_shipments_leave_from_the_sources_of_the_orders_website(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Without a source, the shop would take from `default`."""
    shop.control("POST", "setting", json={"account": "alpha", "stock_sources": ["overflow"]})
    row = place_order(shop, (0, 1))
    assert send(adapter, operation(adapter, row, shipment("NS-1", line1="1"))) == [None]
    assert sources(shop, row) == [("overflow", [1])]


def test_pieces_from_two_warehouses_are_two_shipments(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 5), (1, 1))
    first, second = (item["sku"] for item in row["items"] if "parent_item_id" not in item)
    stock = {("default", first): 2, ("overflow", first): 9, ("default", second): 1}
    items = [{"sku": s, "source_code": c, "quantity": q, "status": 1} for (c, s), q in stock.items()]
    adapter.client.post("/inventory/source-items", {"sourceItems": items})
    shop.control(
        "POST",
        "setting",
        json={"account": "alpha", "stock_sources": ["off", "default", "overflow"], "disabled_sources": ["off"]},
    )
    for _ in range(2):
        assert send(adapter, operation(adapter, row, shipment("NS-1", line1="5", line2="1"))) == [None]
        assert sources(shop, row) == [("default", [2, 1]), ("overflow", [3])]
    late = shipment("NS-1", "LATE-1", line1="5", line2="1")
    assert send(adapter, operation(adapter, row, late)) == [None]
    tracks = [
        [track["track_number"] for track in each["tracks"]]
        for each in shop.state("shipments")
        if each["order_id"] == row["entity_id"]
    ]
    assert tracks == [["TRACK-1", "LATE-1"], ["TRACK-1"]]


def sources(shop: SandboxProcess, row: dict[str, Any]) -> list[tuple[str, list[float]]]:
    found = [each for each in shop.state("shipments") if each["order_id"] == row["entity_id"]]
    return [(each["extension_attributes"]["source_code"], [item["qty"] for item in each["items"]]) for each in found]


def test_parts_complete_the_bundle_that_the_shop_ships_as_one(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Two bundles of one and two pieces. A bundle belongs to the shipment that brings its last part."""
    kit = OrderLineItem(1, 1, None, 1, "KIT", "", "", Decimal(2), Decimal(9), "pending", kind="kit")
    parts = [
        OrderLineItem(
            n, 1, None, n, f"P-{n}", "", "", Decimal(q), Decimal(0), "pending", kind="bundle_part", parent_id=1
        )
        for n, q in ((2, 2), (3, 4))
    ]
    first, second = shipment("NS-1", line2="2", line3="2"), shipment("NS-2", "T-2", line3="2")
    item = samples.order(1, lines=[kit, *parts], shipments=[first, second])
    refs = References({(Kind.ORDER_LINE, number): str(number * 100) for number in (1, 2, 3)})
    payload = adapter.target(DataType.ORDERS).payload(item, refs)
    assert [(each["number"], each["items"]) for each in payload["shipments"]] == [
        ("TRACK-1", [{"order_item_id": 100, "qty": 1}]),
        ("T-2", [{"order_item_id": 100, "qty": 1}]),
    ]


def test_a_rejected_shipment_does_not_affect_others_of_its_order(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 1), (1, 2))
    (error,) = send(
        adapter, operation(adapter, row, shipment("NS-1", line1="0.5"), shipment("NS-2", "TRACK-2", line2="2"))
    )
    assert isinstance(error, SkipRecord) and "rejected the shipment: NS-1:" in str(error) and "NS-2" not in str(error)
    assert shipped(shop, row) == [[2]]


def test_an_order_that_cannot_be_shipped_is_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """The message of the shop is shown."""
    row = place_order(shop, (0, 1))
    change(shop, "orders", row["entity_id"], state="holded")
    (error,) = send(adapter, operation(adapter, row, shipment("NS-1", line1="1")))
    assert isinstance(error, SkipRecord) and "does not allow a shipment" in str(error) and "%" not in str(error)


def test_a_tracking_number_reported_later_is_added(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 1))
    send(adapter, operation(adapter, row, shipment("NS-1", "", line1="1")))
    for _ in range(2):
        assert send(adapter, operation(adapter, row, shipment("NS-1", "LATE-1", line1="1"))) == [None]
    (found,) = [each for each in shop.state("shipments") if each["order_id"] == row["entity_id"]]
    assert [(track["track_number"], track["carrier_code"]) for track in found["tracks"]] == [("LATE-1", "dhl")]


def test_a_line_added_to_a_shipment_later_ships_nothing_twice(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 3), (1, 3))
    send(adapter, operation(adapter, row, shipment("NS-1", line2="1")))
    for _ in range(2):
        assert send(adapter, operation(adapter, row, shipment("NS-1", line1="2", line2="1"))) == [None]
    assert shipped(shop, row) == [[1], [2]]


def test_vendors_may_use_the_same_shipment_number(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 1), (1, 2))
    send(adapter, operation(adapter, row, shipment("1001", line1="1"), shipment("1001", "TRACK-2", line2="2")))
    assert sorted(shipped(shop, row)) == [[1], [2]]


def test_the_shops_own_shipments_are_imported_and_not_sent_back(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 1), (1, 2), stage="shipped")
    (record,) = adapter.source(DataType.ORDERS).fetch([str(row["entity_id"])])
    assert isinstance(record, OrderRecord)
    (read,) = record.shipments or ()
    own = ShipmentItem(read.external_id, read.carrier, read.tracking_numbers, read.shipped_at, {1: Decimal(1)})
    assert operation(adapter, row, own).payload == {"shipments": []}


def test_a_shipment_entered_by_a_user_is_not_created_again(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    row = place_order(shop, (0, 2), stage="shipped")
    assert send(adapter, operation(adapter, row, shipment("NS-1", f"TRACK-{row['entity_id']}", line1="2"))) == [None]
    assert shipped(shop, row) == [[2]]


def test_an_order_of_another_shop_has_no_payload(adapter: Adapter[Any]) -> None:
    item = order_with(1, shipment("NS-1", line1="1"))
    assert adapter.target(DataType.ORDERS).payload(item, References({})) is None


def test_an_unidentifiable_shipment_is_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    with pytest.raises(SkipRecord) as raised:
        operation(adapter, place_order(shop, (0, 1)), shipment("", "", line1="1"))
    assert raised.value.problem.code == "shipment_without_number" and raised.value.fix


def test_settings_determine_inventory_source_and_email(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento", ship_from="overflow", notify=True)
    row = place_order(shop, (0, 1))
    assert send(adapter, operation(adapter, row, shipment("NS-1", line1="1"))) == [None]
    (found,) = [each for each in shop.state("shipments") if each["order_id"] == row["entity_id"]]
    assert found["extension_attributes"] == {"source_code": "overflow"} and found["email_sent"] == 1
