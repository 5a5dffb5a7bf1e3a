"""Money and quantities of Shopify's orders (M1-M8): what the store computes is what the record says."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from graphql import FieldNode, parse

from connectors.platforms.shopify import documents, sales_documents, target_documents
from connectors.platforms.shopify.documents import ProductDocuments
from connectors.platforms.shopify.sales_documents import LIMITS, CustomerDocuments, OrderDocuments
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.records import OrderLineRecord, OrderRecord
from hub.kinds import DataType, Kind
from orders.amounts import balance, completed
from orders.currencies import round_amount
from orders.items import OrderLineItem, ShipmentItem
from orders.quantities import left_to_ship
from sandbox.process import SandboxProcess
from tests.adapters.samples import order as order_item

Open = Callable[..., Adapter[Any]]
ADDRESS = {"first_name": "Sam", "last_name": "Buyer", "street": "1 High Street", "city": "Leeds", "postcode": "LS1"}
LAMP = {"sku": "LAMP", "quantity": 5, "price": "100", "tax_rate": "25"}
SHIPPING = {"kind": "shipping", "amount": "20", "tax_rate": "25", "name": "Post"}


class Shop:
    """Places orders in the store, does what a person in its admin does, and reads them."""

    def __init__(self, store: SandboxProcess, open_adapter: Open) -> None:
        self.store = store
        self.open = open_adapter

    def place(self, *lines: dict[str, Any], **parts: Any) -> dict[str, Any]:
        order = {"lines": list(lines), "addresses": [ADDRESS], **parts}
        found: dict[str, Any] = self.store.control("POST", "sales", json={"account": "alpha", "order": order})
        return found

    def act(self, action: str, order: dict[str, Any], **details: Any) -> dict[str, Any]:
        body = {"account": "alpha", "id": order["id"], **details}
        found: dict[str, Any] = self.store.control("POST", f"sales/{action}", json=body)
        return found

    def read(self, order: dict[str, Any], **settings: Any) -> OrderRecord:
        (found,) = self.open("shopify", **settings).source(DataType.ORDERS).fetch([order["id"]])
        assert found.problems == []
        record: OrderRecord = completed(found)
        return record


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess], open_adapter: Open) -> Shop:
    return Shop(platform("shopify"), open_adapter)


MIXES = [
    {},
    {"charges": [SHIPPING]},
    {"discount": "33.33"},
    {"coupon": "20", "coupon_code": "SPRING", "charges": [SHIPPING]},
    {"discount": "10", "coupon": "7.77", "coupon_code": "X", "charges": [SHIPPING, {"kind": "fee", "amount": "5"}]},
    {"gift_certificate": "30", "store_credit": "12.5"},
    {"currency": "JPY", "rate": "190", "discount": "33"},
    {"currency": "KWD", "rate": "0.4", "coupon": "3.333", "coupon_code": "K"},
]


@pytest.mark.parametrize("with_tax", [False, True], ids=["net", "gross"])
@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: "+".join(mix) or "plain")
def test_orders_add_up(mix: dict[str, Any], with_tax: bool, shop: Shop) -> None:
    price = "20" if mix.get("currency") == "JPY" else "19.99"
    other = {"sku": "MUG", "quantity": 2, "price": price, "tax_rate": "10", "discount": "3"}
    order = shop.place(LAMP, other, prices_include_tax=with_tax, **mix)
    record = shop.read(order)
    assert (record.total, record.currency) == (Decimal(order["total"]), order["currency"])
    found = balance(record)
    assert found.reconciliation == "balanced", found
    taxes = [
        row.tax for row in (*record.lines, *(record.adjustments or ())) if getattr(row, "kind", "") not in _REDUCING
    ]
    assert sum(filter(None, taxes)) == record.tax
    assert record.prices_include_tax is with_tax


_REDUCING = ("discount", "coupon", "gift_card", "store_credit")


def line(record: OrderRecord, sku: str = "LAMP") -> OrderLineRecord:
    return next(each for each in record.lines if each.sku == sku)


def test_discounts_by_code_and_by_hand(shop: Shop) -> None:
    order = shop.place(
        LAMP | {"quantity": 2}, discount="30", coupon="20", coupon_code="SPRING", prices_include_tax=True
    )
    record = shop.read(order)
    rows = {each.kind: (each.code, each.title, each.gross) for each in record.adjustments or ()}
    assert rows == {"coupon": ("SPRING", "", 20), "discount": ("", "Spring", 30)}
    assert (line(record).unit_price_gross, line(record).total_gross, line(record).discount_gross) == (100, 150, 50)
    assert (line(record).total_net, line(record).tax, line(record).tax_rate) == (120, 30, 25)


def test_payments_by_gift_card_and_store_credit_do_not_lower_the_total(shop: Shop) -> None:
    record = shop.read(shop.place(LAMP, gift_certificate="30", store_credit="12.5"))
    assert record.total == 625 and record.paid == 625
    assert {each.kind: each.gross for each in record.adjustments or ()} == {
        "gift_card": 30,
        "store_credit": Decimal("12.5"),
    }


def test_currencies_and_the_rate(shop: Shop) -> None:
    record = shop.read(shop.place(LAMP, currency="EUR", rate="1.25"))
    assert (record.currency, record.base_currency, record.exchange_rate) == ("EUR", "GBP", Decimal("0.8"))


def test_what_is_open(shop: Shop) -> None:
    """Removed by an edit, refunded before and after shipping, shipped: each once."""
    order = shop.place(LAMP, {"sku": "MUG", "quantity": 3, "price": "10"})
    lamp, mug = (each["id"] for each in order["lines"])
    shop.act("cancel", order, lines={lamp: 1})
    numbers = [f"T-{number}" for number in range(12)]
    shop.act("ship", order, lines={lamp: 1, mug: 1}, tracking=numbers)
    record = shop.read(shop.act("refund", order, lines={lamp: 1}))
    assert record.status == "partly_shipped" and (record.total, record.refunded) == (Decimal(order["total"]), 125)
    found = line(record)
    assert (found.quantity, found.quantity_cancelled, found.quantity_refunded, found.quantity_shipped) == (5, 1, 1, 1)
    assert left_to_ship(found) == 2 and left_to_ship(line(record, "MUG")) == 2
    (shipment,) = record.shipments or ()
    assert shipment.tracking_numbers == numbers and shipment.carrier == "Royal Mail"
    assert shipment.lines == {lamp: 1, mug: 1}
    # Of the removal a refund without money tells, which is no credit memo.
    (refund,) = record.refunds or ()
    assert (refund.gross, refund.tax, [(each.line_id, each.quantity, each.gross) for each in refund.lines]) == (
        125, 25, [(lamp, 1, 125)],
    )  # fmt: skip


def test_an_order_on_hold_is_not_confirmed(shop: Shop) -> None:
    """Such as for a high risk of fraud: an ERP waits for it."""
    order = shop.place(LAMP)
    assert shop.read(shop.act("change", order, change={"on_hold": True})).status == "pending"
    assert shop.read(shop.act("change", order, change={"on_hold": False})).status == "confirmed"


def test_what_was_shipped_before_the_rest_was_put_on_hold(shop: Shop) -> None:
    order = shop.place(LAMP)
    shop.act("ship", order, lines={order["lines"][0]["id"]: 2})
    record = shop.read(shop.act("change", order, change={"on_hold": True}))
    assert record.source_status == "Paid, On hold" and left_to_ship(line(record)) == 3


@pytest.mark.parametrize(
    "mix",
    [
        {},
        {"discount": "10", "coupon": "7.77", "coupon_code": "X"},
        {"currency": "JPY", "rate": "190", "discount": "33"},
    ],
)
def test_a_total_without_the_pieces_that_were_removed(mix: dict[str, Any], shop: Shop) -> None:
    """Each discount falls by what was allocated to them; amounts are rounded to the currency's places."""
    order = shop.place(LAMP | {"quantity": 3}, LAMP | {"sku": "MUG"}, prices_include_tax=True, **mix)
    shop.act("cancel", order, lines={order["lines"][0]["id"]: 1})
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    (record,) = source.records([found.raw | {"totalPriceSet": found.raw["currentTotalPriceSet"]}])
    assert line(record).quantity == 2 and balance(completed(record)).reconciliation == "balanced"
    shares = [each.discount_gross or 0 for each in record.lines]
    assert sum(each.gross for each in record.adjustments) == sum(shares)
    amounts = [*shares, *(amount for each in record.lines for amount in (each.total_gross, each.total_net, each.tax))]
    assert amounts == [round_amount(Decimal(each), record.currency) for each in amounts]


