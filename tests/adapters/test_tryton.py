"""What is specific to Tryton: stock of warehouses, the states of a sale, amendments, returns, and modules that are
missing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.tryton.client import TrytonClient
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.records import AddressRecord, AdjustmentRecord, FulfilmentRecord, ProductRecord
from hub.kinds import DataType, Kind
from orders.items import OrderItem, RefundItem, RefundLineItem, ShipmentItem
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.adapters.reading import by_id, records
from tests.adapters.test_order_amounts_at_targets import line

D = Decimal
Open = Callable[..., Adapter[Any]]


@pytest.fixture
def database(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("tryton")


def control(database: SandboxProcess, name: str, **params: Any) -> Any:
    return database.control("POST", name, json={"account": "erp", **params})["id"]


class Orders:
    """Sends an order as the engine does: with what was sent before, and the IDs that Tryton gave."""

    def __init__(self, adapter: Adapter[Any]) -> None:
        self.target = adapter.target(DataType.ORDERS)
        self.links: dict[tuple[str, int], str] = {(Kind.CUSTOMER, 3): "1"}
        self.sent: Any = None

    def send(self, item: OrderItem, *, remove: bool = False) -> Outcome:
        action = Action.REMOVE if remove else Action.UPDATE if self.sent else Action.CREATE
        payload = None if remove else self.target.payload(item, References(self.links))
        (outcome,) = self.target.send([Operation(action, item.id, "", payload, self.sent)])
        self.links |= outcome.links
        if outcome.error is None:
            self.sent = payload
        return outcome


def order(**changes: Any) -> OrderItem:
    """Three lamps at 10.00, two at 20.00, shipping of 4.20, all without tax, with 20 % of tax: 89.04."""
    usual: dict[str, Any] = {
        "status": "confirmed",
        "currency": "EUR",
        "total": D("89.04"),
        "tax": D("14.84"),
        "reconciliation": "balanced",
        "shipments": [],
        "lines": [
            line(1, "3", "36.00", "30.00", sku="SKU-3", tax_rate=D(20)),
            line(2, "2", "48.00", "40.00", sku="SKU-9", tax_rate=D(20)),
        ],
        "adjustments": [AdjustmentRecord(kind="shipping", title="Post", net=D("4.20"), tax=D("0.84"), gross=D("5.04"))],
        "addresses": [
            AddressRecord(
                use="shipping",
                first_name="Ann",
                last_name="Lee",
                street="1 Oak",
                city="Fresno",
                country="US",
                region="California",
            ),
        ],
        "target_id": 7,
    }
    return samples.order(1, **usual | changes)


def sale(database: SandboxProcess, key: str = "sc-order-1") -> Any:
    (found,) = [row for row in database.state("orders") if row["description"] == key]
    return found


def test_products_have_price_weight_ean_and_the_stock_of_each_warehouse(open_adapter: Open) -> None:
    found = by_id(records(open_adapter("tryton", only_salable=True), DataType.PRODUCTS))
    lamp = found["3"]
    assert isinstance(lamp, ProductRecord) and lamp.variants is not None
    (only,) = lamp.variants
    assert (only.sku, only.barcode, only.weight_in_grams) == ("SKU-3", "4006381000003", D(250))
    assert isinstance(only.price, list) and [each.amount for each in only.price] == [D("9.95")]
    assert [each.price_list and each.price_list.currency for each in only.price] == ["GBP"]
    assert [(each.location, each.quantity) for each in only.stock or ()] == [("Warehouse", D(3)), ("South", D(0))]
    titles = {each.title: each for each in found.values() if isinstance(each, ProductRecord)}
    assert {"Part", "Shipping"}.isdisjoint(titles) and titles["Old lamp"].status == "suspended"
    assert [each.sku for each in titles["Shirt"].variants or ()] == ["SHIRT-RED", "SHIRT-BLUE"]


def test_what_is_promised_is_not_in_stock_unless_the_settings_say_so(
    open_adapter: Open, database: SandboxProcess
) -> None:
    control(database, "orders", key="sc-order-5", code="SKU-20")

    def stock(**settings: Any) -> list[Decimal | None]:
        (found,) = open_adapter("tryton", warehouses=["WH"], **settings).source(DataType.PRODUCTS).fetch(["20"])
        return [each.quantity for variant in found.variants for each in variant.stock]

    assert (stock(), stock(stock="quantity")) == ([D(18)], [D(20)])


def test_a_stock_move_is_a_change_of_its_product(open_adapter: Open, database: SandboxProcess) -> None:
    control(database, "age", hours=5)
    control(database, "stock", code="SKU-8", quantity=80)
    control(database, "write", model="product.identifier", id=2, values={"code": "4006381999999"})
    since = datetime.now(UTC) - timedelta(hours=1)
    assert sorted(by_id(records(open_adapter("tryton"), DataType.PRODUCTS, since=since))) == ["2", "8"]
    assert records(open_adapter("tryton"), DataType.ORDERS, since=since) == []


def test_an_unknown_warehouse_or_field_needs_attention_and_reads_nothing(open_adapter: Open) -> None:
    for details in ({"warehouses": ["NORTH"]}, {"field_map": {"products": {"rrp": "recommended"}}}):
        with pytest.raises(NeedsAttention) as raised:
            open_adapter("tryton", **details).source(DataType.PRODUCTS).read_page(since=None, cursor=None)
        assert raised.value.fix and ("NORTH" in str(raised.value) or "recommended" in str(raised.value))


def test_an_order_is_sent_once_with_its_tax_and_total(open_adapter: Open, database: SandboxProcess) -> None:
    orders = Orders(open_adapter("tryton"))
    first = orders.send(order())
    assert first.error is None and first.warnings == []
    assert first.totals is not None and (first.totals.total, first.totals.tax) == (D("89.04"), D("14.84"))
    again = Orders(open_adapter("tryton")).send(order())
    assert (again.external_id, again.links) == (first.external_id, first.links)
    found = sale(database)
    assert (found["state"], found["reference"]) == ("processing", "101")
    assert [each["quantity"] for each in found["lines"]] == [3, 2, 1]


def test_a_sale_has_the_date_of_the_company(open_adapter: Open) -> None:
    target = open_adapter("tryton", time_zone="America/Los_Angeles").target(DataType.ORDERS)
    late = order(placed_at=datetime(2026, 1, 2, 6, tzinfo=UTC))
    assert target.payload(late, References({(Kind.CUSTOMER, 3): "1"}))["date"] == "2026-01-01"


def test_an_underscore_in_the_prefix_of_keys_matches_only_itself(open_adapter: Open) -> None:
    Orders(open_adapter("tryton", keys="a-b")).send(order())
    own = open_adapter("tryton", keys="a_b")
    assert own.target(DataType.ORDERS).read_existing(cursor=None).items == {}
    sent = Orders(own).send(order())
    assert list(own.target(DataType.ORDERS).read_existing(cursor=None).items) == [sent.external_id]


def test_a_rejected_step_is_an_issue_and_is_taken_later(open_adapter: Open, database: SandboxProcess) -> None:
    orders = Orders(open_adapter("tryton"))
    orders.links[Kind.CUSTOMER, 3] = "2"  # a party without addresses
    rejected = orders.send(order(addresses=[]))
    assert isinstance(rejected.error, SkipRecord) and "address" in str(rejected.error)
    assert sale(database)["state"] == "draft"
    assert orders.send(order()).error is None and sale(database)["state"] == "processing"


@pytest.mark.parametrize("state", ["quotation", "processing"])
def test_changes_reach_the_sale(state: str, open_adapter: Open, database: SandboxProcess) -> None:
    """Of the lamps two are cancelled, and the address changes."""
    orders, item = Orders(open_adapter("tryton", order_state=state)), order()
    orders.send(item)
    moved = [AddressRecord(use="shipping", street="9 Elm", city="Leeds", country="GB")]
    less = replace(item, addresses=moved, lines=[replace(item.lines[0], quantity_cancelled=D(2)), item.lines[1]])
    changed = orders.send(less)
    assert changed.error is None and changed.warnings == []
    assert changed.totals is not None and changed.totals.total == D("65.04")
    found = sale(database)
    assert (found["state"], [each["quantity"] for each in found["lines"]]) == (state, [1, 2, 1])
    # The shop assigns the order to another customer.
    orders.links[Kind.CUSTOMER, 3] = "2"
    assert orders.send(less).error is None and sale(database)["party"] == 2
    with_new_line = replace(item, lines=[*item.lines, line(3, "1", "12", "10", sku="SKU-4", tax_rate=D(20))])
    added = orders.send(with_new_line)
    if state == "quotation":
        assert added.error is None and len(sale(database)["lines"]) == 4
    else:
        assert isinstance(added.error, SkipRecord) and added.error.problem.code == "changes_rejected"
    assert orders.send(item, remove=True).error is None
    assert [row["description"] for row in database.state("open_orders") if row["description"] == "sc-order-1"] == []


def test_shipped_goods_stay_when_the_rest_is_cancelled(open_adapter: Open, database: SandboxProcess) -> None:
    adapter = open_adapter("tryton")
    orders, item = Orders(adapter), order()
    sent = orders.send(item)
    first = orders.links[Kind.ORDER_LINE, 1]
    control(database, "fulfil", key="sc-order-1", quantities={first: 2}, tracking=["00340"], state="shipped")
    (found,) = adapter.source(DataType.ORDERS).fetch([sent.external_id])
    assert isinstance(found, FulfilmentRecord)
    (shipment,) = found.shipments
    assert (shipment.carrier, shipment.tracking_numbers) == ("Parcel Express", ["00340"])
    assert shipment.lines == {first: D(2)}
    assert orders.send(item, remove=True).error is None
    assert [each["quantity"] for each in sale(database)["lines"]] == [2, 0, 1]


def test_a_refund_of_shipped_goods_becomes_a_return_once(open_adapter: Open, database: SandboxProcess) -> None:
    orders, item = Orders(open_adapter("tryton", refunds="return")), order()
    orders.send(item)
    control(database, "fulfil", key="sc-order-1")
    goods = RefundLineItem(1, D(1), D(10), D(2), D(12))
    item = replace(
        item,
        shipments=[ShipmentItem("1", "", [], None, {1: D(3), 2: D(2)}, reported_by=7)],
        lines=[replace(item.lines[0], quantity_refunded=D(1)), item.lines[1]],
        refunds=[RefundItem("r/1", "R1", None, None, None, None, None, None, None, [goods])],
    )
    for _ in range(2):
        outcome = orders.send(item)
        assert outcome.error is None and outcome.warnings == []
        answer = database.control("GET", "sales", params={"account": "erp", "id": "sc-order-1"})
        assert (answer["total"], answer["refunded"]) == ("89.04", "12")


@pytest.mark.parametrize(("setting", "books", "codes"), [("return", "54.94", []), ("none", "60", ["refund_not_sent"])])
def test_refunded_money_without_goods_is_booked_or_reported(
    setting: str, books: str, codes: list[str], open_adapter: Open, database: SandboxProcess
) -> None:
    """Of two lamps for 24.00 that were not shipped, 15.00 were kept; the shipping and 20.06 were paid back."""
    orders, item = Orders(open_adapter("tryton", refunds=setting)), order()
    orders.send(item)
    goods = RefundLineItem(1, D(2), D("7.50"), D("1.50"), D(9))
    refund = RefundItem("r1", "R1", None, None, None, D("34.10"), None, D("5.04"), D("20.06"), [goods])
    less = [replace(item.lines[0], quantity_refunded=D(2)), item.lines[1]]
    shipped = [ShipmentItem("1", "", [], None, {2: D(2)}, reported_by=7)]
    outcome = orders.send(replace(item, lines=less, refunds=[refund], shipments=shipped))
    assert outcome.error is None and [each.code for each in outcome.warnings] == codes
    answer = database.control("GET", "sales", params={"account": "erp", "id": "sc-order-1"})
    assert D(answer["total"]) - D(answer["refunded"]) == D(books)


def test_without_the_module_a_sale_in_processing_stays_as_it_is(open_adapter: Open, database: SandboxProcess) -> None:
    control(database, "modules", without=["sale_amendment", "stock_package_shipping", "product_measurements"])
    adapter = open_adapter("tryton")
    findings = check_assumptions(adapter, seconds=30)
    assert findings["amendments"].state is AssumptionState.REFUTED
    orders, item = Orders(adapter), order()
    orders.send(item)
    rejected = orders.send(item, remove=True)
    assert isinstance(rejected.error, SkipRecord) and "sale_amendment" in str(rejected.error)
    assert records(adapter, DataType.PRODUCTS) and records(adapter, DataType.ORDERS)


def test_a_customer_keeps_what_people_added(open_adapter: Open, database: SandboxProcess) -> None:
    adapter = open_adapter("tryton")
    target, client = adapter.target(DataType.CUSTOMERS), adapter.client
    assert isinstance(client, TrytonClient)
    before = samples.customer(4, phone="+44 1632 960001")
    sent = target.payload(before, References({}))
    (created,) = target.send([Operation(Action.CREATE, 4, "", sent)])
    party = int(created.external_id)
    client.write(
        "party.party", party, {"contact_mechanisms": [["create", [{"type": "email", "value": "own@x.example"}]]]}
    )
    after = replace(before, email="new@example.com", phone="", addresses=[AddressRecord(street="2 Low", city="Leeds")])
    target.send([Operation(Action.UPDATE, 4, str(party), target.payload(after, References({})), sent)])
    fields = ["contact_mechanisms.value", "contact_mechanisms.active", "addresses.street", "addresses.active"]
    found = client.read("party.party", party, fields)
    mechanisms = {each["value"]: each["active"] for each in found["contact_mechanisms"]}
    assert mechanisms == {"new@example.com": True, "+44 1632 960001": False, "own@x.example": True}
    assert {each["street"]: each["active"] for each in found["addresses"]} == {"1 High Street": False, "2 Low": True}
