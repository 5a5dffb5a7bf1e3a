"""The amounts of an order: lines after discounts, charges, discounts and refunds, in the major unit."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from connectors.platforms.vendure.sources.order_rows import DiscountRow, LineRow, OrderRow, RefundRow
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord, RefundLineRecord, RefundRecord
from orders.currencies import round_amount, share_out

_ZERO = Decimal(0)
Amount = Callable[[int], Decimal]


def set_line_amounts(record: OrderLineRecord, row: LineRow, amount: Amount) -> None:
    """Net, tax and gross of the line after all discounts, and its share of them."""
    record.total_net, record.total_gross = amount(row.proratedLinePrice), amount(row.proratedLinePriceWithTax)
    record.tax = record.total_gross - record.total_net
    record.discount_net = amount(row.linePrice - row.proratedLinePrice)
    record.discount_gross = amount(row.linePriceWithTax - row.proratedLinePriceWithTax)


def adjustments(order: OrderRow, lines: Sequence[OrderLineRecord], amount: Amount) -> list[AdjustmentRecord]:
    """Shipping, surcharges and discounts. A negative surcharge is a discount, which is shared out among the lines."""
    found = []
    for each in order.shippingLines:
        found.append(
            AdjustmentRecord(
                kind="shipping",
                title=each.shippingMethod.name,
                net=amount(each.discountedPrice),
                gross=amount(each.discountedPriceWithTax),
                discount_net=round_amount(
                    _decimal(each.price, amount) - amount(each.discountedPrice), order.currencyCode
                ),
                discount_gross=round_amount(
                    _decimal(each.priceWithTax, amount) - amount(each.discountedPriceWithTax), order.currencyCode
                ),
            )
        )
    for surcharge in order.surcharges:
        net, gross = amount(surcharge.price), amount(surcharge.priceWithTax)
        if gross >= 0:
            found.append(
                AdjustmentRecord(
                    kind="fee", title=surcharge.description, net=net, gross=gross, tax_rate=surcharge.taxRate
                )
            )
        else:
            found.append(AdjustmentRecord(kind="discount", title=surcharge.description, net=-net, gross=-gross))
            _share(lines, -net, -gross, order.currencyCode)
    codes = {each.id: each.couponCode for each in order.promotions}
    return found + [_discount(each, codes, amount) for each in order.discounts if each.amount or each.amountWithTax]


def _decimal(minor_units: Decimal, amount: Amount) -> Decimal:
    return minor_units * amount(1)


def _share(lines: Sequence[OrderLineRecord], net: Decimal, gross: Decimal, currency: str) -> None:
    weights = [line.total_gross or _ZERO for line in lines]
    if not any(weights):
        return
    shares = zip(lines, share_out(net, weights, currency), share_out(gross, weights, currency), strict=True)
    for line, less_net, less_gross in shares:
        line.total_net = (line.total_net or _ZERO) - less_net
        line.total_gross = (line.total_gross or _ZERO) - less_gross
        line.tax = line.total_gross - line.total_net
        line.discount_net = (line.discount_net or _ZERO) + less_net
        line.discount_gross = (line.discount_gross or _ZERO) + less_gross


def _discount(row: DiscountRow, codes: dict[str, str], amount: Amount) -> AdjustmentRecord:
    code = codes.get(row.adjustmentSource.rpartition(":")[2], "")
    return AdjustmentRecord(
        kind="coupon" if code else "discount",
        title=row.description,
        code=code,
        net=amount(-row.amount),
        gross=amount(-row.amountWithTax),
    )


def refund_records(refunds: Sequence[RefundRow], order: OrderRow, amount: Amount) -> list[RefundRecord]:
    """What was paid back for lines is shared out by what they cost; the adjustment belongs to none of them."""
    rows = {each.id: each for each in order.lines}
    return [_refund(each, rows, order.currencyCode, amount) for each in refunds]


def _refund(row: RefundRow, rows: dict[str, LineRow], currency: str, amount: Amount) -> RefundRecord:
    known = [each for each in row.lines if each.orderLineId in rows]
    weights = [Decimal(rows[each.orderLineId].proratedUnitPriceWithTax * each.quantity) for each in known]
    lines = []
    for each, gross in zip(known, share_out(amount(row.items), weights, currency), strict=True):
        net = round_amount(gross / (1 + rows[each.orderLineId].taxRate / 100), currency)
        lines.append(
            RefundLineRecord(
                line_id=each.orderLineId, quantity=Decimal(each.quantity), net=net, tax=gross - net, gross=gross
            )
        )
    return RefundRecord(
        external_id=row.id,
        refunded_at=row.updatedAt,
        gross=amount(row.total),
        shipping_gross=amount(row.shipping) if row.shipping else None,
        adjustment=amount(row.total - row.items - row.shipping) or None,
        lines=lines,
    )
