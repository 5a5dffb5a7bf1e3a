"""Completes the amounts of an order as a source tells them, and adds them up (M1–M3).

A source may leave out what follows from the rest: the gross amount of a line with a rate, the totals of a line with
prices, a line's share of the discounts. The completed order has net, tax, gross and the share of discounts wherever
they can be known, so that targets need no rules of their own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from orders.currencies import quantum, round_amount, share_out
from orders.quantities import with_quantities
from orders.records import AdjustmentRecord, OrderLineRecord, OrderRecord

CHARGES = ("shipping", "handling", "wrapping", "fee", "rounding")
DISCOUNTS = ("discount", "coupon")
# They pay for an order; they do not make it cheaper.
PAYMENTS = ("gift_card", "store_credit")

_ZERO = Decimal(0)
_HUNDRED = Decimal(100)
_PRICE_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Balance:
    """What an order adds up to, with tax: `lines` and `charges` before discounts, `total` as the source tells it.

    `difference` is lines + charges − discounts − total. None as an amount: the source does not tell enough.
    """

    lines: Decimal | None
    charges: Decimal | None
    discounts: Decimal | None
    tax: Decimal
    total: Decimal
    difference: Decimal | None
    tolerance: Decimal

    @property
    def reconciliation(self) -> str:
        """A value of orders.models.Order.Reconciliation."""
        if self.difference is None:
            return ""
        return "balanced" if abs(self.difference) <= self.tolerance else "different"


def completed(record: OrderRecord) -> OrderRecord:
    """The order with quantities and amounts completed. Completing it again changes nothing.

    A negative charge, such as a fee that rewards a method of payment, becomes a discount: targets take no such charge.
    """
    record = replace(record, prices_include_tax=_prices_include_tax(record))
    rate = _only_rate(record)
    lines = [_completed_line(with_quantities(line, record.status), record, rate) for line in record.lines]
    if record.adjustments is None:
        return replace(record, lines=lines)
    adjustments = [_completed_adjustment(each, record, rate) for each in record.adjustments]
    negative = {place for place, each in enumerate(adjustments) if _is_negative_charge(each)}
    adjustments = [_as_discount(each) if place in negative else each for place, each in enumerate(adjustments)]
    lines, adjustments = _share_discounts(lines, adjustments, negative, record.currency)
    return replace(record, lines=lines, adjustments=adjustments)


def _prices_include_tax(record: OrderRecord) -> bool | None:
    """As the source says; else whether prices of which it tells no more add up to the total with or without tax."""
    if record.prices_include_tax is not None or not record.tax or not record.lines:
        return record.prices_include_tax
    if any(line.unit_price is None or _tells_amounts(line) for line in record.lines):
        return None
    rows = record.adjustments or ()
    costs = [row.gross if row.gross is not None else row.net for row in rows if row.kind in CHARGES]
    taken = [row.gross if row.gross is not None else row.net for row in rows if row.kind in DISCOUNTS]
    prices = sum(((line.unit_price or _ZERO) * line.quantity for line in record.lines), _ZERO)
    prices += (_sum(costs) or _ZERO) - (_sum(taken) or _ZERO)
    if record.adjustments is None:
        prices += record.shipping_cost
    tolerance = len(record.lines) * quantum(record.currency)
    if abs(prices - record.total) <= tolerance:
        return True
    return False if abs(prices + record.tax - record.total) <= tolerance else None


def _tells_amounts(row: OrderLineRecord | AdjustmentRecord) -> bool:
    """Whether a row tells its tax, or from what it follows."""
    own = (row.unit_price_net, row.unit_price_gross) if isinstance(row, OrderLineRecord) else (None, None)
    both = None not in own or None not in _totals(row)
    return row.tax is not None or row.tax_rate is not None or both


def _only_rate(record: OrderRecord) -> Decimal | None:
    """The rate that makes the tax of the order, in percent, if no row tells its own: taken to be that of all rows."""
    rows: list[OrderLineRecord | AdjustmentRecord] = [*record.lines]
    rows += [each for each in record.adjustments or () if each.kind in CHARGES]
    if not record.tax or record.total <= record.tax or any(_tells_amounts(row) for row in rows):
        return None
    return record.tax * _HUNDRED / (record.total - record.tax)


def balance(record: OrderRecord) -> Balance:
    """Adds up a completed order. Not possible if charges and discounts were not read."""
    adjustments = record.adjustments
    rows = [*record.lines, *(each for each in adjustments or () if each.kind in CHARGES)]
    # Each row may be off by half of the smallest unit, but two units of an order are never mere rounding of one row.
    tolerance = max(Decimal(1), Decimal(len(rows)) / 2) * quantum(record.currency)
    lines = charges = discounts = difference = None
    if adjustments is not None:
        lines = _sum([_before_discounts(line) for line in record.lines])
        charges = _sum([_before_discounts(each) for each in adjustments if each.kind in CHARGES])
        discounts = _sum([each.gross for each in adjustments if each.kind in DISCOUNTS])
        if lines is not None and charges is not None and discounts is not None:
            difference = lines + charges - discounts - record.total
    return Balance(lines, charges, discounts, record.tax, record.total, difference, tolerance)


def with_payments(record: OrderRecord) -> OrderRecord:
    """The order with a total that gift cards and store credit do not lower, if it adds up with that one only."""
    payments = sum((each.gross or _ZERO for each in record.adjustments or () if each.kind in PAYMENTS), _ZERO)
    if not payments or balance(completed(record)).reconciliation != "different":
        return record
    whole = replace(record, total=record.total + payments, total_net=record.total + payments - record.tax)
    return whole if balance(completed(whole)).reconciliation == "balanced" else record


def _before_discounts(row: OrderLineRecord | AdjustmentRecord) -> Decimal | None:
    gross = row.total_gross if isinstance(row, OrderLineRecord) else row.gross
    if gross is None or (row.discount_gross is None and row.discount_net):
        return None
    return gross + (row.discount_gross or _ZERO)


def _is_negative_charge(row: AdjustmentRecord) -> bool:
    amount = row.gross if row.gross is not None else row.net
    return row.kind in CHARGES and amount is not None and amount < 0


def _as_discount(row: AdjustmentRecord) -> AdjustmentRecord:
    def positive(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else -amount

    return AdjustmentRecord(
        kind="discount", title=row.title, net=positive(row.net), tax=positive(row.tax), gross=positive(row.gross)
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [each for each in amounts if each is not None]
    return sum(known, _ZERO) if len(known) == len(amounts) else None


def _completed_line(line: OrderLineRecord, order: OrderRecord, only_rate: Decimal | None) -> OrderLineRecord:
    rate = line.tax_rate if line.tax_rate is not None else only_rate
    price_net, price_gross = line.unit_price_net, line.unit_price_gross
    if price_net is None and price_gross is None and line.unit_price is not None:
        if order.prices_include_tax is not False and (order.prices_include_tax or not _is_taxed(order)):
            price_gross = line.unit_price
        elif order.prices_include_tax is False:
            price_net = line.unit_price
    price_net, price_gross = _net_and_gross(price_net, price_gross, rate, order, _PRICE_PLACES)
    net, gross = line.total_net, line.total_gross
    if net is None and gross is None and line.tax is None:
        net = _line_total(price_net, line.quantity, line.discount_net, order)
        gross = _line_total(price_gross, line.quantity, line.discount_gross, order)
    net, tax, gross = _net_tax_gross(net, line.tax, gross, rate, order)
    # Of a line that costs nothing after discounts, the prices tell the ratio of net and gross.
    totals = (net, gross) if net and gross else (price_net, price_gross)
    discount_net, discount_gross = _discount(line.discount_net, line.discount_gross, *totals, rate, order)
    return replace(
        line,
        unit_price_net=price_net,
        unit_price_gross=price_gross,
        total_net=net,
        tax=tax,
        total_gross=gross,
        discount_net=discount_net,
        discount_gross=discount_gross,
    )


def _line_total(
    price: Decimal | None, quantity: Decimal, discount: Decimal | None, order: OrderRecord
) -> Decimal | None:
    if price is None:
        return None
    return round_amount(price * quantity - (discount or _ZERO), order.currency)


def _completed_adjustment(row: AdjustmentRecord, order: OrderRecord, only_rate: Decimal | None) -> AdjustmentRecord:
    net, tax, gross = row.net, row.tax, row.gross
    if row.kind in PAYMENTS:
        paid = gross if gross is not None else net
        return replace(row, net=paid, tax=_ZERO, gross=paid)
    rate = row.tax_rate if row.tax_rate is not None or row.kind in DISCOUNTS else only_rate
    net, tax, gross = _net_tax_gross(net, tax, gross, rate, order)
    discount_net, discount_gross = _discount(row.discount_net, row.discount_gross, net, gross, rate, order)
    return replace(row, net=net, tax=tax, gross=gross, discount_net=discount_net, discount_gross=discount_gross)


def _is_taxed(order: OrderRecord) -> bool:
    """Also if nothing of its tax is left after discounts."""
    return bool(order.tax) or any(
        line.tax or line.tax_rate or len({line.unit_price_net, line.unit_price_gross} - {None}) > 1
        for line in order.lines
    )


def _net_and_gross(
    net: Decimal | None, gross: Decimal | None, rate: Decimal | None, order: OrderRecord, places: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """One of the two from the other, by the rate; the same if the order has no tax at all."""
    if rate is None and not _is_taxed(order):
        rate = _ZERO
    if rate is None or rate < 0:
        return net, gross
    if gross is None and net is not None:
        gross = (net * (1 + rate / _HUNDRED)).quantize(places, ROUND_HALF_UP)
    elif net is None and gross is not None:
        net = (gross / (1 + rate / _HUNDRED)).quantize(places, ROUND_HALF_UP)
    return net, gross


def _net_tax_gross(
    net: Decimal | None, tax: Decimal | None, gross: Decimal | None, rate: Decimal | None, order: OrderRecord
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    if gross is None and net is not None and tax is not None:
        gross = net + tax
    elif net is None and gross is not None and tax is not None:
        net = gross - tax
    net, gross = _net_and_gross(net, gross, rate, order, quantum(order.currency))
    if tax is None and net is not None and gross is not None:
        tax = gross - net
    return net, tax, gross


def _discount(
    net: Decimal | None,
    gross: Decimal | None,
    total_net: Decimal | None,
    total_gross: Decimal | None,
    rate: Decimal | None,
    order: OrderRecord,
) -> tuple[Decimal | None, Decimal | None]:
    """Both forms of a share of the discounts, by the ratio of the row's own totals, else by its rate."""
    if (net is None) == (gross is None):
        return net, gross
    if net == 0 or gross == 0:
        return _ZERO, _ZERO
    if total_net and total_gross:
        if gross is None and net is not None:
            return net, round_amount(net * total_gross / total_net, order.currency)
        if gross is not None:
            return round_amount(gross * total_net / total_gross, order.currency), gross
    return _net_and_gross(net, gross, rate, order, quantum(order.currency))