@pytest.mark.parametrize("cents", ["0.05", "-0.05"])
def test_a_total_that_contains_the_rounding_of_cash(cents: str, shop: Shop) -> None:
    order = shop.place(LAMP)
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    total, rounding = ({"presentmentMoney": {"amount": each}} for each in (str(625 + Decimal(cents)), cents))
    raw = found.raw | {"totalPriceSet": total, "totalCashRoundingAdjustment": {"paymentSet": rounding}}
    (record,) = source.records([raw])
    assert [(each.kind, each.gross) for each in record.adjustments] == [("rounding", Decimal(cents))]
    assert balance(completed(record)).reconciliation == "balanced"


def test_no_list_is_cut_silently() -> None:
    """Whatever is asked for in part has a next page, or a length at which the order is refused."""
    texts = [
        each
        for module in (documents, sales_documents, target_documents)
        for each in vars(module).values()
        if _is_document(each)
    ]
    made = (ProductDocuments((), ()), CustomerDocuments((), companies=True), OrderDocuments((), companies=True))
    texts += [text for each in made for name in ("page", "nodes", "more_variants") if (text := getattr(each, name, ""))]
    assert len(texts) > 20
    cut = {name for text in texts for name in _asked_for_in_part(parse(text))}
    assert cut == LIMITS.keys()


