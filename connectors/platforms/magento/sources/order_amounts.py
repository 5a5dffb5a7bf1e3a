"""The amounts of a shop's order: rows after discounts, charges, discounts, payments and credit memos.

The vendor's totals: `grand_total = subtotal + shipping + tax − discounts + discount tax compensation − gift cards and
store credit`. A row costs `row_total + tax − discount + compensation`: the compensation is the tax within a discount
that was given on a price with tax. Where it is missing although the discount was given on prices with tax, a row costs
`row_total_incl_tax − discount`; the total of the order shows which of the two holds.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from connectors.platforms.magento.sources.order_rows import CreditMemo, ItemRow, OrderRow
from connectors.sdk.records import AdjustmentRecord, OrderLineRecord, OrderRecord, RefundLineRecord, RefundRecord
from orders.amounts import balance, completed

_ZERO = Decimal(0)


def with_amounts(record: OrderRecord, row: OrderRow, priced: Mapping[str, ItemRow]) -> OrderRecord:
    """The order with the amounts of lines, charges, discounts and payments.

    `priced`: external ID of a line → the item that has its price; other lines cost nothing.
    """
    found = _with_amounts(record, row, priced, discounts_with_tax=False)
    compensated = row.shipping_discount_tax_compensation_amount or any(
        item.discount_tax_compensation_amount for item in priced.values()
    )
    if compensated or not row.discount_amount or _adds_up(found):
        return found
    other = _with_amounts(record, row, priced, discounts_with_tax=True)
    return other if _adds_up(other) else found


def _adds_up(record: OrderRecord) -> bool:
    return balance(completed(record)).reconciliation != "different"


def _with_amounts(
    record: OrderRecord, row: OrderRow, priced: Mapping[str, ItemRow], *, discounts_with_tax: bool
) -> OrderRecord:
    discounted = bool(row.discount_amount) or any(item.discount_amount for item in priced.values())
    lines = [
        _line(line, priced.get(line.external_id), discounted=discounted, with_tax=discounts_with_tax)
        for line in record.lines
    ]
    charges = [*_shipping(row, discounted=discounted, with_tax=discounts_with_tax), *_fees(row, priced)]
    payments = _payments(row)
    discounts = []
    if discounted:
        shares = [(each.discount_net, each.discount_gross) for each in lines]
        shares += [(each.discount_net, each.discount_gross) for each in charges]
        net, gross = (sum((share[place] or _ZERO for share in shares), _ZERO) for place in (0, 1))
        kind = "coupon" if row.coupon_code else "discount"
        discounts.append(
            AdjustmentRecord(kind=kind, title=row.discount_description, code=row.coupon_code, net=net, gross=gross)
        )
    paid = sum((each.gross or _ZERO for each in payments), _ZERO)
    found = replace(record, lines=lines, adjustments=[*charges, *discounts, *payments])
    # The grand total is less what was paid with gift cards and store credit.
    whole = replace(found, total=row.grand_total + paid, total_net=row.grand_total + paid - row.tax_amount)
    return whole if not paid or _adds_up(whole) or not _adds_up(found) else found


def _line(line: OrderLineRecord, item: ItemRow | None, *, discounted: bool, with_tax: bool) -> OrderLineRecord:
    # If one row has a share of a discount, the others have a share of nothing.
    share = _ZERO if discounted else None
    if item is None:
        return replace(
            line,
            unit_price_net=_ZERO,
            unit_price_gross=_ZERO,
            total_net=_ZERO,
            tax=_ZERO,
            total_gross=_ZERO,
            discount_net=share,
            discount_gross=share,
        )
    net = item.price * item.qty_ordered if item.row_total is None else item.row_total
    before = item.row_total_incl_tax
    if before is None:
        before = net + item.tax_amount if not item.discount_amount else net * (1 + (item.tax_percent or _ZERO) / 100)
    gross, tax = _after_discount(net, before, item.tax_amount, item.discount_amount, item, with_tax=with_tax)
    line = replace(
        line,
        unit_price_net=item.price,
        unit_price_gross=item.price_incl_tax,
        total_net=gross - tax,
        tax=tax,
        total_gross=gross,
        tax_rate=item.tax_percent,
        discount_net=share,
        discount_gross=share,
    )
    if item.discount_amount:
        line.discount_net, line.discount_gross = net - (gross - tax), before - gross
    return line


def _after_discount(
    net: Decimal, before: Decimal, tax: Decimal, discount: Decimal, item: ItemRow, *, with_tax: bool
) -> tuple[Decimal, Decimal]:
    if with_tax:
        return before - discount, tax
    return net + tax + item.discount_tax_compensation_amount - discount, tax


def _shipping(row: OrderRow, *, discounted: bool, with_tax: bool) -> list[AdjustmentRecord]:
    if not (row.shipping_amount or row.shipping_incl_tax):
        return []
    before = row.shipping_incl_tax
    net = before - row.shipping_tax_amount if row.shipping_amount is None else row.shipping_amount
    tax, discount = row.shipping_tax_amount, row.shipping_discount_amount
    before = before or net + tax
    gross = before - discount
    if not with_tax:
        gross = net + tax + row.shipping_discount_tax_compensation_amount - discount
    shipping = AdjustmentRecord(kind="shipping", title=row.shipping_description, net=gross - tax, tax=tax, gross=gross)
    if discounted:
        shipping.discount_net, shipping.discount_gross = net - (gross - tax), before - gross
    return [shipping]


def _fees(row: OrderRow, priced: Mapping[str, ItemRow]) -> list[AdjustmentRecord]:
    own = row.extension_attributes
    found = [
        AdjustmentRecord(kind="wrapping", title=title, net=net, tax=tax)
        for title, net, tax in (
            ("Gift wrapping of the order", own.gw_price, own.gw_tax_amount),
            ("Gift wrapping of items", own.gw_items_price, own.gw_items_tax_amount),
            ("Printed card", own.gw_card_price, own.gw_card_tax_amount),
        )
        if net or tax
    ]
    found += [
        AdjustmentRecord(kind="fee", title=each.custom_fee_label, net=each.custom_fee_amount, tax=_ZERO)
        for each in own.custom_fees
        if each.custom_fee_amount
    ]
    if product_tax := sum((item.weee_tax_applied_row_amount for item in priced.values()), _ZERO):
        found.append(AdjustmentRecord(kind="fee", title="Fixed product tax", net=product_tax, tax=_ZERO))
    return found


def _payments(row: OrderRow) -> list[AdjustmentRecord]:
    own = row.extension_attributes
    cards = [AdjustmentRecord(kind="gift_card", code=card.code, gross=card.amount) for card in own.gift_cards]
    if own.gift_cards_amount and sum((card.amount for card in own.gift_cards), _ZERO) != own.gift_cards_amount:
        codes = ", ".join(card.code for card in own.gift_cards)
        cards = [AdjustmentRecord(kind="gift_card", code=codes, gross=own.gift_cards_amount)]
    credit = [
        AdjustmentRecord(kind="store_credit", title=title, gross=amount)
        for title, amount in (
            ("Store credit", own.customer_balance_amount),
            ("Reward points", own.reward_currency_amount),
        )
        if amount
    ]
    return [*(card for card in cards if card.gross), *credit]


def refund_record(memo: CreditMemo, kept: Mapping[str, str]) -> RefundRecord:
    """`kept`: item of the order → external ID of its line. Items of other lines only repeat an amount."""
    lines: dict[str, RefundLineRecord] = {}
    for item in memo.items:
        if (line_id := kept.get(item.order_item_id)) is None or not (item.qty or item.row_total):
            continue
        gross = item.row_total + item.tax_amount + item.discount_tax_compensation_amount - item.discount_amount
        lines[line_id] = RefundLineRecord(
            line_id=line_id, quantity=item.qty, net=gross - item.tax_amount, tax=item.tax_amount, gross=gross
        )
    shipping = memo.shipping_incl_tax
    if shipping is None:
        shipping = memo.shipping_amount + memo.shipping_tax_amount
    adjustment = memo.adjustment_positive - memo.adjustment_negative
    own = memo.extension_attributes
    whole = memo.grand_total + own.gift_cards_amount + own.customer_balance_amount + own.reward_currency_amount
    # As with orders, the sum tells whether the grand total contains what was not paid in money.
    stated = sum((each.gross or _ZERO for each in lines.values()), shipping + adjustment)
    gross = min(memo.grand_total, whole, key=lambda amount: abs(amount - stated))
    return RefundRecord(
        external_id=str(memo.entity_id),
        number=memo.increment_id,
        refunded_at=memo.created_at,
        net=gross - memo.tax_amount,
        tax=memo.tax_amount,
        gross=gross,
        shipping_net=memo.shipping_amount or None,
        shipping_gross=shipping or None,
        adjustment=adjustment or None,
        lines=list(lines.values()),
    )
