"""WooCommerce: what orders cost and what of them is open, by a shop that works out its own totals; and customers."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.engine.applying.preparing import prepare
from connectors.sdk.adapter import Adapter
from connectors.sdk.records import CustomerRecord, OrderRecord
from hub.kinds import DataType
from orders.amounts import balance
from orders.quantities import left_to_ship
from sandbox.process import SandboxProcess
from tests.adapters.reading import records
from tests.sales import Parts, Sales

Open = Callable[..., Adapter[Any]]
Platform = Callable[[str], SandboxProcess]
ACCOUNT = "ck_alpha"
D = Decimal


@pytest.fixture
def shop(platform: Platform) -> SandboxProcess:
    found = platform("woocommerce")
    for sku, virtual in (("MUG", False), ("BOOK", False), ("COURSE", True)):
        values = {"name": sku, "slug": sku.lower(), "sku": sku, "regular_price": "10", "virtual": virtual}
        stock = {"manage_stock": True, "stock_quantity": 50}
        found.control("POST", "row", json={"account": ACCOUNT, "kind": "products", "values": values | stock})
    return found


@pytest.fixture
def sales(shop: SandboxProcess) -> Sales:
    return Sales(shop, ACCOUNT)


def read(adapter: Adapter[Any], number: str) -> OrderRecord:
    """The order as an import prepares it."""
    [found] = adapter.source(DataType.ORDERS).fetch([number])
    assert found.problems == []
    prepared = prepare(found)
    assert isinstance(prepared, OrderRecord)
    return prepared


def opened(order: OrderRecord) -> dict[str, Decimal]:
    return {line.sku: left_to_ship(line) for line in order.lines if line.needs_shipping is not False}


def held_by(view: Parts) -> dict[str, Decimal]:
    return {line["sku"]: D(line["open"]) for line in view["lines"]}


MUGS = {"sku": "MUG", "quantity": 3, "price": "9.99", "tax_rate": "20"}
BOOK = {"sku": "BOOK", "quantity": 1, "price": "15.00", "tax_rate": "5"}
SHIPPING = {"kind": "shipping", "amount": "4.99", "tax_rate": "20"}
ORDERS: dict[str, Parts] = {
    "prices without tax": {"lines": [MUGS, BOOK], "charges": [SHIPPING]},
    "prices with tax": {"lines": [MUGS, BOOK], "charges": [SHIPPING], "prices_include_tax": True},
    "a coupon": {"lines": [MUGS, BOOK], "coupon": "5.00", "coupon_code": "SPRING", "prices_include_tax": True},
    "a lowered price": {"lines": [MUGS | {"discount": "3.00"}, BOOK]},
    "a fee and a negative one": {"lines": [MUGS], "charges": [{"kind": "fee", "amount": "2"}], "discount": "4.00"},
    "a coupon and a negative fee": {"lines": [MUGS, BOOK], "coupon": "5.00", "discount": "4.00"},
    "a currency without places": {"lines": [{"sku": "MUG", "quantity": 3, "price": "999", "tax_rate": "8"}]}
    | {"currency": "JPY", "prices_include_tax": True},
    "a currency with three places": {"lines": [{"sku": "MUG", "price": "4.555", "tax_rate": "5"}], "currency": "KWD"},
}


@pytest.mark.parametrize("parts", ORDERS.values(), ids=ORDERS)
def test_orders_add_up(parts: Parts, sales: Sales, open_adapter: Open) -> None:
    placed = sales.place(parts)
    order = read(open_adapter("woocommerce"), placed["id"])
    assert balance(order).reconciliation == "balanced", balance(order)
    assert (order.total, order.tax, order.currency) == (D(placed["total"]), D(placed["tax"]), placed["currency"])
    assert (order.number, order.external_id) == (placed["number"], placed["id"]) and order.number != order.external_id
    assert order.status == "confirmed" and order.paid == order.total and opened(order) == held_by(placed)
    assert order.prices_include_tax is bool(parts.get("prices_include_tax"))
    lines = sum((line.total_gross or D(0) for line in order.lines), D(0))
    charges = sum((each.gross or D(0) for each in order.adjustments or () if each.kind in ("shipping", "fee")), D(0))
    assert abs(lines + charges - order.total) <= D("0.02")


def test_amounts_have_more_places_than_the_shop_shows(sales: Sales, open_adapter: Open) -> None:
    """9.99 with 20% tax is 8.325 without: two places would make it 10.00."""
    placed = sales.place({"lines": [MUGS | {"quantity": 1}], "prices_include_tax": True})
    [line] = read(open_adapter("woocommerce"), placed["id"]).lines
    assert (line.unit_price_net, line.total_net) == (D("8.325"), D("8.325"))


def test_refunds_with_and_without_lines(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("woocommerce")
    placed = sales.place({"lines": [MUGS, BOOK], "charges": [SHIPPING]})
    mugs = placed["lines"][0]["id"]
    sales.act("refund", placed["id"], lines={mugs: "2"}, shipping="1.00")
    view = sales.act("refund", placed["id"], lines={}, adjustment="3.50")
    order = read(adapter, placed["id"])
    first, second = sorted(order.refunds or (), key=lambda each: int(each.external_id))
    assert [(each.line_id, each.quantity) for each in first.lines] == [(mugs, D(2))]
    assert (first.shipping_gross or D(0)).quantize(D("0.01")) == D("1.00") and first.adjustment is None
    assert first.gross == (first.net or D(0)) + (first.tax or D(0))
    assert (second.gross, second.adjustment, second.lines) == (D("3.50"), D("3.50"), [])
    assert (second.net, second.tax) == (None, None), "the shop does not tell the tax of it"
    assert (order.refunded, order.status) == (D(view["refunded"]), "confirmed")
    assert opened(order) == held_by(view) == {"MUG": D(1), "BOOK": D(1)}
    assert balance(order).reconciliation == "balanced"
    left = D(view["total"]) - D(view["refunded"])
    sales.act("refund", placed["id"], lines={}, adjustment=str(left))
    order = read(adapter, placed["id"])
    assert order.status == "refunded" and set(opened(order).values()) == {D(0)}


def test_a_refund_that_the_list_lacks_is_fetched(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    placed = sales.place({"lines": [MUGS]})
    sales.act("refund", placed["id"], lines={}, adjustment="3.50")
    shop.fault("rewrite", path="/refunds$", find=r"\A.*\Z", replace="[]", headers={"X-WP-Total": "0"})
    assert read(open_adapter("woocommerce"), placed["id"]).refunded == D("3.50")


def test_refunds_that_are_not_found_cost_their_order(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    placed = sales.place({"lines": [MUGS]})
    sales.act("refund", placed["id"], lines={}, adjustment="3.50")
    shop.fault("status", path="/refunds$", status=404, body={"code": "woocommerce_rest_shop_order_invalid_id"})
    (found,) = open_adapter("woocommerce").source(DataType.ORDERS).fetch([placed["id"]])
    assert any(problem.fatal for problem in found.problems)


@pytest.mark.parametrize(
    ("action", "status", "is_open"),
    [("ship", "shipped", False), ("cancel", "cancelled", False), ("archive", "cancelled", False)],
)
def test_closed_orders(action: str, status: str, is_open: bool, sales: Sales, open_adapter: Open) -> None:
    """M9: an order in the trash stops everywhere, and a partial import finds it although the list leaves it out."""
    before = datetime.now(UTC)
    adapter = open_adapter("woocommerce")
    placed = sales.place({"lines": [MUGS]})
    sales.act(action, placed["id"])
    order = read(adapter, placed["id"])
    assert order.status == status and any(opened(order).values()) is is_open
    changed = records(adapter, DataType.ORDERS, since=before)
    assert [(each.external_id, each.status) for each in changed] == [(placed["id"], status)]  # type: ignore[attr-defined]


def test_what_is_never_shipped_keeps_nothing_open(sales: Sales, open_adapter: Open) -> None:
    adapter = open_adapter("woocommerce")
    mixed = sales.place({"lines": [MUGS, {"sku": "COURSE", "kind": "virtual", "price": "9"}]})
    assert {line.sku: line.needs_shipping for line in read(adapter, mixed["id"]).lines} == {
        "MUG": True,
        "COURSE": False,
    }
    alone = sales.place({"lines": [{"sku": "COURSE", "kind": "virtual", "price": "9"}]})
    sales.act("ship", alone["id"])
    assert read(adapter, alone["id"]).status == "delivered"


def test_stock_is_lowered_and_read(sales: Sales, open_adapter: Open) -> None:
    before = datetime.now(UTC)
    placed = sales.place({"lines": [MUGS]})
    adapter = open_adapter("woocommerce")
    [*_, mug] = [each for each in records(adapter, DataType.PRODUCTS, since=before) if each.title == "MUG"]  # type: ignore[attr-defined]
    assert mug.variants[0].stock[0].quantity == D(47)  # type: ignore[attr-defined]
    sales.act("cancel", placed["id"])
    [mug] = adapter.source(DataType.PRODUCTS).fetch([mug.external_id])
    assert mug.variants[0].stock[0].quantity == D(50)


def change(shop: SandboxProcess, number: str, **changes: Any) -> None:
    body = {"account": ACCOUNT, "kind": "orders", "id": int(number), "changes": changes}
    shop.control("PATCH", "row", json=body)


def test_statuses_of_plug_ins(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    placed = sales.place({"lines": [MUGS]})
    change(shop, placed["id"], status="awaiting-pickup")
    [order] = open_adapter("woocommerce").source(DataType.ORDERS).fetch([placed["id"]])
    assert order.status == "pending" and [each.code for each in order.problems] == ["order_state_unknown"]
    mapped = {"awaiting-pickup": "confirmed"}
    assert read(open_adapter("woocommerce", order_statuses=mapped), placed["id"]).status == "confirmed"
    ignoring = open_adapter("woocommerce", order_statuses={"awaiting-pickup": "ignored"})
    assert ignoring.source(DataType.ORDERS).fetch([placed["id"]]) == []
    change(shop, placed["id"], status="checkout-draft")
    assert open_adapter("woocommerce").source(DataType.ORDERS).fetch([placed["id"]]) == []


def test_a_gift_card_of_an_extension_pays_for_an_order(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    placed = sales.place({"lines": [MUGS], "charges": [SHIPPING]})
    cards = [{"id": 7, "code": "CARD", "amount": 20}]
    change(shop, placed["id"], total=str(D(placed["total"]) - 20), gift_cards=cards)
    order = read(open_adapter("woocommerce"), placed["id"])
    assert (balance(order).reconciliation, order.total, order.paid) == ("balanced", *[D(placed["total"])] * 2)
    assert [(each.kind, each.gross) for each in order.adjustments or () if each.kind == "gift_card"] == [
        ("gift_card", 20)
    ]


def test_guests_and_deleted_products(sales: Sales, shop: SandboxProcess, open_adapter: Open) -> None:
    placed = sales.place({"lines": [MUGS, {"sku": "by hand", "kind": "custom", "price": "3", "name": "Engraving"}]})
    lines = next(each for each in shop.state("orders") if each["id"] == int(placed["id"]))["line_items"]
    product = {"account": ACCOUNT, "kind": "products", "id": lines[0]["product_id"]}
    shop.control("DELETE", "row", json=product)
    change(shop, placed["id"], line_items=[lines[0] | {"sku": None, "product_id": 0}, lines[1]])
    order = read(open_adapter("woocommerce"), placed["id"])
    assert order.customer_id == "" and [line.sku for line in order.lines] == ["", "by hand"]
    assert [line.variant_id for line in order.lines] == ["", ""] and order.addresses[0].email == "ann@example.com"


def test_customers_have_their_role_as_group(shop: SandboxProcess, open_adapter: Open) -> None:
    """Without a role, the shop's list has customers only; who has another role may have ordered, too."""
    adapter = open_adapter("woocommerce", field_map={"customers": {"accounting_id": "meta_data.account_number"}})
    found = [each for each in records(adapter, DataType.CUSTOMERS) if isinstance(each, CustomerRecord)]
    assert {each.group for each in found} == {"customer", "wholesale_customer"}
    trade = next(each for each in found if each.group == "wholesale_customer")
    assert trade.accounting_id.startswith("ACC-") and trade.company_name
    assert [each.use for each in trade.addresses or ()] == ["billing", "shipping"]


def test_new_customers_are_found_by_partial_imports(shop: SandboxProcess, open_adapter: Open) -> None:
    everybody = sorted(shop.state("customers"), key=lambda each: each["created"])
    since = datetime.fromisoformat(everybody[-2]["created"]).replace(tzinfo=UTC)
    found = records(open_adapter("woocommerce"), DataType.CUSTOMERS, since=since)
    assert {each.external_id for each in found} == {str(each["id"]) for each in everybody[-2:]}