def _is_document(value: Any) -> bool:
    return isinstance(value, str) and value.strip().startswith(("query ", "mutation "))


def _asked_for_in_part(node: Any) -> Iterator[str]:
    for field in getattr(node, "definitions", None) or node.selection_set.selections if node else ():
        if not getattr(field, "selection_set", None):
            continue
        names = {each.name.value for each in field.selection_set.selections if isinstance(each, FieldNode)}
        given = {each.name.value for each in getattr(field, "arguments", None) or ()}
        if "first" in given and "pageInfo" not in names:
            yield field.name.value
        yield from _asked_for_in_part(field)


@pytest.mark.parametrize("field", ["fulfillments", "refunds", "transactions"])
def test_a_list_that_may_be_cut_is_a_problem(field: str, shop: Shop) -> None:
    order = shop.place(LAMP)
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    (cut,) = source.records([found.raw | {field: [{}] * LIMITS[field]}])
    assert [(each.fatal, each.values["field"]) for each in cut.problems] == [(True, field)]


def test_a_piece_that_came_back_is_not_sent_again_and_hides_no_other(shop: Shop) -> None:
    order = shop.place(LAMP | {"quantity": 3})
    (lamp,) = (each["id"] for each in order["lines"])
    shop.act("ship", order, lines={lamp: 2})
    order = shop.act("refund", order, lines={lamp: 1})
    # The refund took the piece that was not sent yet; so nothing is open.
    assert left_to_ship(line(shop.read(order))) == 0


@pytest.mark.parametrize("with_tax", [False, True], ids=["net", "gross"])
def test_refunds(with_tax: bool, shop: Shop) -> None:
    """Lines, shipping and a part that belongs to neither; whether subtotals contain tax follows from what was paid."""
    order = shop.place(LAMP, charges=[SHIPPING], prices_include_tax=with_tax)
    (lamp,) = (each["id"] for each in order["lines"])
    order = shop.act("refund", order, lines={lamp: 2}, shipping="4", adjustment="3")
    (refund,) = shop.read(order).refunds or ()
    line_gross = Decimal(200) if with_tax else Decimal(250)
    assert refund.gross == line_gross + 7 and (refund.shipping_gross, refund.adjustment) == (4, 3)
    assert refund.lines[0].gross == line_gross and refund.tax == (40 if with_tax else 50)
    # A duty was refunded as well, of which the refund does not tell the tax.
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    found.raw["refunds"][0]["totalRefundedSet"]["presentmentMoney"]["amount"] = str(line_gross + 17)
    ((refund,),) = (each.refunds for each in source.records([found.raw]))
    assert (refund.net, refund.tax, refund.gross, refund.adjustment) == (None, None, line_gross + 17, 13)


