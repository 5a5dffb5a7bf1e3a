"""What BigCommerce's orders cost and what of them is open, read from answers in the vendor's documented form."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.engine.applying.preparing import prepare
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.sources.order_records import order_record
from connectors.sdk.records import OrderRecord, Problem
from orders.amounts import balance

D = Decimal
Row = dict[str, Any]


def product(number: int = 1, quantity: int = 2, ex: str = "100.0000", inc: str = "125.0000", **more: Any) -> Row:
    """A product of an order as V2 returns it; totals follow from prices."""
    totals = {f"total_{name}_tax": f"{Decimal(price) * quantity:.4f}" for name, price in (("ex", ex), ("inc", inc))}
    own = {
        "id": number,
        "order_id": 118,
        "product_id": 20 + number,
        "variant_id": 60 + number,
        "order_address_id": 20,
        "name": f"Towel {number}",
        "sku": f"S-{number}",
        "type": "physical",
        "price_ex_tax": ex,
        "price_inc_tax": inc,
        "quantity": quantity,
        "quantity_shipped": 0,
        "quantity_refunded": 0,
        "is_refunded": False,
        "applied_discounts": [],
        "parent_order_product_id": None,
    } | totals
    own["total_tax"] = f"{D(own['total_inc_tax']) - D(own['total_ex_tax']):.4f}"
    return own | more


def read(*products: Row, **order: Any) -> OrderRecord:
    """The order as an import prepares it. Amounts that are not given are zero."""
    zero = {
        f"{kind}_{form}": "0.0000"
        for kind in ("shipping_cost", "handling_cost", "wrapping_cost", "subtotal", "total")
        for form in ("ex_tax", "inc_tax", "tax")
    }
    row = zero | {
        "id": 118,
        "status_id": 11,
        "status": "Awaiting Fulfillment",
        "date_created": "Wed, 25 Jun 2025 05:22:10 +0000",
        "date_modified": "Wed, 25 Jun 2025 05:22:10 +0000",
        "default_currency_code": "EUR",
        "store_default_currency_code": "USD",
        "store_default_to_transactional_exchange_rate": "0.8000000000",
        "is_tax_inclusive_pricing": False,
        "discount_amount": "0.0000",
        "coupon_discount": "0.0000",
        "gift_certificate_amount": "0.0000",
        "store_credit_amount": "0.0000",
        "is_deleted": False,
        "billing_address": {"street_1": "Storgata 1", "country_iso2": "NO"},
        "products": list(products),
        "shipping_addresses": [{"id": 20, "street_1": "Storgata 1", "country_iso2": "NO"}],
        "shipments": [],
        "coupons": [],
        "fees": [],
        "refunds": [],
    }
    problems: list[Problem] = []
    record = order_record(FieldReader(row | order, problems), link="", vendor_path="", b2b_channel=None)
    record.problems = problems
    prepared = prepare(record)
    assert isinstance(prepared, OrderRecord)
    return prepared


def adds_up(order: OrderRecord) -> bool:
    assert not [problem for problem in order.problems if problem.code == "order_does_not_add_up"]
    return balance(order).reconciliation == "balanced"


def opened(order: OrderRecord) -> list[int]:
    return [
        int(line.quantity - line.quantity_cancelled - line.quantity_refunded - line.quantity_shipped)
        for line in order.lines
    ]


def test_goods_and_shipping_with_tax() -> None:
    """200 + 20 net and 55 tax are 275."""
    order = read(
        product(), shipping_cost_ex_tax="20.0000", shipping_cost_inc_tax="25.0000", total_ex_tax="220.0000",
        total_inc_tax="275.0000", total_tax="55.0000",
    )  # fmt: skip
    (line,), (shipping,) = order.lines, order.adjustments or []
    assert (line.total_net, line.tax, line.total_gross, line.discount_gross) == (200, 50, 250, None)
    assert (shipping.kind, shipping.net, shipping.tax, shipping.gross) == ("shipping", 20, 5, 25)
    assert (order.total_net, order.tax, order.total) == (220, 55, 275) and adds_up(order)
    assert (order.base_currency, order.exchange_rate) == ("USD", D("1.25"))


@pytest.mark.parametrize(("with_total", "paid"), [(True, "225.0000"), (False, None)])
def test_a_coupon_before_tax(with_total: bool, paid: str | None) -> None:
    """180 net and 45 tax are 225, whether or not the line tells what was paid for it."""
    bought = product(total_tax="45.0000", applied_discounts=[{"id": "coupon", "code": "TEN", "amount": "20.0000"}])
    if with_total:
        bought["discounted_total_inc_tax"] = paid
    order = read(
        bought, coupon_discount="20.0000", coupons=[{"code": "TEN", "discount": "20.0000", "type": 2}],
        total_ex_tax="180.0000", total_inc_tax="225.0000", total_tax="45.0000",
    )  # fmt: skip
    (line,), (coupon,) = order.lines, order.adjustments or []
    assert (line.total_net, line.tax, line.total_gross) == (180, 45, 225)
    assert (coupon.kind, coupon.code, coupon.net, coupon.gross) == ("coupon", "TEN", 20, 25) and adds_up(order)


def test_discounts_with_tax_as_a_printed_order_has_them() -> None:
    """Prices without tax, yet manual and coupon discounts of 5 each lower the total with tax: 79.84 − 10 = 69.84."""
    bought = product(
        quantity=1, ex="62.6793", inc="67.8400", total_tax="4.4000", discounted_total_inc_tax="57.8400",
        applied_discounts=[
            {"id": "manual-discount", "code": None, "amount": "5.0000"},
            {"id": "total-coupon", "code": "S2549JM0Y", "amount": "5.0000"},
        ],
    )  # fmt: skip
    order = read(
        bought, shipping_cost_ex_tax="11.0900", shipping_cost_inc_tax="12.0000", discount_amount="5.0000",
        coupon_discount="5.0000", coupons=[{"code": "S2549JM0Y", "discount": 5}], total_ex_tax="64.5300",
        total_inc_tax="69.8400", total_tax="5.3100",
    )  # fmt: skip
    assert order.lines[0].total_net == D("53.4400")
    assert [(each.kind, each.gross) for each in (order.adjustments or [])[1:]] == [("coupon", 5), ("discount", 5)]
    assert adds_up(order)


def test_a_manual_discount_without_tax() -> None:
    order = read(product(inc="100.0000"), discount_amount="30.0000", total_ex_tax="170", total_inc_tax="170.0000")
    assert order.lines[0].total_gross == 170 and order.lines[0].discount_gross == 30 and adds_up(order)


@pytest.mark.parametrize(
    ("charges", "total"),
    [
        ({"handling_cost_ex_tax": "4", "handling_cost_inc_tax": "4", "wrapping_cost_ex_tax": "8",
          "wrapping_cost_inc_tax": "8"}, "212.0000"),
        ({"fees": [{"id": 1, "type": "custom_fee", "display_name_merchant": "Insurance", "cost_exc_tax": "5.0000",
                    "cost_inc_tax": "5.0000"}]}, "205.0000"),
    ],
    ids=["handling and wrapping", "fee"],
)  # fmt: skip
def test_other_charges(charges: Row, total: str) -> None:
    order = read(product(inc="100.0000"), total_ex_tax=total, total_inc_tax=total, **charges)
    assert adds_up(order)
    assert sum(each.gross or 0 for each in order.adjustments or []) == D(total) - 200


@pytest.mark.parametrize("total", ["200.0000", "150.0000"], ids=["total before payments", "total after payments"])
def test_gift_certificates_and_store_credit_pay_for_an_order(total: str) -> None:
    order = read(
        product(inc="100.0000"), gift_certificate_amount="30.0000", store_credit_amount="20.0000", total_ex_tax=total,
        total_inc_tax=total,
    )  # fmt: skip
    assert order.total == 200 and adds_up(order)
    assert [(each.kind, each.gross) for each in order.adjustments or []] == [("gift_card", 30), ("store_credit", 20)]


def test_an_order_that_does_not_add_up_is_reported_with_the_sum() -> None:
    order = read(product(inc="100.0000"), total_ex_tax="190.0000", total_inc_tax="190.0000")
    (problem,) = order.problems
    assert problem.code == "order_does_not_add_up" and not problem.fatal
    assert (problem.values["sum"], problem.values["total"], problem.values["difference"]) == (
        "200.00",
        "190.00",
        "10.00",
    )


def test_refunded_pieces_are_not_open() -> None:
    order = read(
        product(quantity=5, quantity_refunded=2, is_refunded=True), status_id=14,
        refunds=[
            {"id": 7, "order_id": 118, "created": "2025-06-26T01:02:03+00:00", "total_amount": 250.0, "total_tax": 50.0,
             "items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 2, "requested_amount": 200.0},
                       {"item_type": "SHIPPING", "item_id": 20, "requested_amount": 5.0}]},
            {"id": 8, "order_id": 118, "created": "2025-06-26T01:02:03+00:00", "total_amount": 50.0, "total_tax": 0.0,
             "items": [], "payments": [{"id": 1, "amount": 50.0, "is_declined": True}]},
        ],
    )  # fmt: skip
    assert (opened(order), order.status, order.lines[0].status) == ([3], "confirmed", "pending")
    (refund,) = order.refunds or []
    assert (refund.external_id, refund.net, refund.tax, refund.gross, refund.shipping_net) == ("7", 200, 50, 250, 5)
    assert [(line.line_id, line.quantity) for line in refund.lines] == [("1", 2)]
    # Of two pieces, one was refunded: one is open, although the line's flag is set.
    assert opened(read(product(quantity_refunded=1, is_refunded=True))) == [1]
    assert opened(read(product(is_refunded=True))) == [0]


def test_digital_lines_do_not_keep_an_order_partly_shipped() -> None:
    goods = product(quantity_shipped=2)
    order = read(goods, product(2, type="digital"), status_id=3)
    assert (order.status, [line.status for line in order.lines]) == ("shipped", ["shipped", "shipped"])
    assert [line.needs_shipping for line in order.lines] == [True, False]
    assert read(product(quantity_shipped=1), product(2, type="giftcertificate"), status_id=3).status == "partly_shipped"


def test_an_archived_order_is_canceled() -> None:
    order = read(product(quantity=5), is_deleted=True)
    assert (order.status, opened(order)) == ("cancelled", [0])


def test_lines_without_a_product_and_with_addresses_of_their_own() -> None:
    addresses = [{"id": 20, "street_1": "A 1", "city": "Oslo"}, {"id": 21, "street_1": "B 2", "city": "Bergen"}]
    lines = (product(quantity=1), product(2, order_address_id=21), product(3, product_id=0, sku=""))
    order = read(*lines, shipping_addresses=addresses)
    assert [line.delivery_address for line in order.lines] == ["20", "21", "20"]
    assert [line.kind for line in order.lines] == ["simple", "simple", "custom"]
    assert [address.city for address in order.addresses if address.use == "shipping"] == ["Oslo", "Bergen"]
    assert read(product()).lines[0].delivery_address == ""