def _share_discounts(
    lines: list[OrderLineRecord], adjustments: list[AdjustmentRecord], unshared: Collection[int], currency: str
) -> tuple[list[OrderLineRecord], list[AdjustmentRecord]]:
    """Share out the discounts of an order whose source tells no shares, by what the lines cost.

    `unshared`: positions of discounts that are never contained in shares that the source tells. Charges have a share
    only of a discount that is more than all lines cost.
    """
    charges = [each for each in adjustments if each.kind in CHARGES]
    rows: list[OrderLineRecord | AdjustmentRecord] = [*lines, *charges]
    has_shares = any(row.discount_net is not None or row.discount_gross is not None for row in rows)
    if has_shares:
        adjustments = _discounts_by_shares(rows, adjustments, unshared, currency)
    discounts = []
    for place, each in enumerate(adjustments):
        if each.kind not in DISCOUNTS:
            continue
        if has_shares and place not in unshared:
            discounts.append(each)
            continue
        with_tax = each.gross is not None
        amount = each.gross if each.gross is not None else each.net
        weights = [_cost(row, with_tax=with_tax) for row in rows]
        goods = sum(weights[: len(lines)], _ZERO)
        if goods and amount is not None and amount <= goods:
            weights = [*weights[: len(lines)], *(_ZERO for _ in charges)]
        if amount == 0:
            discounts.append(replace(each, net=_ZERO, tax=_ZERO, gross=_ZERO))
            continue
        if amount is None or not sum(weights, _ZERO):
            discounts.append(each)
            continue
        shares = share_out(amount, weights, currency)
        reduced = [_reduced(row, share, currency, with_tax) for row, share in zip(rows, shares, strict=True)]
        rows = [row for row, _, _ in reduced]
        net, gross = sum((each for _, each, _ in reduced), _ZERO), sum((each for _, _, each in reduced), _ZERO)
        discounts.append(replace(each, net=net, tax=gross - net, gross=gross))
    new_charges = iter([row for row in rows if isinstance(row, AdjustmentRecord)])
    new_discounts = iter(discounts)
    return (
        [row for row in rows if isinstance(row, OrderLineRecord)],
        [
            next(new_charges) if each.kind in CHARGES else next(new_discounts) if each.kind in DISCOUNTS else each
            for each in adjustments
        ],
    )


