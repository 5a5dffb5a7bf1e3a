"""An order as a target takes it: what of it is still to be delivered, with its amounts; and the parts of vendors.

Rules: a line that goes in part has that part of its amounts. Bundles go as their parts, among which a price of the
bundle is shared out by what the parts cost alone, else by their quantities (M6). Charges of an order are shared among
vendors by what their lines cost, so that the parts of all vendors and the rest add up to the order (M3).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from orders.amounts import CHARGES
from orders.currencies import round_amount, share_out
from orders.items import OrderItem, OrderLineItem, RefundItem, RefundLineItem, ShipmentItem
from orders.quantities import NOT_DELIVERED
from orders.records import AdjustmentRecord

_ZERO = Decimal(0)
_AMOUNTS = ("total_net", "tax", "total_gross", "discount_net", "discount_gross")


@dataclass(frozen=True, slots=True)
class Part:
    """A quantity of an order line with its amounts after discounts. None as an amount: unknown."""

    line: OrderLineItem
    quantity: Decimal
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    discount_net: Decimal
    discount_gross: Decimal


def deliverable_parts(item: OrderItem, *, whole_bundles: bool = False) -> list[Part]:
    """What a target has to deliver, or has delivered itself (M8). Lines of which nothing is left have a quantity of 0.

    Of what is never shipped, all that was not canceled or refunded: a shop that completes an order delivers no other
    pieces. `whole_bundles`: bundles go as they are, without their parts.
    """
    quantities = item.target_quantities()
    return [
        _part(line, max(quantities[line.id], _kept_without_shipping(line)), item.currency)
        for line in sold_lines(item, whole_bundles=whole_bundles)
    ]


def _kept_without_shipping(line: OrderLineItem) -> Decimal:
    if line.needs_shipping or line.status in NOT_DELIVERED:
        return _ZERO
    return max(_ZERO, line.quantity - line.quantity_cancelled - line.quantity_refunded)


def sold_lines(item: OrderItem, *, whole_bundles: bool = False) -> list[OrderLineItem]:
    """The lines without either bundles or their parts; amounts of the ones left out are on the others."""
    parts: dict[int, list[OrderLineItem]] = defaultdict(list)
    for line in item.lines:
        if line.parent_id is not None:
            parts[line.parent_id].append(line)

    def sold(line: OrderLineItem) -> list[OrderLineItem]:
        """A part may be a bundle itself."""
        own = parts[line.id]
        if not own:
            return [line]
        if whole_bundles:
            return [_with_amounts_of(line, [each for part in own for each in sold(part)])]
        return [each for part in _shared_out(line, own, item.currency) for each in sold(part)]

    return [each for line in item.lines if line.parent_id is None for each in sold(line)]


def _with_amounts_of(bundle: OrderLineItem, parts: Sequence[OrderLineItem]) -> OrderLineItem:
    whole = replace(bundle, needs_shipping=True)
    for name in _AMOUNTS:
        setattr(whole, name, _sum([getattr(row, name) for row in (bundle, *parts)]))
    return whole


def _shared_out(bundle: OrderLineItem, parts: list[OrderLineItem], currency: str) -> list[OrderLineItem]:
    weights = [part.unit_price * part.quantity for part in parts]
    if not any(weights):
        weights = [part.quantity for part in parts]
    found = [replace(part) for part in parts]
    for name in _AMOUNTS:
        if amount := getattr(bundle, name):
            for part, share in zip(found, share_out(amount, weights, currency), strict=True):
                setattr(part, name, (getattr(part, name) or _ZERO) + share)
    return found


def _part(line: OrderLineItem, quantity: Decimal, currency: str) -> Part:
    def share(amount: Decimal | None) -> Decimal | None:
        if amount is None or quantity == line.quantity:
            return amount
        return round_amount(amount * quantity / line.quantity, currency) if line.quantity else _ZERO

    net, tax, gross = share(line.total_net), share(line.tax), share(line.total_gross)
    if net is not None and gross is not None:
        tax = gross - net
    discount_net, discount_gross = share(line.discount_net), share(line.discount_gross)
    return Part(line, quantity, net, tax, gross, discount_net or _ZERO, discount_gross or _ZERO)


def charges(item: OrderItem) -> list[AdjustmentRecord]:
    """The charges of an order as they were placed, and lines with an amount for no piece.

    If the source tells neither charges nor discounts, the shipping cost is one, with tax like the order as a whole if
    the tax of its lines is known.
    """
    found = [row for row in item.adjustments if row.kind in CHARGES]
    found += [
        AdjustmentRecord(
            kind="fee", title=line.title, net=line.total_net, tax=line.tax, gross=line.total_gross,
            tax_rate=line.tax_rate,
        )
        for line in item.lines
        if not line.quantity and line.total_gross
    ]  # fmt: skip
    if item.shipping_cost and not item.adjustments and not item.reconciliation and item.total:
        net = gross = item.shipping_cost
        if all(line.total_net is not None for line in item.lines):
            net = round_amount(gross * (item.total - item.tax) / item.total, item.currency)
        found.append(AdjustmentRecord(kind="shipping", net=net, tax=gross - net, gross=gross))
    return found


def charges_left(item: OrderItem) -> list[AdjustmentRecord]:
    """The charges of an order, less what was refunded of shipping."""
    left_net = sum((refund.shipping_net or _ZERO for refund in item.refunds), _ZERO)
    left_gross = sum((refund.shipping_gross or _ZERO for refund in item.refunds), _ZERO)
    found = []
    for row in charges(item):
        if row.kind in ("shipping", "handling") and (left_net or left_gross) and row.gross and row.net is not None:
            if not left_gross:
                left_gross = round_amount(left_net * row.gross / row.net, item.currency) if row.net else _ZERO
            gross = min(row.gross, left_gross)
            net = round_amount(row.net * gross / row.gross, item.currency)
            left_gross, left_net = left_gross - gross, _ZERO
            row = replace(row, net=row.net - net, gross=row.gross - gross, tax=row.gross - gross - (row.net - net))
        found.append(row)
    return found


def vendor_part(item: OrderItem, vendor: str) -> OrderItem:
    """The lines of a vendor with their amounts, their share of each charge, and totals of both (M3, S9).

    `vendor` is compared without regard to case. Discounts become one row, without codes: they concern only the seller
    and the customer. Charges, totals and lines of all vendors and of the rest add up to those of the order.

    A refund has the vendor's lines and its share of the shipping; what belongs to no line is between the seller and the
    customer.
    """
    item = _without_mixed_bundles(item)
    names = sorted({line.vendor.upper() for line in item.lines})
    own = [line for line in item.lines if line.vendor.upper() == vendor.upper()]
    weights = [
        sum((line.total_gross or _ZERO for line in item.lines if line.vendor.upper() == name), _ZERO) for name in names
    ]
    adjustments, refunds = [], []
    if vendor.upper() in names:
        place = names.index(vendor.upper())
        adjustments = [_share(row, weights, place, item.currency) for row in item.adjustments if row.kind in CHARGES]
        refunds = [_share_of_refund(row, own, weights, place, item.currency) for row in item.refunds]
    rows = [(line.total_net, line.tax, line.total_gross, line.discount_net, line.discount_gross) for line in own]
    rows += [(row.net, row.tax, row.gross, row.discount_net, row.discount_gross) for row in adjustments]
    discount_net, discount_gross = (sum((row[place] or _ZERO for row in rows), _ZERO) for place in (3, 4))
    if discount_gross:
        adjustments.append(
            AdjustmentRecord(kind="discount", net=discount_net, tax=discount_gross - discount_net, gross=discount_gross)
        )
    net, tax, gross = (_sum([row[place] for row in rows]) for place in (0, 1, 2))
    if gross is None:
        gross = sum((line.quantity * line.unit_price for line in own), _ZERO)
    shipping = sum((row.gross or _ZERO for row in adjustments if row.kind == "shipping"), _ZERO)
    return replace(
        item,
        lines=own,
        adjustments=adjustments,
        refunds=[row for row in refunds if row.lines or row.shipping_gross or row.shipping_net],
        total=gross,
        total_net=net,
        tax=tax or _ZERO,
        shipping_cost=shipping,
        subtotal_net=None,
        subtotal_gross=None,
        paid=None,
        refunded=None,
    )


def _without_mixed_bundles(item: OrderItem) -> OrderItem:
    """The order with the parts of a bundle in its place, with their shares of its price, if they are of several vendors
    or of another one than the bundle: each vendor then has parts without a bundle."""
    bundles = {line.id: line for line in item.lines}
    inside: dict[int, list[OrderLineItem]] = defaultdict(list)
    mixed = set()
    for line in item.lines:
        root, passed = line, {line.id}
        while root.parent_id in bundles and root.parent_id not in passed:  # old rows may name each other
            root = bundles[root.parent_id]
            passed.add(root.id)
        inside[root.id].append(line)
        if line.vendor.upper() != root.vendor.upper():
            mixed.add(root.id)
    if not mixed:
        return item
    lines = []
    parts_of: dict[int, list[OrderLineItem]] = {}
    for root_id, own in inside.items():
        split = sold_lines(replace(item, lines=own)) if root_id in mixed else []
        if split:
            parts_of[root_id] = split
        lines += [replace(line, parent_id=None) for line in split] or own
    return replace(
        item,
        lines=lines,
        refunds=[_refund_of_parts(row, bundles, parts_of, item.currency) for row in item.refunds],
        shipments=[_shipment_of_parts(row, bundles, parts_of) for row in item.shipments],
    )


def _refund_of_parts(
    row: RefundItem, bundles: dict[int, OrderLineItem], parts_of: dict[int, list[OrderLineItem]], currency: str
) -> RefundItem:
    """What the refund says of a bundle is said of its parts, with their shares of the money."""
    found = {each.line_id: each for each in row.lines if each.line_id not in parts_of}
    for each in row.lines:
        parts = parts_of.get(each.line_id, [])
        weights = [part.total_gross or _ZERO for part in parts]
        shares: dict[str, list[Decimal]] = {
            name: share_out(amount, weights, currency)
            for name in ("net", "tax", "gross")
            if (amount := getattr(each, name)) is not None
        }
        for place, part in enumerate(parts):
            quantity = _pieces(part, each.quantity, bundles[each.line_id])
            stated = found.get(part.id) or RefundLineItem(part.id, quantity, _ZERO, _ZERO, _ZERO)
            net, tax, gross = (
                _sum([getattr(stated, name), shares[name][place] if name in shares else None])
                for name in ("net", "tax", "gross")
            )
            found[part.id] = replace(stated, net=net, tax=tax, gross=gross)
    return replace(row, lines=[found[line_id] for line_id in sorted(found)])


def _shipment_of_parts(
    row: ShipmentItem, bundles: dict[int, OrderLineItem], parts_of: dict[int, list[OrderLineItem]]
) -> ShipmentItem:
    """What the shipment says of a bundle is said of its parts."""
    lines = {line_id: quantity for line_id, quantity in row.lines.items() if line_id not in parts_of}
    for line_id, quantity in row.lines.items():
        for part in parts_of.get(line_id, []):
            lines.setdefault(part.id, _pieces(part, quantity, bundles[line_id]))
    return replace(row, lines=lines)


def _pieces(part: OrderLineItem, quantity: Decimal, bundle: OrderLineItem) -> Decimal:
    """The pieces of a part in so many bundles."""
    return part.quantity * quantity / bundle.quantity if bundle.quantity else _ZERO


def _share(row: AdjustmentRecord, weights: list[Decimal], place: int, currency: str) -> AdjustmentRecord:
    shares = {
        name: None if (amount := getattr(row, name)) is None else share_out(amount, weights, currency)[place]
        for name in ("net", "gross", "discount_net", "discount_gross")
    }
    net, gross = shares["net"], shares["gross"]
    tax = gross - net if net is not None and gross is not None else None
    return AdjustmentRecord(
        kind=row.kind,
        title=row.title,
        net=net,
        tax=tax,
        gross=gross,
        tax_rate=row.tax_rate,
        discount_net=shares["discount_net"],
        discount_gross=shares["discount_gross"],
    )


def _share_of_refund(
    row: RefundItem, own: Sequence[OrderLineItem], weights: list[Decimal], place: int, currency: str
) -> RefundItem:
    ids = {line.id for line in own}
    lines = [each for each in row.lines if each.line_id in ids]
    shipping_net, shipping_gross = (
        None if amount is None else share_out(amount, weights, currency)[place]
        for amount in (row.shipping_net, row.shipping_gross)
    )
    net = _sum([*(each.net for each in lines), shipping_net or _ZERO])
    gross = _sum([*(each.gross for each in lines), shipping_gross or _ZERO])
    return replace(
        row,
        net=net,
        tax=None if net is None or gross is None else gross - net,
        gross=gross,
        shipping_net=shipping_net,
        shipping_gross=shipping_gross,
        adjustment=None,
        lines=lines,
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [each for each in amounts if each is not None]
    return sum(known, _ZERO) if len(known) == len(amounts) else None
