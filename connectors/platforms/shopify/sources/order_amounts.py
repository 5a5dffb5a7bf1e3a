"""The amounts of an order, in the currency in which the customer pays.

What the reference says: prices, discounts and shipping contain tax if `taxesIncluded`; the tax of a line is that of the
discounted price; allocations are a line's shares of all discounts; totals are those before returns.
Source: https://shopify.dev/docs/api/admin-graphql/2026-07/objects/Order
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

from connectors.platforms.shopify.reader import Reader
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord, OrderRecord
from orders.amounts import balance, completed
from orders.currencies import round_amount

ZERO = Decimal(0)
_HUNDRED = Decimal(100)
# Gateways that pay with what the store owes the customer.
PAYMENT_KINDS = {"gift_card": "gift_card", "shopify_store_credit": "store_credit"}
_PAID = ("SALE", "CAPTURE")


def money(row: Reader, name: str) -> Decimal | None:
    """The amount of a `MoneyBag`; None if there is none."""
    return row.nested(name, "presentmentMoney").decimal("amount")


def amount(row: Reader, name: str) -> Decimal:
    """The amount of a `MoneyBag` that is never null."""
    if (found := money(row, name)) is None:
        raise MalformedField(name, None, "an amount")
    return found


def tax_of(row: Reader) -> tuple[Decimal, Decimal]:
    """The tax of a row, and its rate in percent."""
    lines = row.objects("taxLines")
    tax = sum((amount(each, "priceSet") for each in lines), ZERO)
    return tax, sum(((each.decimal("rate") or ZERO) * _HUNDRED for each in lines), ZERO)


def _discount_of(row: Reader) -> Decimal:
    return sum((amount(each, "allocatedAmountSet") for each in row.objects("discountAllocations")), ZERO)


def set_line_amounts(record: OrderLineRecord, line: Reader, *, with_tax: bool) -> None:
    total, discount = amount(line, "originalTotalSet"), _discount_of(line)
    record.tax, record.tax_rate = tax_of(line)
    if with_tax:
        record.unit_price_gross = amount(line, "originalUnitPriceSet")
        record.total_gross = total - discount
        record.total_net = record.total_gross - record.tax
        record.discount_gross = discount or None
    else:
        record.unit_price_net = amount(line, "originalUnitPriceSet")
        record.total_net = total - discount
        record.total_gross = record.total_net + record.tax
        record.discount_net = discount or None


def adjustments(order: Reader, *, with_tax: bool) -> list[AdjustmentRecord]:
    found = [_shipping(each, with_tax=with_tax) for each in _shipping_lines(order)]
    fees = order.objects("additionalFees")
    if not order.flag("dutiesIncluded"):
        fees += [duty for line in order.objects("lineItems") for duty in line.objects("duties")]
    for fee in fees:
        tax, rate = tax_of(fee)
        title = fee.text("name") or "Duties"
        found.append(AdjustmentRecord(kind="fee", title=title, net=amount(fee, "price"), tax=tax, tax_rate=rate))
    return found + _discounts(order, with_tax=with_tax) + _payments(order)


def _shipping_lines(order: Reader) -> list[Reader]:
    return [each for each in order.objects("shippingLines") if not each.flag("isRemoved")]


def _shipping(line: Reader, *, with_tax: bool) -> AdjustmentRecord:
    price, discount = amount(line, "originalPriceSet"), _discount_of(line)
    tax, rate = tax_of(line)
    record = AdjustmentRecord(kind="shipping", title=line.text("title"), code=line.text("code"), tax=tax, tax_rate=rate)
    if with_tax:
        return replace(record, gross=price - discount, discount_gross=discount or None)
    return replace(record, net=price - discount, discount_net=discount or None)


def _discounts(order: Reader, *, with_tax: bool) -> list[AdjustmentRecord]:
    """One row for each discount: what was allocated of it to lines and shipping."""
    allocated: dict[int, Decimal] = defaultdict(Decimal)
    for row in [*order.objects("lineItems"), *_shipping_lines(order)]:
        for each in row.objects("discountAllocations"):
            allocated[each.nested("discountApplication").integer("index")] += amount(each, "allocatedAmountSet")
    named = {each.integer("index"): each for each in order.objects("discountApplications")}
    found = []
    for index, value in sorted(allocated.items()):
        discount = named.get(index, Reader({}, order.problems, what="discount"))
        code = discount.text("code")
        record = AdjustmentRecord(kind="coupon" if code else "discount", code=code, title=discount.text("title"))
        found.append(replace(record, gross=value) if with_tax else replace(record, net=value))
    return found


def _payments(order: Reader) -> list[AdjustmentRecord]:
    """Gift cards and store credit that the customer paid with."""
    return [
        AdjustmentRecord(kind=PAYMENT_KINDS[gateway], gross=amount(each, "amountSet"))
        for each in order.objects("transactions")
        if (gateway := each.text("gateway")) in PAYMENT_KINDS
        and each.text("kind") in _PAID
        and each.text("status") == "SUCCESS"
    ]


def reconciled(record: OrderRecord, order: Reader) -> OrderRecord:
    """The order in the reading in which it adds up, where the reference leaves several open.

    Tips are part of the total; whether one is a line as well is not said. Nor is whether the total contains lines that
    were removed by an edit. What cash payments are rounded by "can be applied" to what was received: a total that
    contains it has a charge for it.
    Source: https://shopify.dev/docs/api/admin-graphql/2026-07/objects/CashRoundingAdjustment
    """
    if _adds_up(record):
        return record
    tips = _without_and_with("fee", "Tip", money(order, "totalTipReceivedSet"))
    cash = _without_and_with("rounding", "", money(order.nested("totalCashRoundingAdjustment"), "paymentSet"))
    readings = (record, _without_removed(record, order))
    for tip, rounding, reading in product(tips, cash, readings):
        tried = replace(reading, adjustments=[*(reading.adjustments or ()), *tip, *rounding])
        if _adds_up(tried):
            return tried
    return record


def _without_and_with(kind: str, title: str, found: Decimal | None) -> list[list[AdjustmentRecord]]:
    return [[], [AdjustmentRecord(kind=kind, title=title, net=found, tax=ZERO, gross=found)]] if found else [[]]


def _adds_up(record: OrderRecord) -> bool:
    return balance(completed(record)).reconciliation == "balanced"


def _without_removed(record: OrderRecord, order: Reader) -> OrderRecord:
    """The order without the pieces that an edit removed: as if they had never been ordered.

    Amounts of a line are those of all its pieces, so discounts and duties of the order fall with it.
    """
    with_tax, lines, rows = bool(record.prices_include_tax), [], []
    for line, row in zip(record.lines, order.objects("lineItems"), strict=True):
        if line.quantity_cancelled and line.quantity:
            kept = line.quantity - line.quantity_cancelled
            row = Reader(_scaled(row.raw, kept, line.quantity, record.currency), [], what="lineItems")
            line = replace(line, quantity=kept, quantity_cancelled=ZERO, discount_net=None, discount_gross=None)
            set_line_amounts(line, row, with_tax=with_tax)
        lines.append(line)
        rows.append(row)
    left = Reader({**order.raw, "lineItems": [row.raw for row in rows]}, [], what="order")
    goods = sum((amount(row, "originalTotalSet") for row in rows), ZERO)
    return replace(
        record,
        lines=lines,
        adjustments=adjustments(left, with_tax=with_tax),
        subtotal_gross=goods if with_tax else None,
        subtotal_net=None if with_tax else goods,
    )


def _scaled(value: Any, kept: Decimal, of: Decimal, currency: str) -> Any:
    """Part of an answer with all amounts for `kept` pieces instead of `of`, rounded; but not the price of a piece."""
    if isinstance(value, list):
        return [_scaled(each, kept, of, currency) for each in value]
    if not isinstance(value, dict):
        return value
    if "presentmentMoney" in value:
        whole = amount(Reader({"amount": value}, [], what="amount"), "amount")
        return {"presentmentMoney": {"amount": str(round_amount(whole * kept / of, currency))}}
    return {
        name: each if name == "originalUnitPriceSet" else _scaled(each, kept, of, currency)
        for name, each in value.items()
    }