def _discounts_by_shares(
    rows: Sequence[OrderLineRecord | AdjustmentRecord],
    adjustments: list[AdjustmentRecord],
    unshared: Collection[int],
    currency: str,
) -> list[AdjustmentRecord]:
    """The form of the discounts that the source does not tell, from the shares of the rows."""
    shared_out = [each.kind in DISCOUNTS and place not in unshared for place, each in enumerate(adjustments)]
    discounts = [each for each, is_shared in zip(adjustments, shared_out, strict=True) if is_shared]
    for known, missing in (("net", "gross"), ("gross", "net")):
        amounts = [getattr(each, known) for each in discounts]
        if any(getattr(each, missing) is not None for each in discounts) or None in amounts:
            continue
        shared = [getattr(row, f"discount_{missing}") or _ZERO for row in rows]
        others = iter(share_out(sum(shared, _ZERO), amounts, currency))
        for_each = [next(others) if is_shared else None for is_shared in shared_out]
        adjustments = [
            each if amount is None else replace(each, gross=amount) if missing == "gross" else replace(each, net=amount)
            for each, amount in zip(adjustments, for_each, strict=True)
        ]
    return [
        replace(each, tax=each.gross - each.net)
        if each.kind in DISCOUNTS and each.gross is not None and each.net is not None
        else each
        for each in adjustments
    ]


