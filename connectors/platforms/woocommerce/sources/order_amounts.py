"""The amounts of an order: lines after discounts, charges, discounts and refunds.

_orders.md: all amounts of rows are without tax, with the tax beside them, whether the shop's prices include tax or not.
`subtotal` of a line is before and `total` after the discounts of coupons and of a person who changed the price.
"""

from collections.abc import Sequence
from decimal import Decimal

from connectors.platforms.woocommerce.sources.order_rows import ItemRow, LineRow, OrderRow, RefundItemRow, RefundRow
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord, RefundLineRecord, RefundRecord
from orders.currencies import quantum, round_amount, share_out

_ZERO = Decimal(0)
# The shop keeps amounts with six places; more of a unit price is noise of its division.
_PRICE_PLACES = Decimal("0.000001")


def set_line_amounts(line: OrderLineRecord, row: LineRow, order: OrderRow) -> None:
    """Without any discount in the order, the shares stay out: a negative fee is shared over the lines then."""
    line.total_net, line.tax, line.total_gross = row.total, row.total_tax, row.total + row.total_tax
    line.tax_rate = _rate(row, order)
    if row.quantity:
        line.unit_price_net = (row.subtotal / row.quantity).quantize(_PRICE_PLACES)
        line.unit_price_gross = ((row.subtotal + row.subtotal_tax) / row.quantity).quantize(_PRICE_PLACES)
    if any(_is_discounted(each) for each in order.line_items):
        line.discount_net = row.subtotal - row.total
        line.discount_gross = line.discount_net + row.subtotal_tax - row.total_tax


def adjustments(order: OrderRow) -> list[AdjustmentRecord]:
    """Shipping, fees, discounts and payments by gift card. A negative fee is a discount."""
    found = [AdjustmentRecord(kind="gift_card", code=each.code, gross=each.amount) for each in order.gift_cards]
    found += [
        _charge("shipping", each.method_title, each, order)
        for each in order.shipping_lines
        if each.total or each.total_tax
    ]
    for fee in order.fee_lines:
        if fee.total > 0 or (not fee.total and fee.total_tax > 0):
            found.append(_charge("fee", fee.name, fee, order))
    if not any(_is_discounted(each) for each in order.line_items):
        return found + _negative_fees(order)
    return found + _coupons(order) + _negative_fees(order)


def share_negative_fees(lines: Sequence[OrderLineRecord], order: OrderRow) -> None:
    """Take the negative fees off the lines, if these have shares of other discounts: all or none are shared out."""
    if not any(line.discount_net is not None for line in lines):
        return
    weights = [max(line.total_gross or _ZERO, _ZERO) for line in lines]
    for fee in order.fee_lines:
        if fee.total >= 0 or not sum(weights, _ZERO):
            continue
        nets, taxes = (share_out(-amount, weights, order.currency) for amount in (fee.total, fee.total_tax))
        for line, net, tax in zip(lines, nets, taxes, strict=True):
            line.total_net, line.tax = (line.total_net or _ZERO) - net, (line.tax or _ZERO) - tax
            line.total_gross = line.total_net + line.tax
            line.discount_net = (line.discount_net or _ZERO) + net
            line.discount_gross = (line.discount_gross or _ZERO) + net + tax


def _charge(kind: str, title: str, row: ItemRow, order: OrderRow) -> AdjustmentRecord:
    gross = row.total + row.total_tax
    rate = _rate(row, order)
    return AdjustmentRecord(kind=kind, title=title, net=row.total, tax=row.total_tax, gross=gross, tax_rate=rate)


def _negative_fees(order: OrderRow) -> list[AdjustmentRecord]:
    return [
        AdjustmentRecord(
            kind="discount", title=fee.name, net=-fee.total, tax=-fee.total_tax, gross=-fee.total - fee.total_tax
        )
        for fee in order.fee_lines
        if fee.total < 0
    ]


def _coupons(order: OrderRow) -> list[AdjustmentRecord]:
    """The coupons, and what else makes the lines cheaper: a price that a person lowered in the order."""
    net = sum((each.subtotal - each.total for each in order.line_items), _ZERO)
    tax = sum((each.subtotal_tax - each.total_tax for each in order.line_items), _ZERO)
    found = [
        AdjustmentRecord(
            kind="coupon",
            code=each.code,
            net=each.discount,
            tax=each.discount_tax,
            gross=each.discount + each.discount_tax,
        )
        for each in order.coupon_lines
        if each.discount or each.discount_tax
    ]
    net -= sum((each.net or _ZERO for each in found), _ZERO)
    tax -= sum((each.tax or _ZERO for each in found), _ZERO)
    # Each line may be off by a rounding.
    if net + tax > quantum(order.currency) * max(1, len(order.line_items)):
        found.append(AdjustmentRecord(kind="discount", net=net, tax=tax, gross=net + tax))
    return found


def _is_discounted(row: LineRow) -> bool:
    return row.subtotal != row.total


def _rate(row: ItemRow, order: OrderRow) -> Decimal | None:
    """The percentage of all tax rates of a row that add up; None if the shop does not tell it."""
    if not row.total_tax and not any(each.total for each in row.taxes):
        return _ZERO
    known = {each.rate_id: each for each in order.tax_lines}
    lines = [known.get(each.id) for each in row.taxes if each.total]
    percentages = [each.rate_percent for each in lines if each is not None and not each.compound]
    if not lines or len(percentages) < len(lines) or None in percentages:
        return None
    return sum((each for each in percentages if each is not None), _ZERO)


def refund_record(refund: RefundRow, order: OrderRow, line_ids: Sequence[str]) -> RefundRecord:
    """The tax of an amount that belongs to no line is unknown, and so are net and tax of a refund that has one."""
    lines: dict[str, RefundLineRecord] = {}
    rest = refund.amount
    for item in refund.line_items:
        if item.refunded_item not in line_ids or not (item.quantity or item.total or item.total_tax):
            continue
        line = lines.setdefault(
            item.refunded_item,
            RefundLineRecord(line_id=item.refunded_item, quantity=_ZERO, net=_ZERO, tax=_ZERO, gross=_ZERO),
        )
        line.quantity += abs(item.quantity)
        line.net = (line.net or _ZERO) - item.total
        line.tax = (line.tax or _ZERO) - item.total_tax
        line.gross = line.net + line.tax
    shipping_net = -sum((each.total for each in refund.shipping_lines), _ZERO)
    shipping_tax = -sum((each.total_tax for each in refund.shipping_lines), _ZERO)
    rest -= sum((each.gross or _ZERO for each in lines.values()), _ZERO) + shipping_net + shipping_tax
    # Amounts of parts have more places than the refund, which a person rounded.
    rest = _ZERO if abs(rest) <= quantum(order.currency) * max(1, len(lines)) else round_amount(rest, order.currency)
    tax = sum((each.tax or _ZERO for each in lines.values()), _ZERO) + shipping_tax
    whole = not rest or not order.total_tax
    return RefundRecord(
        external_id=refund.id,
        refunded_at=refund.date_created_gmt,
        net=refund.amount - tax if whole else None,
        tax=tax if whole else None,
        gross=refund.amount,
        shipping_net=shipping_net or None,
        shipping_gross=(shipping_net + shipping_tax) or None,
        adjustment=rest or None,
        lines=list(lines.values()),
    )


def refunded_quantity(refunds: Sequence[RefundRow], line_id: str) -> Decimal:
    items: list[RefundItemRow] = [item for refund in refunds for item in refund.line_items]
    return sum((abs(item.quantity) for item in items if item.refunded_item == line_id), _ZERO)
