"""The packages of a purchase: each unit of an order is in one of them, with its part of the line's amounts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.sdk.operations import References
from connectors.sdk.records import AdjustmentRecord
from connectors.sdk.values import json_number
from hub.kinds import Kind
from orders.currencies import share_out
from orders.items import OrderItem, OrderLineItem, ShipmentItem
from orders.parts import sold_lines

# What became of the units of a package. SparkLayer's own names of the types are a setting, because its documentation
# has only the first one: https://docs.sparklayer.io/tech-docs/createupdate-purchase.
OPEN, SHIPMENT, CANCELLATION, RETURN = "open", "shipment", "cancellation", "return"
TYPES = {OPEN: "incoming", SHIPMENT: "shipment", CANCELLATION: "cancellation", RETURN: "return"}
KIND_BY_STATUS = {
    "cancelled": CANCELLATION,
    "returned": RETURN,
    "refunded": RETURN,
    "shipped": SHIPMENT,
    "delivered": SHIPMENT,
}

Row = dict[str, Any]
Quantities = dict[int, Decimal]
_ZERO = Decimal(0)
# The fields of a line's total, and the amounts of ours that they hold.
_TOTALS = (
    ("total_net", "total_net"), ("total_tax", "tax"), ("total_gross", "total_gross"), ("discount_net", "discount_net"),
)  # fmt: skip


@dataclass(slots=True)
class _Package:
    kind: str
    shipment: ShipmentItem | None = None
    quantities: Quantities = field(default_factory=dict)


def packages(
    item: OrderItem,
    refs: References,
    addresses: Mapping[str, Row | None],
    destination: Row | None,
    names: Mapping[Any, str],
) -> list[Row]:
    """`addresses`: external ID of a delivery address → the address; `destination` is that of all other lines. `names`:
    type of a package here → SparkLayer's name, where it differs from `TYPES`."""
    lines = sold_lines(item)
    found = list(_packages(item, lines))
    totals = _totals(item, lines, found)
    rows = []
    for number, package in enumerate(found):
        by_address: dict[str, list[OrderLineItem]] = defaultdict(list)
        for line in lines:
            if line.id in package.quantities:
                by_address[line.delivery_address].append(line)
        for name, own in by_address.items():
            rows.append(
                {
                    "type": names.get(package.kind) or TYPES[package.kind],
                    "accounting_files": [],
                    "shipping_address": addresses.get(name) or destination,
                    "shipments": [_shipment(package.shipment)] if package.shipment else [],
                    "line_items": [
                        _line(line, refs, package.quantities[line.id], totals[line.id, number]) for line in own
                    ],
                }
            )
    if rows:
        _add_charges(rows[0], item)
    return rows


def _packages(item: OrderItem, lines: Iterable[OrderLineItem]) -> Iterable[_Package]:
    """Assigns each unit: canceled or refunded, in a known shipment, shipped, or by the status of its line or order."""
    known = {line.id: line for line in lines}
    left: Quantities = {line.id: line.quantity for line in known.values()}

    def take(line_id: int, quantity: Decimal) -> Decimal:
        taken = max(_ZERO, min(left.get(line_id, _ZERO), quantity))
        if taken:
            left[line_id] -= taken
        return taken

    ended: dict[str, Quantities] = {CANCELLATION: {}, RETURN: {}, SHIPMENT: {}, OPEN: {}}
    for line in known.values():
        ended[CANCELLATION][line.id] = take(line.id, line.quantity_cancelled)
        ended[RETURN][line.id] = take(line.id, line.quantity_refunded)
    in_shipments: Quantities = defaultdict(Decimal)
    for shipment in item.shipments:
        held = {}
        for line_id, quantity in shipment.lines.items():
            if line_id in known and _kind(item, known[line_id]) != RETURN and (taken := take(line_id, quantity)):
                held[line_id] = taken
                in_shipments[line_id] += taken
        if held:
            yield _Package(SHIPMENT, shipment, held)
    for line in known.values():
        ended[SHIPMENT][line.id] = take(line.id, line.quantity_shipped - in_shipments[line.id])
        kind = _kind(item, line)
        ended[kind][line.id] = ended[kind].get(line.id, _ZERO) + left[line.id]
    for kind in (OPEN, SHIPMENT, CANCELLATION, RETURN):
        if held := {line_id: quantity for line_id, quantity in ended[kind].items() if quantity}:
            yield _Package(kind, None, held)