def _totals(row: OrderLineRecord | AdjustmentRecord) -> tuple[Decimal | None, Decimal | None]:
    return (row.total_net, row.total_gross) if isinstance(row, OrderLineRecord) else (row.net, row.gross)


def _cost(row: OrderLineRecord | AdjustmentRecord, *, with_tax: bool) -> Decimal:
    """What a row costs; nothing if the source does not tell it, so that it gets no share."""
    net, gross = _totals(row)
    return max(_ZERO, (gross if with_tax else net) or _ZERO)


def _reduced(
    row: OrderLineRecord | AdjustmentRecord, share: Decimal, currency: str, with_tax: bool
) -> tuple[OrderLineRecord | AdjustmentRecord, Decimal, Decimal]:
    """The row less a share of a discount, with or without tax; and the share without and with tax.

    The tax falls with the price: its rate stays as it was.
    """
    net, gross = _totals(row)
    if not share or net is None or gross is None:
        return row, share, share
    if with_tax:
        less_gross = share
        less_net = net - round_amount(net * (gross - share) / gross, currency)
    else:
        less_net = share
        less_gross = gross - round_amount(gross * (net - share) / net, currency)
    net, gross = net - less_net, gross - less_gross
    reduced = replace(
        row,
        tax=gross - net,
        discount_net=(row.discount_net or _ZERO) + less_net,
        discount_gross=(row.discount_gross or _ZERO) + less_gross,
    )
    if isinstance(reduced, OrderLineRecord):
        return replace(reduced, total_net=net, total_gross=gross), less_net, less_gross
    return replace(reduced, net=net, gross=gross), less_net, less_gross
