"""What a target books of the refunds of an order, besides the order itself (M5).

A row is one line of the refund (credit note) in the target: goods that come back, or an amount. Goods that the target
has not shipped, and shipping that was refunded before the target shipped anything, have no row: they lower the order
there, so that they are never invoiced. The rows and what lowers the order add up to the refund.

Example: of 5 lamps at 50 the target shipped 4, then 2 were refunded for 100. The order there is lowered by 1 lamp (50),
and the refund has one row: 1 lamp, 50. If 90 had been paid back, it would have two: 1 lamp, 45, and an amount of -5.

With several refunds of a line, the goods that come back are those of the latest: the earlier refunds are more likely to
be from before the shipment.

Money for pieces that were canceled after they were paid has no row either: canceling them has lowered the order. Of the
5 lamps, all paid, one is taken out of the order, and 50 are paid back: the order there has 4 lamps, and no refund.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from orders.currencies import quantum, round_amount
from orders.items import OrderItem, OrderLineItem, RefundItem, RefundLineItem
from orders.parts import charges, charges_left, sold_lines

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Money:
    net: Decimal = _ZERO
    gross: Decimal = _ZERO

    @property
    def tax(self) -> Decimal:
        return self.gross - self.net

    def __add__(self, other: "Money") -> "Money":
        return Money(self.net + other.net, self.gross + other.gross)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.net - other.net, self.gross - other.gross)

    def part(self, quantity: Decimal, of: Decimal, currency: str) -> "Money":
        if not of:
            return Money()
        return Money(*(round_amount(amount * quantity / of, currency) for amount in (self.net, self.gross)))


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Goods of a line, or an amount: then `quantity` is 0. The money is negative if it was withheld.

    `line`: the line that goods or an amount belong to. `tax_rate` in percent, if the whole row has it.
    """

    money: Money
    line: OrderLineItem | None = None
    quantity: Decimal = _ZERO
    is_shipping: bool = False

    @property
    def tax_rate(self) -> Decimal | None:
        return self.line.tax_rate if self.line is not None else None


@dataclass(frozen=True, slots=True)
class BookedRefund:
    """A refund with the rows that a target books. There is at least one."""

    refund: RefundItem
    rows: list[RefundRow]

    @property
    def gross(self) -> Decimal:
        return sum((row.money.gross for row in self.rows), _ZERO)


def has_shipped(item: OrderItem) -> bool:
    """Whether the target has shipped anything of the order."""
    return item.target_id is not None and any(each.reported_by == item.target_id for each in item.shipments)


def booked_refunds(item: OrderItem, *, charges_kept: bool, whole_bundles: bool = False) -> list[BookedRefund]:
    """The refunds that a target has to book, in the order of the source.

    `charges_kept`: the order at the target has all its charges, also those that were paid back.
    """
    sold = {line.id: line for line in sold_lines(item, whole_bundles=whole_bundles)}
    returned, for_canceled = item.returned_quantities(), _paid_for_canceled(item, sold)
    own = item.quantities_shipped_by(item.target_id) if item.target_id is not None else {}
    for line_id, quantity in _more_than_refunded(item).items():
        # The line does not count these pieces as refunded: they were canceled before, or had been shipped.
        value = _value(sold[line_id], quantity, item.currency).gross if line_id in sold else _ZERO
        if value <= for_canceled:
            for_canceled -= value
        else:
            returned[line_id] = min(own.get(line_id, _ZERO), returned[line_id] + quantity)
    lowered = [None for _ in item.refunds] if charges_kept else _lowered_charges(item)
    found = [
        BookedRefund(refund, _rows(item, refund, sold, returned, less))
        for refund, less in reversed(list(zip(item.refunds, lowered, strict=True)))
    ]
    return _without_money_for_canceled(list(reversed(found)), for_canceled, item.currency)


def _paid_for_canceled(item: OrderItem, sold: dict[int, OrderLineItem]) -> Decimal:
    """What the customer paid, with tax, for pieces that the order and the target no longer have; nothing if unknown."""
    paid = item.total if item.paid is None and item.status == "cancelled" else item.paid
    if paid is None:
        return _ZERO
    there = shipped_but_not_ordered(item)
    canceled = sum(
        (
            _value(line, max(_ZERO, line.quantity_cancelled - there.get(line.id, _ZERO)), item.currency).gross
            for line in sold.values()
        ),
        _ZERO,
    )
    return max(_ZERO, paid - (item.total - canceled))


