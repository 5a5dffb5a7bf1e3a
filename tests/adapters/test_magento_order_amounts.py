"""What Magento's orders cost and what of them is open, read from answers in the vendor's documented form."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.engine.applying.preparing import prepare
from connectors.platforms.magento.shipments import Shipment
from connectors.platforms.magento.sources.order_records import OrderDetails, OrderRecordBuilder
from connectors.platforms.magento.sources.order_rows import CANCELED_MEMO, CreditMemo, MemoExtension, OrderRow
from connectors.sdk.records import OrderRecord
from orders.amounts import balance

D = Decimal
Row = dict[str, Any]
CLIENT = SimpleNamespace(
    settings=SimpleNamespace(b2b_store_id=None),
    field_map=SimpleNamespace(orders=SimpleNamespace(vendor="")),
    link=lambda page: f"https://shop.example/admin/{page}",
)


def item(number: int = 1, ordered: float = 2, price: float = 100, percent: float = 25, **more: Any) -> Row:
    """An item without discount; amounts follow from the price without tax."""
    with_tax = price * (1 + percent / 100)
    return {
        "item_id": number,
        "product_id": 50 + number,
        "product_type": "simple",
        "sku": f"SKU-{number}",
        "name": f"Lamp {number}",
        "is_virtual": 0,
        "price": price,
        "price_incl_tax": with_tax,
        "row_total": price * ordered,
        "row_total_incl_tax": with_tax * ordered,
        "tax_amount": (with_tax - price) * ordered,
        "tax_percent": percent,
        "discount_amount": 0,
        "discount_tax_compensation_amount": 0,
        "qty_ordered": ordered,
        "qty_shipped": 0,
        "qty_canceled": 0,
        "qty_refunded": 0,
    } | more


def read(*items: Row, details: OrderDetails | None = None, **order: Any) -> OrderRecord:
    """The order as an import prepares it."""
    row = {
        "entity_id": 9,
        "increment_id": "000000009",
        "state": "processing",
        "status": "processing",
        "created_at": "2026-11-01 10:00:00",
        "order_currency_code": "EUR",
        "base_currency_code": "NOK",
        "base_to_order_rate": 0.08,
        "grand_total": sum(each["row_total_incl_tax"] for each in items),
        "tax_amount": sum(each["tax_amount"] for each in items),
        "shipping_amount": 0,
        "shipping_incl_tax": 0,
        "shipping_tax_amount": 0,
        "items": list(items),
        "billing_address": {"street": ["Storgata 1"], "country_id": "NO"},
    } | order
    builder = OrderRecordBuilder(cast(Any, CLIENT), row, details or OrderDetails())
    prepared = prepare(builder.build(OrderRow.model_validate(row)))
    assert isinstance(prepared, OrderRecord)
    return prepared


def adds_up(order: OrderRecord) -> bool:
    return balance(order).reconciliation == "balanced"


def opened(order: OrderRecord) -> dict[str, int]:
    return {
        line.sku: int(line.quantity - line.quantity_cancelled - line.quantity_refunded - line.quantity_shipped)
        for line in order.lines
    }


@pytest.mark.parametrize("compensation", [10, 0], ids=["compensation told", "compensation missing"])
def test_a_discount_on_prices_with_tax(compensation: float) -> None:
    """250 with tax − 50 + 12.50 shipping without tax = 212.50, of which 40 are tax."""
    bought = item(tax_amount=40, discount_amount=50, discount_tax_compensation_amount=compensation)
    order = read(
        bought, grand_total=212.5, tax_amount=40, discount_amount=-50, coupon_code="TEN", shipping_amount=12.5,
        shipping_incl_tax=12.5, shipping_description="Post", subtotal=200, subtotal_incl_tax=250, total_paid=212.5,
    )  # fmt: skip
    (line,), (shipping, coupon) = order.lines, order.adjustments or []
    assert (line.total_net, line.tax, line.total_gross, line.discount_net, line.discount_gross) == (
        160,
        40,
        200,
        40,
        50,
    )
    assert (line.unit_price_net, line.unit_price_gross, line.tax_rate) == (100, 125, 25)
    assert (shipping.net, shipping.tax, shipping.gross) == (D("12.5"), 0, D("12.5"))
    assert (coupon.kind, coupon.code, coupon.net, coupon.gross) == ("coupon", "TEN", 40, 50)
    assert (order.total, order.total_net, order.tax, order.paid) == (D("212.5"), D("172.5"), 40, D("212.5"))
    assert adds_up(order) and not order.problems
    assert (order.base_currency, order.exchange_rate) == ("NOK", D("12.5"))


def test_a_discount_before_tax_on_goods_and_shipping() -> None:
    bought = item(tax_amount=37.5, discount_amount=50)
    order = read(
        bought, item(2, 1, 10, 0), grand_total=209.5, tax_amount=39.5, discount_amount=-60, shipping_amount=20,
        shipping_incl_tax=25, shipping_tax_amount=2, shipping_discount_amount=10,
    )  # fmt: skip
    first, second = order.lines
    assert (first.total_net, first.total_gross, first.discount_net) == (150, D("187.5"), 50)
    assert (second.total_gross, second.discount_gross) == (10, 0)
    shipping, discount = order.adjustments or []
    assert (shipping.net, shipping.gross, shipping.discount_net) == (10, 12, 10)
    assert (discount.kind, discount.net) == ("discount", 60) and adds_up(order)


def test_gift_cards_credit_wrapping_and_fees() -> None:
    own = {
        "gift_cards": [{"id": 1, "code": "CARD-1", "amount": 30, "base_amount": 30}],
        "gift_cards_amount": 30,
        "customer_balance_amount": 20,
        "gw_items_price": "8.0000",
        "gw_items_tax_amount": "2.0000",
        "custom_fees": [{"custom_fee_label": "Insurance", "custom_fee_amount": 5}],
    }
    order = read(item(), grand_total=215, tax_amount=52, extension_attributes=own)
    found = [(each.kind, each.net, each.gross) for each in order.adjustments or []]
    assert found == [
        ("wrapping", 8, 10), ("fee", 5, 5), ("gift_card", 30, 30), ("store_credit", 20, 20),
    ]  # fmt: skip
    assert order.total == 265 and adds_up(order)


def test_what_was_canceled_refunded_or_shipped_is_not_open() -> None:
    order = read(
        item(1, 5, qty_canceled=2),
        item(2, 5, qty_refunded=2),
        item(3, 2, qty_shipped=2),
        item(4, 3),
        item(5, 5, qty_shipped=2),
    )
    assert opened(order) == {"SKU-1": 3, "SKU-2": 3, "SKU-3": 0, "SKU-4": 3, "SKU-5": 3}
    assert (order.status, [line.status for line in order.lines]) == (
        "partly_shipped", ["pending", "pending", "shipped", "pending", "partly_shipped"],
    )  # fmt: skip


@pytest.mark.parametrize("state", ["processing", "complete"])
def test_a_virtual_line_does_not_keep_an_order_partly_shipped(state: str) -> None:
    order = read(item(qty_shipped=2), item(2, 1, product_type="virtual", is_virtual=1), state=state)
    assert (order.status, {line.status for line in order.lines}) == ("shipped", {"shipped"})


def bundle(*parts: Row, **more: Any) -> list[Row]:
    whole = item(1, 1, sum(part["row_total"] for part in parts) or 90, product_type="bundle", sku="SET-SKU-2-SKU-3")
    return [whole | more, *(part | {"parent_item_id": 1} for part in parts)]


def test_the_parts_of_a_bundle_with_dynamic_price_have_the_amounts() -> None:
    rows = bundle(item(2, 1, 60, qty_shipped=1), item(3, 1, 40))
    shipment = Shipment(
        entity_id=1,
        order_id=9,
        items=[{"order_item_id": "2", "qty": 1}],
        tracks=[{"track_number": "T1", "title": "DHL"}],
    )
    order = read(*rows, grand_total=125, tax_amount=25, details=OrderDetails(shipments={9: [shipment]}))
    whole, one, two = order.lines
    assert [(line.kind, line.parent_id, line.needs_shipping) for line in order.lines] == [
        ("bundle", "", False), ("bundle_part", "1", True), ("bundle_part", "1", True),
    ]  # fmt: skip
    assert (whole.total_gross, one.total_gross, two.total_gross) == (0, 75, 50) and adds_up(order)
    assert order.status == "partly_shipped" and opened(order)["SKU-2"] == 0
    assert [each.lines for each in order.shipments or []] == [{"2": D(1)}]


def test_a_bundle_with_fixed_price_that_ships_as_one_is_a_kit() -> None:
    parts = [item(2, 2, 0), item(3, 1, 0)]
    rows = bundle(*parts, qty_shipped=1)
    shipment = Shipment(entity_id=1, order_id=9, items=[{"order_item_id": "1", "qty": 1}])
    details = OrderDetails(shipments={9: [shipment]}, ships_together={51: True})
    order = read(*rows, grand_total=112.5, tax_amount=22.5, details=details)
    assert [line.kind for line in order.lines] == ["kit", "bundle_part", "bundle_part"]
    assert [line.total_gross for line in order.lines] == [D("112.5"), 0, 0] and adds_up(order)
    assert [each.lines for each in order.shipments or []] == [{"2": D(2), "3": D(1)}]
    assert (order.status, opened(order)["SKU-2"]) == ("shipped", 0)


def test_credit_memos_are_refunds() -> None:
    memo = CreditMemo.model_validate(
        {
            "entity_id": 3, "order_id": 9, "increment_id": "000000003", "created_at": "2026-11-02 08:00:00",
            "grand_total": 133, "tax_amount": 25, "shipping_amount": 10, "shipping_incl_tax": 10,
            "adjustment_positive": 0, "adjustment_negative": 2,
            "items": [{"entity_id": 1, "order_item_id": 1, "qty": 1, "row_total": 100, "tax_amount": 25}],
        }
    )  # fmt: skip
    canceled = memo.model_copy(update={"entity_id": 4, "state": CANCELED_MEMO})
    order = read(item(qty_refunded=1), total_refunded=133, details=OrderDetails(credit_memos={9: [memo, canceled]}))
    (refund,) = order.refunds or []
    assert (refund.number, refund.gross, refund.tax, refund.shipping_gross, refund.adjustment) == (
        "000000003", 133, 25, 10, -2,
    )  # fmt: skip
    assert [(line.line_id, line.quantity, line.gross) for line in refund.lines] == [("1", 1, 125)]
    assert order.refunded == 133
    # What went back to a gift card and the store credit is part of the refund.
    paid = MemoExtension(gift_cards_amount=D(30), customer_balance_amount=D(3))
    memo = memo.model_copy(update={"grand_total": D(100), "extension_attributes": paid})
    order = read(item(qty_refunded=1), total_refunded=100, details=OrderDetails(credit_memos={9: [memo]}))
    assert [(each.gross, each.net) for each in order.refunds or []] == [(133, 108)]


def test_credit_memos_that_the_shop_does_not_show_are_reported() -> None:
    order = read(item(qty_refunded=1), total_refunded=125, details=OrderDetails(credit_memos=None))
    assert order.refunds is None and [problem.code for problem in order.problems] == ["refunds_not_readable"]


def test_an_order_that_goes_to_several_addresses() -> None:
    """Its lines name the address that they go to, so that a target with one address a order says so."""
    assignments = [
        {"shipping": {"address": {"entity_id": 70 + n, "street": ["A 1"]}}, "items": [{"item_id": n}]} for n in (1, 2)
    ]
    record = read(item(1), item(2), extension_attributes={"shipping_assignments": assignments})
    assert [line.delivery_address for line in record.lines] == ["71", "72"]
    assert [each.external_id for each in record.addresses if each.use == "shipping"] == ["71", "72"]
    record = read(item(1), extension_attributes={"shipping_assignments": assignments[:1]})
    assert record.lines[0].delivery_address == ""


def test_a_credit_memo_that_cannot_be_read_costs_its_order_only() -> None:
    details = OrderDetails(unreadable={"/creditmemos": {9}})
    record = read(item(), details=details)
    assert [(each.code, each.fatal) for each in record.problems] == [("unreadable", True)]
    assert not read(item(), details=OrderDetails(unreadable={"/creditmemos": {10}})).problems