@pytest.mark.parametrize(
    ("received", "paid_back", "worth"), [("312.5", "0", "125"), ("352.5", "40", "125"), ("437.5", "110", "110")]
)
def test_goods_that_were_exchanged_are_refunded_in_full(received: str, paid_back: str, worth: str, shop: Shop) -> None:
    """A lamp comes back, and a sofa is taken for it: only the difference is paid. Of the last refund, 15 were kept."""
    sofa = {"sku": "SOFA", "quantity": 1, "price": "250", "tax_rate": "25"}
    order = shop.place(LAMP | {"quantity": 1}, sofa)
    lamp = order["lines"][0]["id"]
    order = shop.act("refund", shop.act("ship", order, lines={lamp: 1}), lines={lamp: 1}, change={"restock": "RETURN"})
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    for row, field, value in (
        (found.raw, "totalReceivedSet", received),
        (found.raw["refunds"][0], "totalRefundedSet", paid_back),
    ):
        row[field]["presentmentMoney"]["amount"] = value
    (record,) = source.records([found.raw])
    (refund,) = record.refunds
    assert (refund.gross, refund.adjustment) == (Decimal(worth), Decimal(worth) - 125 or None)
    assert (record.lines[0].quantity_refunded, record.lines[0].quantity_cancelled) == (1, 0)


@pytest.mark.parametrize(
    ("received", "pieces", "restock"), [("0", 5, "NO_RESTOCK"), ("375", 2, "NO_RESTOCK"), ("0", 5, "RETURN")]
)
def test_goods_that_were_not_paid_for_are_not_exchanged(received: str, pieces: int, restock: str, shop: Shop) -> None:
    """An order of 625 on account, or with a deposit of 375 and the other pieces taken out: nothing was refunded."""
    order = shop.place(LAMP)
    (lamp,) = (each["id"] for each in order["lines"])
    order = shop.act("refund", order, lines={lamp: pieces}, change={"restock": restock})
    source: Any = shop.open("shopify").source(DataType.ORDERS)
    (found,) = source.fetch([order["id"]])
    for row, field, value in (
        (found.raw, "totalReceivedSet", received),
        (found.raw["refunds"][0], "totalRefundedSet", "0"),
    ):
        row[field]["presentmentMoney"]["amount"] = value
    assert source.records([found.raw])[0].refunds == []


@pytest.mark.parametrize(
    ("action", "paid", "status"),
    [
        (None, True, "confirmed"),
        (None, False, "pending"),
        ("ship", True, "shipped"),
        ("cancel", True, "cancelled"),
        ("refund", True, "refunded"),
    ],
)
def test_statuses(action: str | None, paid: bool, status: str, shop: Shop) -> None:
    """What is not shipped at all keeps no order open."""
    order = shop.place(LAMP, {"sku": "E-BOOK", "kind": "digital", "price": "5"}, paid=paid)
    if action == "ship":
        shop.act("ship", order, lines={order["lines"][0]["id"]: 5})
    elif action:
        shop.act(action, order)
    assert shop.read(order).status == status


def test_kinds_of_lines(shop: Shop) -> None:
    kinds = {"custom": "custom", "gift_certificate": "gift_card", "digital": "custom"}
    order = shop.place(*({"sku": f"X-{kind}", "kind": kind, "price": "5"} for kind in kinds))
    assert {each.sku: each.kind for each in shop.read(order).lines} == {
        f"X-{kind}": name for kind, name in kinds.items()
    }


def test_long_orders_are_complete(shop: Shop) -> None:
    order = shop.place(*(LAMP | {"sku": f"L-{number}", "quantity": 1} for number in range(55)))
    record = shop.read(order)
    assert [each.sku for each in record.lines] == [f"L-{number}" for number in range(55)]
    assert balance(record).reconciliation == "balanced"


def test_test_orders_and_old_orders(shop: Shop) -> None:
    order = shop.place(LAMP)
    shop.act("change", order, change={"test": True})
    source = shop.open("shopify").source(DataType.ORDERS)
    assert source.fetch([order["id"]]) == [] and source.excluded([order["id"]]) == {order["id"]}
    assert shop.read(order, test_orders=True).number == order["number"]
    shop.act("change", order, change={"test": False, "age_in_days": 61})
    assert shop.read(order).number == order["number"]
    scopes = ["read_products", "read_orders", "read_customers"]
    shop.store.control("PATCH", "settings/alpha", json={"scopes": scopes})
    assert shop.open("shopify").source(DataType.ORDERS).fetch([order["id"]]) == []


