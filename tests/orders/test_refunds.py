"""A refund's whole money reaches the books of a target: it lowers the order there, or is a row of the refund (M5)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.currencies import quantum, round_amount
from orders.items import OrderItem, RefundItem, RefundLineItem, ShipmentItem
from orders.parts import charges, charges_left, deliverable_parts
from orders.records import AdjustmentRecord
from orders.refunds import booked_refunds, has_shipped, shipped_but_not_ordered
from tests.orders.test_parts import line, order

D = Decimal
ERP = 7
PATIENT = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])


def post(gross: str) -> AdjustmentRecord:
    net = (D(gross) / D("1.25")).quantize(D("0.01"))
    return AdjustmentRecord(kind="shipping", net=net, tax=D(gross) - net, gross=D(gross))


def refund(*lines: RefundLineItem, **amounts: Any) -> RefundItem:
    names = ("net", "tax", "gross", "shipping_net", "shipping_gross", "adjustment")
    values = {name: D(amounts[name]) if name in amounts else None for name in names}
    return RefundItem("r", "R-1", None, **values, lines=list(lines))


def back(quantity: str, gross: str | None = None, number: int = 1) -> RefundLineItem:
    """A refunded quantity of the first line, with 25 % tax."""
    if gross is None:
        return RefundLineItem(number, D(quantity), None, None, None)
    net = (D(gross) / D("1.25")).quantize(D("0.01"))
    return RefundLineItem(number, D(quantity), net, D(gross) - net, D(gross))


def shipped(**quantities: str) -> list[ShipmentItem]:
    lines = {int(key.removeprefix("line")): D(quantity) for key, quantity in quantities.items()}
    return [ShipmentItem("s", "", [], None, lines, reported_by=ERP)]


def in_books(item: OrderItem, *, whole_bundles: bool = False) -> Decimal:
    """What a target has of an order, with tax: goods and charges less the refunds that it books."""
    kept = has_shipped(item)
    rows = charges(item) if kept else charges_left(item)
    goods = [part.gross or D(0) for part in deliverable_parts(item, whole_bundles=whole_bundles)]
    booked = [each.gross for each in booked_refunds(item, charges_kept=kept, whole_bundles=whole_bundles)]
    return sum(goods, D(0)) + sum((row.gross or D(0) for row in rows), D(0)) - sum(booked, D(0))


def placed(
    given: RefundItem, refunded: str = "0", *, quantity_cancelled: str = "0", paid: str | None = None, **more: Any
) -> OrderItem:
    """Five pieces for 250, shipping of 25, all with tax, and a refund."""
    usual: dict[str, Any] = {"adjustments": [post("25")], "refunds": [given], "target_id": ERP, "shipments": []}
    usual |= {"total": D(275), "paid": None if paid is None else D(paid)}
    quantities = {"quantity_refunded": D(refunded), "quantity_cancelled": D(quantity_cancelled)}
    return order(line(1, "5", **quantities), **usual | more)


@pytest.mark.parametrize(
    ("item", "rows"),
    [
        (placed(refund(back("2", "100"), gross="100"), "2"), []),
        (placed(refund(back("2", "100"), gross="100"), "2", shipments=shipped(line1="5")), [(2, 80, 100)]),
        # Only one of the two came back.
        (placed(refund(back("2", "100"), gross="100"), "2", shipments=shipped(line1="4")), [(1, 40, 50)]),
        (placed(refund(back("2", "90"), gross="90"), "2"), [(0, -8, -10)]),
        (placed(refund(back("2"), net="72", gross="90"), "2"), [(0, -8, -10)]),
        (placed(refund(back("0", "15"), gross="15")), [(0, 12, 15)]),
        (placed(refund(gross="7", net="7")), [(0, 7, 7)]),
        (placed(refund(adjustment="-3", gross="-3")), [(0, -3, -3)]),
        (placed(refund(shipping_gross="10", gross="10")), []),
        (placed(refund(shipping_gross="10", gross="10"), shipments=shipped(line1="1")), [(0, 8, 10)]),
        # One was canceled after all five were paid; the order there has lost it already.
        (placed(refund(gross="50"), quantity_cancelled="1", paid="275"), []),
        (placed(refund(gross="57"), quantity_cancelled="1", paid="275"), [(0, 7, 7)]),
        (placed(refund(gross="50"), quantity_cancelled="1", paid="225"), [(0, 50, 50)]),
        (placed(refund(back("1", "50"), gross="50"), quantity_cancelled="1", paid="275"), []),
        # The target has it, because it had shipped it before.
        (
            placed(refund(gross="50"), quantity_cancelled="1", paid="275", shipments=shipped(line1="5")),
            [(0, 50, 50)],
        ),
        # Two were shipped, one of them came back, and three are still to be shipped: the line counts none as refunded.
        (placed(refund(back("1", "50"), gross="50"), shipments=shipped(line1="2")), [(1, 40, 50)]),
        # More than the shipping cost.
        (placed(refund(shipping_gross="30", gross="30", net="24")), [(0, 4, 5)]),
        (placed(refund(shipping_net="10")), []),
    ],
)
def test_rows_of_a_refund(item: OrderItem, rows: list[tuple[Any, ...]]) -> None:
    found = [row for each in booked_refunds(item, charges_kept=has_shipped(item)) for row in each.rows]
    assert [(row.quantity, row.money.net, row.money.gross) for row in found] == rows


@pytest.mark.parametrize("names_parts", [False, True])
@pytest.mark.parametrize("whole_bundles", [False, True])
def test_refunds_of_bundles_count_once(whole_bundles: bool, names_parts: bool) -> None:
    """The refund names the bundle with its price, and perhaps its parts without."""
    free = {"total_net": D(0), "tax": D(0), "total_gross": D(0), "unit_price": D(0), "parent_id": 1}
    bundle = line(1, "2", "100", kind="bundle", needs_shipping=False, quantity_refunded=D(1))
    parts = [line(number, "2", quantity_refunded=D(1), **free) for number in (2, 3)]
    named = [back("1", "0", 2), back("1", "0", 3)] if names_parts else []
    one = refund(back("1", "50"), *named, gross="50")
    item = order(bundle, *parts, adjustments=[], refunds=[one], target_id=ERP, shipments=[])
    assert booked_refunds(item, charges_kept=False, whole_bundles=whole_bundles) == []
    assert in_books(item, whole_bundles=whole_bundles) == 50
    own = {"line1": "2"} if whole_bundles else {"line2": "2", "line3": "2"}
    item = replace(item, shipments=shipped(**own))
    assert in_books(item, whole_bundles=whole_bundles) == 50
    (booked,) = booked_refunds(item, charges_kept=True, whole_bundles=whole_bundles)
    assert [row.quantity for row in booked.rows] == ([1] if whole_bundles else [1, 1])
    assert shipped_but_not_ordered(item) == {}
    assert shipped_but_not_ordered(replace(item, refunds=[])) == ({1: 1} if whole_bundles else {2: 1, 3: 1})


@st.composite
def refunded_orders(draw: st.DrawFn) -> OrderItem:
    """An order with refunds of any kind, of which the target may have shipped a part."""
    currency = draw(st.sampled_from(["JPY", "EUR", "KWD"]))
    unit = quantum(currency)

    def money(least: int = 0) -> Decimal:
        return draw(st.integers(least, 50_000)) * unit

    def taxed(gross: Decimal) -> dict[str, Any]:
        net = round_amount(gross / D("1.25"), currency)
        return {"net": net, "tax": gross - net, "gross": gross}

    lines, own = [], {}
    for number in range(1, draw(st.integers(1, 4)) + 1):
        quantity, amounts = draw(st.integers(1, 5)), taxed(money())
        totals = {"total_net": amounts["net"], "tax": amounts["tax"], "total_gross": amounts["gross"]}
        lines.append(replace(line(number, str(quantity)), **totals))
        own[number] = D(draw(st.integers(0, quantity)))
    rows = [
        AdjustmentRecord(kind=kind, **taxed(money()))
        for kind in draw(st.lists(st.sampled_from(["shipping", "handling", "fee"]), max_size=3))
    ]
    refunds = []
    for _ in range(draw(st.integers(1, 3))):
        parts = []
        for each in draw(st.lists(st.sampled_from(lines), unique_by=lambda each: each.id)):
            left = int(each.quantity - each.quantity_refunded)
            count = draw(st.integers(0, left))
            each.quantity_refunded += count
            stated = taxed(money()) if draw(st.booleans()) or not count else dict.fromkeys(("net", "tax", "gross"))
            parts.append(RefundLineItem(each.id, D(count), **stated))
        shipping = money() if draw(st.booleans()) else None
        adjustment = draw(st.none() | st.integers(-500, 500).map(lambda units: units * unit))
        whole = draw(st.none() | st.integers(0, 50_000).map(lambda units: units * unit))
        known = all(each.gross is not None for each in parts)
        totals = taxed(whole or D(0)) if whole is not None or not known else dict.fromkeys(("net", "tax", "gross"))
        refunds.append(
            RefundItem(
                "r", "", None, **totals, shipping_net=None, shipping_gross=shipping, adjustment=adjustment, lines=parts
            )
        )
    shipments = [ShipmentItem("s", "", [], None, own, reported_by=ERP)] if draw(st.booleans()) else []
    return order(*lines, currency=currency, adjustments=rows, refunds=refunds, target_id=ERP, shipments=shipments)


def paid_back(each: RefundItem) -> Decimal:
    if each.gross is not None:
        return each.gross
    return sum((row.gross or D(0) for row in each.lines), each.adjustment or D(0)) + (each.shipping_gross or D(0))


@PATIENT
@given(refunded_orders())
def test_the_books_are_the_order_less_what_was_paid_back(item: OrderItem) -> None:
    sold = sum(
        (each.total_gross or D(0) for each in item.lines), sum((row.gross or D(0) for row in item.adjustments), D(0))
    )
    rounding = quantum(item.currency) * (len(item.lines) * len(item.refunds) + len(item.lines))
    assert abs(in_books(item) - (sold - sum(map(paid_back, item.refunds), D(0)))) <= rounding
