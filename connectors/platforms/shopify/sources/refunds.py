"""Refunds of an order, and what they say about its lines.

A refund that returned no money cancels pieces that were not paid for, or were removed by an edit: it is no credit memo.

If goods were exchanged, only the difference was paid back, or nothing, and the goods that the customer took instead are
lines of the order. Then a refund is worth what came back. That goods were exchanged is found from the money: only so is
the order, less its refunds, what the customer has paid. A deposit looks the same, so goods count only if the store says
that they were returned, and nothing can be exchanged that nothing was paid for.
"""

from decimal import Decimal

from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sources.order_amounts import ZERO, amount, money
from connectors.sdk.records import RefundLineRecord, RefundRecord


def worth_of_refunds(order: Reader, refunds: list[Reader], *, with_tax: bool) -> list[Decimal]:
    """What each refund is worth, with tax; nothing for one that is no credit memo."""
    paid_back = [amount(refund, "totalRefundedSet") for refund in refunds]
    returned = [
        max(paid, _returned(refund, with_tax=with_tax)) for paid, refund in zip(paid_back, refunds, strict=True)
    ]
    received = money(order, "totalReceivedSet")
    owed = None if received is None else received - sum(paid_back, ZERO)
    total = amount(order, "totalPriceSet")
    exchanged = bool(received) and owed == total - sum(returned, ZERO) and owed != total - sum(paid_back, ZERO)
    return returned if exchanged else paid_back


def _returned(refund: Reader, *, with_tax: bool) -> Decimal:
    """The value of goods that came back, and of the shipping that was refunded with them."""
    lines, shipping = refund.objects("refundLineItems"), refund.objects("refundShippingLines")
    if not any(line.text("restockType") == "RETURN" for line in lines):
        return ZERO
    value = sum((amount(each, "subtotalSet") for each in lines), ZERO)
    value += sum((amount(each, "subtotalAmountSet") for each in shipping), ZERO)
    if not with_tax:
        value += sum((amount(each, "totalTaxSet") for each in lines), ZERO)
        value += sum((amount(each, "taxAmountSet") for each in shipping), ZERO)
    return value


def refunded_quantities(refunds: list[Reader]) -> dict[str, Decimal]:
    """Line → pieces in these refunds."""
    found: dict[str, Decimal] = {}
    for refund in refunds:
        for line in refund.objects("refundLineItems"):
            number = line.nested("lineItem").number()
            found[number] = found.get(number, ZERO) + line.integer("quantity")
    return found


def refund_record(refund: Reader, gross: Decimal, *, with_tax: bool) -> RefundRecord:
    """`gross` is what the refund is worth. Whether subtotals contain tax is found from it; else they do if the order's
    prices do.

    Net and tax are unknown if duties or fees were refunded, whose tax the reference does not tell.
    """
    lines, shipping = refund.objects("refundLineItems"), refund.objects("refundShippingLines")
    extra = refund.objects("orderAdjustments")
    subtotal = sum((amount(each, "subtotalSet") for each in lines), ZERO)
    subtotal += sum((amount(each, "subtotalAmountSet") for each in shipping), ZERO)
    tax = sum((amount(each, "totalTaxSet") for each in lines), ZERO)
    tax += sum((amount(each, "taxAmountSet") for each in shipping), ZERO)
    if tax and gross in (subtotal, subtotal + tax):
        with_tax = gross == subtotal
    found: dict[str, RefundLineRecord] = {}
    for each in lines:
        number = each.nested("lineItem").number()
        line = found.setdefault(number, RefundLineRecord(line_id=number, quantity=ZERO, net=ZERO, tax=ZERO, gross=ZERO))
        line.quantity += each.integer("quantity")
        net, line_tax, line_gross = _split(amount(each, "subtotalSet"), amount(each, "totalTaxSet"), with_tax)
        line.net, line.tax, line.gross = (
            (line.net or ZERO) + net,
            (line.tax or ZERO) + line_tax,
            (line.gross or ZERO) + line_gross,
        )
    shipped = [_split(amount(each, "subtotalAmountSet"), amount(each, "taxAmountSet"), with_tax) for each in shipping]
    shipping_gross = sum((each for _, _, each in shipped), ZERO)
    rest = gross - sum((line.gross or ZERO for line in found.values()), ZERO) - shipping_gross
    known = _tax_of_rest(rest, extra)
    return RefundRecord(
        external_id=refund.number(),
        refunded_at=refund.timestamp("createdAt"),
        net=None if known is None else gross - tax - known,
        tax=None if known is None else tax + known,
        gross=gross,
        shipping_net=sum((each for each, _, _ in shipped), ZERO) or None,
        shipping_gross=shipping_gross or None,
        adjustment=rest or None,
        lines=list(found.values()),
    )


def _tax_of_rest(rest: Decimal, extra: list[Reader]) -> Decimal | None:
    """The tax of what was paid back for neither lines nor shipping; None if the adjustments do not explain it.

    Their sign is not said: they are a difference of the calculated and the actual refund.
    """
    if not rest:
        return ZERO
    value = sum((amount(each, "amountSet") for each in extra), ZERO)
    tax = sum((amount(each, "taxAmountSet") for each in extra), ZERO)
    return tax.copy_abs().copy_sign(rest) if abs(rest) in (abs(value), abs(value + tax)) else None


def _split(subtotal: Decimal, tax: Decimal, with_tax: bool) -> tuple[Decimal, Decimal, Decimal]:
    return (subtotal - tax, tax, subtotal) if with_tax else (subtotal, tax, subtotal + tax)