def test_orders_of_companies(shop: Shop) -> None:
    customers = list(shop.store.state("customers"))
    company = next(row for row in customers if row["company"])
    private = next(row for row in customers if not row["company"])
    ordered = {row["id"]: shop.place(LAMP, customer=row["id"]) for row in (company, private)}
    assert shop.read(ordered[company["id"]], companies=True).placed_through_b2b
    assert not shop.read(ordered[private["id"]], companies=True).placed_through_b2b
    source = shop.open("shopify", companies=True).source(DataType.CUSTOMERS)
    read = {record.external_id: record for record in source.fetch([str(each) for each in ordered])}
    assert read[str(company["id"])].company_name == company["company"]["name"]
    assert (read[str(company["id"])].b2b_enabled, read[str(private["id"])].b2b_enabled) == (True, None)


# Shipments that other systems report
LINES = [
    OrderLineItem(number, 1, number, 0, f"SKU-{number}", "Lamp", "", Decimal(9), Decimal(1), "pending")
    for number in (1, 2)
]


def shipment(number: str, lines: dict[int, int], *tracking: str, carrier: str = "DHL Express") -> ShipmentItem:
    quantities = {line_id: Decimal(quantity) for line_id, quantity in lines.items()}
    return ShipmentItem(number, carrier, list(tracking), None, quantities, reported_by=9)


def test_shipments_of_others_are_created_once(shop: Shop) -> None:
    placed = shop.place(LAMP, {"sku": "MUG", "quantity": 3, "price": "10"})
    adapter = shop.open("shopify", notify=True)
    refs = References({(Kind.ORDER_LINE, place): each["id"] for place, each in enumerate(placed["lines"], 1)})
    target: Any = adapter.target(DataType.ORDERS)

    def send(*shipments: ShipmentItem) -> Outcome:
        payload = target.payload(order_item(1, lines=LINES, shipments=list(shipments)), refs)
        [outcome] = target.send([Operation(Action.UPDATE, 1, placed["id"], payload)])
        return outcome

    def found() -> list[tuple[list[str], dict[str, Any]]]:
        record = shop.read(placed)
        return [(each.tracking_numbers, dict(each.lines)) for each in record.shipments or ()]

    lamp, mug = (each["id"] for each in placed["lines"])
    first = shipment("1", {1: 2, 2: 1}, "A", "B")
    # The answer is lost after Shopify has created it.
    shop.store.fault("drop", method="POST", after=1, when="after", times=1)
    with pytest.raises(TryAgainLater):
        send(first)
    assert send(first).error is None and found() == [(["A", "B"], {lamp: 2, mug: 1})]
    # Tracking numbers follow, also of a shipment that had none; what was imported is not sent back.
    bare = shipment("2", {1: 1})
    imported = ShipmentItem("4001", "Post", ["X"], None, {1: Decimal(2)})
    assert send(first, bare, imported).error is None and found()[1] == ([], {lamp: 1})
    more = shipment("1", {1: 2, 2: 1}, "A", "B", "C")
    assert send(more, shipment("2", {1: 1}, "D")).error is None
    assert found() == [(["A", "B", "C"], {lamp: 2, mug: 1}), (["D"], {lamp: 1})]
    # More than is open: what is open is shipped, and the rest is reported.
    error = send(more, shipment("3", {1: 5, 2: 2}, "E")).error
    assert isinstance(error, SkipRecord) and "E: only a part of it is open" in str(error)
    assert found()[2] == (["E"], {lamp: 2, mug: 2}) and shop.read(placed).status == "shipped"


def test_shipments_that_shopify_does_not_take(shop: Shop) -> None:
    placed = shop.place(LAMP)
    target: Any = shop.open("shopify").target(DataType.ORDERS)
    refs = References({(Kind.ORDER_LINE, 1): placed["lines"][0]["id"]})
    payload = target.payload(order_item(1, lines=LINES, shipments=[shipment("1", {1: 1}, "A")]), refs)
    shop.act("change", placed, change={"on_hold": True})
    held, gone = target.send(
        [Operation(Action.UPDATE, 1, placed["id"], payload), Operation(Action.UPDATE, 2, "987654321", payload)]
    )
    assert isinstance(held.error, SkipRecord) and held.error.problem.code == "shipment_rejected"
    assert gone.error is None and target.payload(order_item(3), References({})) is None
