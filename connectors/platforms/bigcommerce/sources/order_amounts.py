"""The amounts of an order of the V2 API: lines after discounts, charges, discounts, and payments by certificate.

What the reference says (orders.v2.oas2.yml): a line's `total_ex_tax` and `total_inc_tax` are before discounts, its
`total_tax` is that of the discounted price, and `discounted_total_inc_tax` is the line after all discounts. Printed
orders show discounts taken off with or without tax; so which of the two an amount of a discount means is found from
the lines, and only if they do not tell, from the store's kind of prices.
"""

from collections.abc import Sequence
from decimal import Decimal

from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord

_ZERO = Decimal(0)
# Charges of an order, by the beginning of their fields.
_CHARGES = {"shipping_cost": "shipping", "handling_cost": "handling", "wrapping_cost": "wrapping"}
# Events of transactions in which money is received.
_PAYMENTS = ("purchase", "capture", "settled")
# Differences up to this are rounding when two readings of a discount are compared.
_CLOSE = Decimal("0.05")


def set_line_amounts(record: OrderLineRecord, line: FieldReader, *, with_tax: bool) -> None:
    """Net, tax, gross and share of discounts of a line. Without any discount, the shares stay out."""
    net, gross, tax = line.decimal("total_ex_tax"), line.decimal("total_inc_tax"), line.decimal("total_tax")
    record.total_net, record.tax, record.total_gross = net, tax, gross
    if net is None or gross is None:
        return
    record.tax = gross - net
    tax = gross - net if tax is None else tax
    taken = sum((each.decimal("amount") or _ZERO for each in line.objects("applied_discounts")), _ZERO)
    paid = line.decimal("discounted_total_inc_tax")
    if paid is None:
        if not taken:
            return
        paid = gross - taken if with_tax else net - taken + tax
    if taken or paid != gross:
        record.total_net, record.tax, record.total_gross = paid - tax, tax, paid
        record.discount_net, record.discount_gross = net - (paid - tax), gross - paid


def adjustments(order: FieldReader, lines: Sequence[OrderLineRecord]) -> list[AdjustmentRecord]:
    found = []
    for field, kind in _CHARGES.items():
        net, gross = order.decimal(f"{field}_ex_tax"), order.decimal(f"{field}_inc_tax")
        if net or gross:
            found.append(AdjustmentRecord(kind=kind, net=net, gross=gross))
    for fee in order.objects("fees"):
        # The reference spells the field both ways.
        net = fee.decimal("cost_ex_tax")
        net = fee.decimal("cost_exc_tax") if net is None else net
        title = fee.text("display_name_merchant") or fee.text("display_name_customer")
        found.append(AdjustmentRecord(kind="fee", title=title, net=net, gross=fee.decimal("cost_inc_tax")))
    found += _discounts(order, lines)
    for field, kind in (("gift_certificate_amount", "gift_card"), ("store_credit_amount", "store_credit")):
        if amount := order.decimal(field):
            found.append(AdjustmentRecord(kind=kind, gross=amount))
    return found


def _discounts(order: FieldReader, lines: Sequence[OrderLineRecord]) -> list[AdjustmentRecord]:
    amounts: list[tuple[str, str, Decimal]] = []
    coupons = [(each.text("code"), each.decimal("discount") or _ZERO) for each in order.objects("coupons")]
    total = order.decimal("coupon_discount") or _ZERO
    if sum((amount for _, amount in coupons), _ZERO) == total:
        amounts += [("coupon", code, amount) for code, amount in coupons if amount]
    elif total:
        amounts.append(("coupon", ", ".join(code for code, _ in coupons), total))
    if manual := order.decimal("discount_amount"):
        amounts.append(("discount", "", manual))
    with_tax = _are_with_tax(order, lines, sum((amount for _, _, amount in amounts), _ZERO))
    return [
        AdjustmentRecord(kind=kind, code=code, gross=amount)
        if with_tax
        else AdjustmentRecord(kind=kind, code=code, net=amount)
        for kind, code, amount in amounts
    ]


def _are_with_tax(order: FieldReader, lines: Sequence[OrderLineRecord], total: Decimal) -> bool:
    """Whether discounts that come to `total` are amounts with tax."""
    shares = [line for line in lines if line.discount_gross is not None]
    gross = sum((line.discount_gross or _ZERO for line in shares), _ZERO)
    net = sum((line.discount_net or _ZERO for line in shares), _ZERO)
    if shares and gross != net:
        far_from_gross, far_from_net = abs(gross - total), abs(net - total)
        if min(far_from_gross, far_from_net) <= _CLOSE:
            return far_from_gross < far_from_net
    return order.flag("is_tax_inclusive_pricing")


def paid(order: FieldReader) -> Decimal | None:
    """What the customer paid, also with gift certificates and store credit; None if the store does not tell.

    An authorization is no payment before its capture; a pending one is settled later, by a transaction of its own.
    """
    payments = [
        each
        for each in order.objects("transactions")
        if each.text("event") in _PAYMENTS and each.text("status") == "ok" and each.decimal("amount")
    ]
    received = {each.key("id") for each in payments if each.text("event") != "settled"}
    counted = [
        each.decimal("amount") or _ZERO for each in payments if each.key("reference_transaction_id") not in received
    ]
    return sum(counted, _ZERO) if counted else None
