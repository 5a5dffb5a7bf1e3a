"""What a target gets of an order: what is open, with its amounts; parts of bundles; parts of vendors (M3, M6, M8)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.amounts import CHARGES
from orders.items import OrderItem, OrderLineItem, RefundItem, RefundLineItem, ShipmentItem
from orders.parts import charges, charges_left, deliverable_parts, sold_lines, vendor_part
from orders.records import AdjustmentRecord
from tests.adapters import samples

D = Decimal
# On a busy machine even small examples take long to make.
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def line(number: int, quantity: str = "2", gross: str = "250", **more: Any) -> OrderLineItem:
    """A line with 25 % tax."""
    total = D(gross)
    net = (total / D("1.25")).quantize(D("0.01"))
    own = OrderLineItem(
        number, 1, None, number, f"SKU-{number}", "Lamp", "", D(quantity), total / D(quantity), "pending"
    )
    return replace(own, **{"total_net": net, "tax": total - net, "total_gross": total} | more)


def order(*lines: OrderLineItem, **more: Any) -> OrderItem:
    return samples.order(1, lines=list(lines), **{"shipments": [], "currency": "EUR"} | more)


def test_what_is_left_goes_with_its_part_of_the_amounts() -> None:
    """Of the first line 2 of 5 were shipped elsewhere, the second was shipped, of the third 1 of 3 was refunded."""
    item = order(
        line(1, "5", quantity_shipped=D(2)),
        line(2, quantity_shipped=D(2)),
        line(3, "3", "10.00", quantity_refunded=D(1), discount_gross=D("1.50")),
    )
    found = {part.line.id: (part.quantity, part.gross, part.discount_gross) for part in deliverable_parts(item)}
    assert found == {1: (3, D("150.00"), 0), 2: (0, 0, 0), 3: (2, D("6.67"), D("1.00"))}
    # What the target shipped itself stays in its order, also if it was refunded afterwards.
    item.target_id = 7
    item.shipments = [ShipmentItem("s", "", [], None, {1: D(2), 3: D(3)}, reported_by=7)]
    assert [part.quantity for part in deliverable_parts(item)] == [5, 0, 3]


def test_what_is_never_shipped_stays_when_the_shop_completes_the_order() -> None:
    """Nobody reports its delivery, so an ERP would never invoice it otherwise."""
    done = {"needs_shipping": False, "quantity_shipped": D(1), "status": "shipped"}
    item = order(line(1, "1", **done), line(2, "1", **done | {"status": "cancelled", "quantity_cancelled": D(1)}))
    assert [part.quantity for part in deliverable_parts(item)] == [1, 0]


def test_a_price_of_a_bundle_is_shared_out_among_its_parts() -> None:
    bundle = line(1, "1", "112.50", kind="bundle", needs_shipping=False)
    free = {"total_net": D(0), "tax": D(0), "total_gross": D(0), "unit_price": D(0), "parent_id": 1}
    item = order(bundle, line(2, "2", **free), line(3, "1", **free), line(4))
    assert [(each.id, each.total_gross, each.total_net) for each in sold_lines(item)] == [
        (2, 75, 60), (3, D("37.50"), 30), (4, 250, 200),
    ]  # fmt: skip
    assert [(each.id, each.total_gross) for each in sold_lines(item, whole_bundles=True)] == [
        (1, D("112.50")),
        (4, 250),
    ]


def test_what_is_no_charge_in_the_order_is_one_for_a_target() -> None:
    """The shipping cost of an order without charges, and a line with an amount for no piece."""
    item = order(line(1), total=D(300), tax=D(60), shipping_cost=D(50))
    assert [(row.kind, row.net, row.tax, row.gross) for row in charges(item)] == [("shipping", 40, 10, 50)]
    # An order that was added up has told all of its charges.
    assert charges(replace(item, reconciliation="balanced")) == []
    nothing = replace(line(2, gross="25"), quantity=D(0), title="Deposit")
    assert [(row.title, row.gross) for row in charges(order(line(1), nothing))] == [("Deposit", 25)]


def test_refunded_shipping_lowers_the_charges() -> None:
    shipping = AdjustmentRecord(kind="shipping", net=D(20), tax=D(5), gross=D(25))
    refund = RefundItem("r", "", None, None, None, D(10), None, D(10), None)
    (left,) = charges_left(order(line(1), adjustments=[shipping], refunds=[refund]))
    assert (left.net, left.tax, left.gross) == (12, 3, 15)
    # Told without tax only; and more than the shipping cost: the rest is off the handling.
    refund = RefundItem("r", "", None, None, None, None, D(24), None, None)
    handling = AdjustmentRecord(kind="handling", net=D(8), tax=D(2), gross=D(10))
    left_over = charges_left(order(line(1), adjustments=[shipping, handling], refunds=[refund]))
    assert [(each.net, each.gross) for each in left_over] == [(0, 0), (4, 5)]


def test_a_bundle_in_a_bundle_goes_as_its_parts() -> None:
    free = {"total_net": D(0), "tax": D(0), "total_gross": D(0), "unit_price": D(0)}
    outer, inner = line(1, "1", "100"), line(2, "1", "0", **free | {"parent_id": 1})
    parts = [line(number, "1", "0", **free | {"parent_id": parent}) for number, parent in ((3, 1), (4, 2), (5, 2))]
    item = order(outer, inner, *parts)
    assert [(each.id, each.total_gross) for each in sold_lines(item)] == [(4, 25), (5, 25), (3, 50)]
    (whole,) = sold_lines(item, whole_bundles=True)
    assert (whole.id, whole.total_gross) == (1, 100)


def test_a_vendor_gets_its_parts_of_a_bundle_with_their_share_of_its_price() -> None:
    free = {"total_net": D(0), "tax": D(0), "total_gross": D(0), "unit_price": D(0), "parent_id": 1}
    item = order(
        line(1, "1", "100", kind="bundle"),
        line(2, "1", "0", **free, vendor="Nord"),
        line(3, "3", "0", **free),
        line(4, "1", "20", vendor="nord"),
        total=D(120),
        adjustments=[],
    )
    nord, rest = vendor_part(item, "Nord"), vendor_part(item, "")
    assert [(each.id, each.total_gross) for each in sold_lines(nord)] == [(2, 25), (4, 20)]
    assert [(each.id, each.total_gross) for each in sold_lines(rest)] == [(3, 75)]
    assert nord.total + rest.total == item.total


def test_what_is_said_of_a_bundle_is_said_of_the_parts_of_each_vendor() -> None:
    free = {"total_net": D(0), "tax": D(0), "total_gross": D(0), "unit_price": D(0), "parent_id": 1}
    item = order(
        line(1, "2", "100", kind="bundle", vendor="Nord"),
        line(2, "2", "0", **free, vendor="Nord"),
        line(3, "6", "0", **free, vendor="Quays"),
        refunds=[
            RefundItem(
                "r", "", None, D(40), D(10), D(50), None, None, None, [RefundLineItem(1, D(1), D(40), D(10), D(50))]
            )
        ],
        shipments=[ShipmentItem("s", "", [], None, {1: D(1)})],
        adjustments=[],
    )
    nord, quays = vendor_part(item, "Nord"), vendor_part(item, "Quays")
    refunded = {each.line_id: (each.quantity, each.gross) for part in (nord, quays) for each in part.refunds[0].lines}
    assert refunded == {2: (1, D("12.5")), 3: (3, D("37.5"))}
    assert nord.shipments[0].lines == {2: 1, 3: 3}


def test_lines_that_are_parts_of_each_other_end() -> None:
    item = order(line(1, parent_id=2, vendor="Nord"), line(2, parent_id=1), line(3, vendor="Nord"), adjustments=[])
    assert [each.id for each in sold_lines(vendor_part(item, "Nord"))] == [3]


def test_a_refund_reaches_the_part_of_each_vendor() -> None:
    """Lines with what they cost, and a share of the shipping; what belongs to no line stays with the seller."""
    lines = [line(1, "1", "30", vendor="Nord"), line(2, "1", "10", vendor="Quays"), line(3, "1", "10")]
    charges = [AdjustmentRecord(kind="shipping", net=D(20), tax=D(5), gross=D(25))]
    refunded = [RefundLineItem(number, D(1), D(8), D(2), D(10)) for number in (1, 3)]
    refund = RefundItem("r", "R-1", None, D(37), D(3), D(40), D(8), D(10), D(10), refunded)
    sold = order(*lines, adjustments=charges, refunds=[refund], total=D(75))
    (nord,) = vendor_part(sold, "nord").refunds
    assert (nord.number, nord.net, nord.gross) == ("R-1", D("12.8"), 16)
    assert (nord.shipping_net, nord.shipping_gross, nord.adjustment) == (D("4.8"), 6, None)
    assert [(each.line_id, each.gross) for each in nord.lines] == [(1, 10)]
    (quays,) = vendor_part(sold, "Quays").refunds
    assert (quays.lines, quays.gross) == ([], 2)
    sold.refunds[0].shipping_net = sold.refunds[0].shipping_gross = None
    assert vendor_part(sold, "Quays").refunds == []


amounts = st.integers(0, 100_000).map(lambda cents: D(cents) / 100)


@st.composite
def orders(draw: st.DrawFn) -> OrderItem:
    lines = []
    for number in range(1, draw(st.integers(1, 7)) + 1):
        vendor = draw(st.sampled_from(["", "Quays", "QUAYS", "Nord"]))
        gross, discount = draw(amounts), draw(amounts)
        lines.append(line(number, "3", str(gross), vendor=vendor, discount_gross=discount, discount_net=discount))
    charges = [
        AdjustmentRecord(kind=draw(st.sampled_from(CHARGES)), net=net, tax=tax, gross=net + tax)
        for net, tax in draw(st.lists(st.tuples(amounts, amounts), max_size=3))
    ]
    rows = [*(each.total_gross or 0 for each in lines), *(each.gross or 0 for each in charges)]
    discount = sum((each.discount_gross or D(0) for each in lines), D(0))
    discounts = [AdjustmentRecord(kind="coupon", code="TEN", net=discount, tax=D(0), gross=discount)]
    return order(*lines, total=sum(rows, D(0)), adjustments=[*charges, *discounts])


@PATIENT
@given(orders())
def test_the_parts_of_all_vendors_and_the_rest_add_up_to_the_order(item: OrderItem) -> None:
    parts = [vendor_part(item, name) for name in ("quays", "Nord", "")]
    assert sum(part.total for part in parts) == item.total
    assert sorted(each.id for part in parts for each in part.lines) == [each.id for each in item.lines]
    for part in parts:
        charges = [row.gross or D(0) for row in part.adjustments if row.kind in CHARGES]
        assert part.total == sum((each.total_gross or D(0) for each in part.lines), D(0)) + sum(charges, D(0))
        # Codes of discounts concern only the seller and the customer.
        assert not any(row.code for row in part.adjustments)
    of_all = [row for part in parts for row in part.adjustments if row.kind in CHARGES]
    for name in ("net", "gross"):
        whole = [getattr(row, name) for row in item.adjustments if row.kind in CHARGES]
        assert sum(getattr(row, name) for row in of_all) == sum(whole)
