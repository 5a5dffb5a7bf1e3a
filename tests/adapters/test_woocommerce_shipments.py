"""Shipments reported by other systems become fulfillments of the shop's orders, each once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import DataType, Kind
from orders.items import OrderLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.sales import Parts, Sales

ACCOUNT = "ck_alpha"
MUGS = {"sku": "MUG", "quantity": 3, "price": "10"}
COURSE = {"sku": "COURSE", "quantity": 1, "price": "5", "kind": "virtual"}


class Shop:
    def __init__(self, process: SandboxProcess, open_adapter: Callable[..., Adapter[Any]]) -> None:
        self.process = process
        self.open = open_adapter
        self.sales = Sales(process, ACCOUNT)
        for sku in ("MUG", "COURSE"):
            values = {"name": sku, "slug": sku.lower(), "sku": sku, "regular_price": "10"}
            process.control("POST", "row", json={"account": ACCOUNT, "kind": "products", "values": values})

    def send(self, placed: Parts, *shipments: ShipmentItem, **settings: Any) -> SkipRecord | None:
        refs = References({(Kind.ORDER_LINE, place): line["id"] for place, line in enumerate(placed["lines"], 1)})
        lines = [
            OrderLineItem(
                place, 1, None, place, line["sku"], "", "", Decimal(9), Decimal(1), "pending",
                needs_shipping=line["sku"] != "COURSE",
            )
            for place, line in enumerate(placed["lines"], 1)
        ]  # fmt: skip
        target = self.open("woocommerce", **settings).target(DataType.ORDERS)
        payload = target.payload(samples.order(1, lines=lines, shipments=list(shipments)), refs)
        [outcome] = target.send([Operation(Action.UPDATE, 1, placed["id"], payload)])
        assert outcome.error is None or isinstance(outcome.error, SkipRecord)
        return outcome.error

    def found(self, placed: Parts) -> list[dict[str, Any]]:
        """The meta data of each fulfillment of the order."""
        rows = [each for each in self.process.state("fulfillments") if each["entity_id"] == placed["id"]]
        return [{each["key"]: each["value"] for each in row["meta_data"]} for row in rows]

    def pieces(self, placed: Parts) -> list[tuple[str, list[int]]]:
        return [(each["_tracking_number"], [item["qty"] for item in each["_items"]]) for each in self.found(placed)]


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess], open_adapter: Callable[..., Adapter[Any]]) -> Shop:
    return Shop(platform("woocommerce"), open_adapter)


def shipment(number: str, quantity: str, *tracking: str, carrier: str = "UPS") -> ShipmentItem:
    return ShipmentItem(number, carrier, list(tracking), None, {1: Decimal(quantity)}, reported_by=9)


def test_shipments_are_created_once_and_complete_the_order(shop: Shop) -> None:
    placed = shop.sales.place({"lines": [MUGS, COURSE]})
    first, second = shipment("IF-1", "2", "A"), shipment("IF-2", "1", "B", carrier="Hermes")
    # The shop has created it, but the answer is lost.
    shop.process.fault("drop", when="after", method="POST", path="/fulfillments$", times=1)
    with pytest.raises(TryAgainLater):
        shop.send(placed, first)
    assert shop.send(placed, first, notify=True) is None and shop.pieces(placed) == [("A", [2])]
    assert shop.sales.view(placed["id"])["status"] == "processing" and not list(shop.process.state("shipment_emails"))
    # The order is completed by a later attempt, too.
    shop.process.fault("drop", when="before", method="PUT", path=f"/orders/{placed['id']}$", times=1)
    with pytest.raises(TryAgainLater):
        shop.send(placed, first, second, notify=True)
    assert shop.send(placed, first, second) is None and shop.pieces(placed) == [("A", [2]), ("B", [1])]
    assert shop.sales.view(placed["id"])["status"] == "completed"
    assert len(list(shop.process.state("shipment_emails"))) == 1
    providers = [(each.get("_shipment_provider"), each.get("Carrier")) for each in shop.found(placed)]
    assert providers == [("ups", None), (None, "Hermes")]


def test_tracking_numbers_that_are_reported_later(shop: Shop) -> None:
    placed = shop.sales.place({"lines": [MUGS]})
    assert shop.send(placed, shipment("IF-1", "1")) is None
    for _ in range(2):
        assert shop.send(placed, shipment("IF-1", "1", "A", "B", "C")) is None
    [values] = shop.found(placed)
    assert (values["_tracking_number"], values["More tracking numbers"]) == ("A", "B, C")
    assert values["_synccenter_shipment"] == "9/IF-1" and values["_items"][0]["qty"] == 1


def test_what_the_shop_would_take_without_a_word(shop: Shop) -> None:
    """It checks neither quantities nor the status of the order."""
    placed = shop.sales.place({"lines": [MUGS]})
    line, path = int(placed["lines"][0]["id"]), f"/orders/{placed['id']}/fulfillments"
    by_hand = {"status": "fulfilled", "is_fulfilled": True}
    meta = [{"key": "_items", "value": [{"item_id": line, "qty": 1}]}, {"key": "_tracking_number", "value": "z, a"}]
    shop.open("woocommerce").client.send("POST", path, by_hand | {"meta_data": meta})
    shop.sales.act("refund", placed["id"], lines={placed["lines"][0]["id"]: "1"})
    # The one that a person entered, with two numbers in its own spelling, is a part of it.
    error = shop.send(placed, shipment("IF-1", "3", "A"), complete_orders=False)
    assert error is not None and "IF-1: only a part of it is open (MUG: 2 → 1)" in str(error)
    assert shop.pieces(placed) == [("z, a", [1]), ("A", [1])]
    assert shop.sales.view(placed["id"])["status"] == "processing"
    canceled = shop.sales.place({"lines": [MUGS]})
    shop.sales.act("cancel", canceled["id"])
    error = shop.send(canceled, shipment("IF-1", "1", "A"))
    assert error is not None and "IF-1: the order is canceled" in str(error) and not shop.found(canceled)
    unpaid = shop.sales.place({"lines": [MUGS], "paid": False})
    assert shop.send(unpaid, shipment("IF-1", "3", "A")) is None
    assert shop.sales.view(unpaid["id"])["status"] == "on-hold"


@pytest.mark.parametrize("status", [400, 404])
def test_an_order_is_not_completed_without_its_shipment(status: int, shop: Shop) -> None:
    placed, whole = shop.sales.place({"lines": [MUGS]}), shipment("IF-1", "3", "A")
    shop.process.fault("status", method="POST", path="/fulfillments$", status=status, body={"message": "No"}, times=1)
    error = shop.send(placed, whole)
    assert error is not None and "IF-1: No" in str(error) and not shop.found(placed)
    assert shop.sales.view(placed["id"])["status"] == "processing"
    shop.process.fault("status", method="PUT", path=f"/orders/{placed['id']}$", status=status, body={}, times=1)
    error = shop.send(placed, whole)
    assert error is not None and f"HTTP status {status}" in str(error) and shop.pieces(placed) == [("A", [3])]
    assert shop.send(placed, whole) is None and shop.sales.view(placed["id"])["status"] == "completed"


def test_orders_that_need_no_shipment(shop: Shop) -> None:
    placed = shop.sales.place({"lines": [MUGS]})
    shop.process.clear_calls()
    assert shop.send(placed) is None and shop.process.calls() == []
    assert shop.send(placed | {"id": "987654321"}, shipment("IF-1", "1", "A")) is None


def test_a_shop_without_fulfillments(shop: Shop) -> None:
    shop.process.control("POST", "setting", json={"account": ACCOUNT, "has_fulfillments": False})
    placed = shop.sales.place({"lines": [MUGS]})
    with pytest.raises(NeedsAttention) as raised:
        shop.send(placed, shipment("IF-1", "1", "A"))
    assert "Order fulfillments" in raised.value.fix
    finding = check_assumptions(shop.open("woocommerce"), seconds=60)["fulfillments"]
    assert finding.state is AssumptionState.REFUTED and "Order fulfillments" in finding.evidence