def _kind(item: OrderItem, line: OrderLineItem) -> str:
    return KIND_BY_STATUS.get(line.status, KIND_BY_STATUS.get(item.status, OPEN))


def _totals(item: OrderItem, lines: Iterable[OrderLineItem], found: list[_Package]) -> dict[tuple[int, int], Row]:
    """(Line, package) → the total of its units; those of all packages add up to the line's."""
    totals: dict[tuple[int, int], Row] = defaultdict(dict)
    for line in lines:
        places = [number for number, package in enumerate(found) if line.id in package.quantities]
        weights = [found[number].quantities[line.id] for number in places]
        if line.total_net is None or line.total_gross is None:
            # All that is known is a price, of which it is not said whether with tax.
            for number, quantity in zip(places, weights, strict=True):
                totals[line.id, number]["total_net"] = money(line.unit_price * quantity, item.currency)
            continue
        for name, own in _TOTALS:
            amount = getattr(line, own)
            if amount is None or (own == "discount_net" and not amount):
                continue
            for number, share in zip(places, share_out(amount, weights, item.currency), strict=True):
                totals[line.id, number][name] = money(share, item.currency)
        for number in places:
            total = totals[line.id, number]
            tax = Decimal(total["total_gross"]["number"]) - Decimal(total["total_net"]["number"])
            total["total_tax"] = money(tax, item.currency)
    return totals


def _line(line: OrderLineItem, refs: References, quantity: Decimal, total: Row) -> Row:
    return {
        "identifiers": {"platform": refs.shop_or_own_id(Kind.ORDER_LINE, line.id)},
        "sku": line.sku,
        "name_parent": line.title,
        "quantity": json_number(quantity),
        "line_total": total,
    }


def _add_charges(package: Row, item: OrderItem) -> None:
    """Shipping is the package's shipping method; other charges are lines of their own."""
    shipping = [row for row in item.adjustments if row.kind == "shipping"]
    others = [row for row in item.adjustments if row.kind in ("handling", "wrapping", "fee", "rounding")]
    if shipping:
        total = _charge_total(shipping, item.currency)
        package["shipping_method"] = {"name": shipping[0].title or "Shipping", "line_total": total}
    elif item.shipping_cost and not item.adjustments:
        cost = money(item.shipping_cost, item.currency)
        package["shipping_method"] = {"name": "Shipping", "line_total": {"total_net": cost}}
    for row in others:
        package["line_items"].append(
            {
                "name_parent": row.title or row.kind.capitalize(),
                "quantity": 1,
                "line_total": _charge_total([row], item.currency),
            }
        )


def _charge_total(rows: list[AdjustmentRecord], currency: str) -> Row:
    net = sum((row.net if row.net is not None else row.gross or _ZERO for row in rows), _ZERO)
    gross = sum((row.gross if row.gross is not None else row.net or _ZERO for row in rows), _ZERO)
    return {
        "total_net": money(net, currency),
        "total_tax": money(gross - net, currency),
        "total_gross": money(gross, currency),
    }


def _shipment(item: ShipmentItem) -> Row:
    return {
        "carrier": item.carrier,
        "tracking_number": ", ".join(item.tracking_numbers),
        "shipped_at": item.shipped_at and item.shipped_at.isoformat(),
    }


def money(amount: Decimal, currency: str) -> Row:
    return {"number": f"{amount.normalize():f}", "currency": currency}