def _refunded_pieces(item: OrderItem) -> dict[int, Decimal]:
    """Order line ID → quantity in the refunds."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for refund in item.refunds:
        for each in _lines(item, refund):
            found[each.line_id] += each.quantity
    return found


def _more_than_refunded(item: OrderItem) -> dict[int, Decimal]:
    """Order line ID → by how much the refunds name more pieces than the line says were refunded."""
    named = _refunded_pieces(item)
    more = {line.id: named[line.id] - line.quantity_refunded for line in item.lines}
    return {line_id: quantity for line_id, quantity in more.items() if quantity > 0}


def _without_money_for_canceled(booked: list[BookedRefund], left: Decimal, currency: str) -> list[BookedRefund]:
    """The refunds without amounts, up to `left`, that belong to no goods at the target; only those with rows."""
    found = []
    for each in booked:
        rows = []
        for row in each.rows:
            gross = row.money.gross
            if left > 0 and gross > 0 and not (row.quantity or row.is_shipping):
                taken = min(gross, left)
                left -= taken
                if gross - taken <= quantum(currency):
                    continue
                row = replace(row, money=row.money.part(gross - taken, gross, currency))
            rows.append(row)
        if rows:
            found.append(replace(each, rows=rows))
    return found


def shipped_but_not_ordered(item: OrderItem) -> dict[int, Decimal]:
    """Order line ID → quantity that the target shipped, but that the order no longer has and no refund covers."""
    refunded = _refunded_pieces(item)
    left = {line_id: quantity - refunded[line_id] for line_id, quantity in item.returned_quantities().items()}
    return {line_id: quantity for line_id, quantity in left.items() if quantity > 0}


def _lines(item: OrderItem, refund: RefundItem) -> list[RefundLineItem]:
    """The lines of a refund. One that names only a bundle is about its parts as well: without money of their own."""
    found = {each.line_id: each for each in refund.lines}
    bundles = {line.id: line for line in item.lines if line.id in found and line.quantity}
    for part in item.lines:
        bundle = bundles.get(part.parent_id or 0)
        if bundle is not None and part.id not in found:
            share = found[bundle.id].quantity / bundle.quantity
            found[part.id] = RefundLineItem(part.id, part.quantity * share, _ZERO, _ZERO, _ZERO)
    return list(found.values())


def _lowered_charges(item: OrderItem) -> list[Money]:
    """By how much each refund lowers the charges of the order."""
    found = []
    before = _sum_of_charges(item, [])
    for number in range(1, len(item.refunds) + 1):
        after = _sum_of_charges(item, item.refunds[:number])
        found.append(before - after)
        before = after
    return found


def _sum_of_charges(item: OrderItem, refunds: list[RefundItem]) -> Money:
    rows = charges_left(replace(item, refunds=refunds))
    return sum((Money(row.net or _ZERO, row.gross or _ZERO) for row in rows), Money())


def _rows(
    item: OrderItem,
    refund: RefundItem,
    sold: dict[int, OrderLineItem],
    returned: dict[int, Decimal],
    charges_off: Money | None,
) -> list[RefundRow]:
    """Takes the goods that come back off `returned`. `charges_off`: what the refund lowers the charges of the order by;
    None if they are kept."""
    lines = {line.id: line for line in item.lines}
    rows: list[RefundRow] = []
    stated, lowered = Money(), charges_off or Money()
    # What is left of the money of a line, or of a bundle and its parts, and how far rounding may take it.
    left: dict[int, Money] = defaultdict(Money)
    places: dict[int, Decimal] = defaultdict(Decimal)
    for each in _lines(item, refund):
        line, own = lines[each.line_id], sold.get(each.line_id)
        value = _value(own, each.quantity, item.currency) if own else Money()
        money = _stated(each, line, item.currency) or value
        stated += money
        quantity = min(each.quantity, returned[each.line_id]) if own else _ZERO
        goods = (money if money.gross else value).part(quantity, each.quantity, item.currency)
        if own and quantity:
            returned[each.line_id] -= quantity
            rows.append(RefundRow(goods, own, quantity))
        less = _value(own, each.quantity - quantity, item.currency) if own else Money()
        lowered += less
        root = line.parent_id or line.id
        left[root] += money - goods - less
        places[root] += quantum(item.currency) if each.quantity else _ZERO
    rows += [RefundRow(money, lines.get(root)) for root, money in left.items() if abs(money.gross) > places[root]]
    shipping = _shipping(item, refund)
    if shipping.gross and charges_off is None:
        rows.append(RefundRow(shipping, is_shipping=True))
    rest = _whole(refund, stated + shipping) - sum((row.money for row in rows), lowered)
    tolerance = _ZERO if refund.adjustment else sum(places.values(), _ZERO)
    return [*rows, *([RefundRow(rest)] if abs(rest.gross) > tolerance else [])]


def _whole(refund: RefundItem, stated: Money) -> Money:
    """The whole refund; what the source does not tell follows from the lines, the shipping and the adjustment."""
    adjustment = refund.adjustment or _ZERO
    gross = refund.gross if refund.gross is not None else stated.gross + adjustment
    return Money(refund.net if refund.net is not None else gross - stated.tax, gross)


def _stated(each: RefundLineItem, line: OrderLineItem, currency: str) -> Money | None:
    """The money of a line of a refund; None if the source does not tell it."""
    net, gross = each.net, each.gross
    if gross is None and net is not None:
        gross = net + (each.tax or _ZERO)
    if gross is None:
        return None
    if net is None and each.tax is not None:
        net = gross - each.tax
    return Money(_without_tax(gross, [(line.total_net, line.total_gross)], currency) if net is None else net, gross)


def _value(line: OrderLineItem, quantity: Decimal, currency: str) -> Money:
    """What a quantity of a line costs in the order at the target."""
    price = line.unit_price * line.quantity
    net, gross = line.total_net, line.total_gross
    money = Money(net if net is not None else price, gross if gross is not None else price)
    return money.part(quantity, line.quantity, currency)


def _shipping(item: OrderItem, refund: RefundItem) -> Money:
    net, gross = refund.shipping_net, refund.shipping_gross
    rows = [(row.net, row.gross) for row in charges(item) if row.kind in ("shipping", "handling")]
    if gross is None:
        gross = _without_tax(net or _ZERO, [(with_tax, without) for without, with_tax in rows], item.currency)
    return Money(_without_tax(gross, rows, item.currency) if net is None else net, gross)


def _without_tax(gross: Decimal, rows: Sequence[tuple[Decimal | None, Decimal | None]], currency: str) -> Decimal:
    """The net amount, by that of rows with net and gross amounts; the same if they tell none."""
    net, whole = (sum((row[place] or _ZERO for row in rows), _ZERO) for place in (0, 1))
    return round_amount(gross * net / whole, currency) if net and whole else gross
