"""Orders that were placed through the storefront, with the state of their packages (D14).

https://docs.sparklayer.io/developers/api/purchasing/send-orders. A replacement clears omitted fields, so the whole
order is sent; SparkLayer calculates the totals. An order sent with the storefront's own ID replaces its cart.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from connectors.platforms.sparklayer.addresses import address
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.rejections import send_each
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.streams import Target
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import OrderItem, OrderLineItem, ShipmentItem

RECORD_PATH = "/api/v1/purchases/{}/{}"
# The types of packages; the vendor's documentation does not list the values.
OPEN, SHIPMENT, CANCELLATION, RETURN = "unfulfilled", "shipment", "cancellation", "return"
KIND_BY_STATUS = {
    "cancelled": CANCELLATION,
    "returned": RETURN,
    "refunded": RETURN,
    "shipped": SHIPMENT,
    "delivered": SHIPMENT,
}

Row = dict[str, Any]
Quantities = dict[int, Decimal]


class OrderTarget(Target[SparkLayerClient, OrderItem, Row]):
    data_type = DataType.ORDERS
    lane = "orders"
    batch_size = 10

    def payload(self, item: OrderItem, refs: References) -> Row | None:
        """None for an order that was not placed in the storefront."""
        if not item.placed_through_b2b:
            return None
        customer = {"platform": refs.shop_or_own_id(Kind.CUSTOMER, item.customer_id)} if item.customer_id else {}
        by_use = {each.use: address(each) for each in reversed(item.addresses)}
        packages = _packages(item, refs, by_use.get("shipping") or by_use.get("billing"))
        if packages and item.shipping_cost:
            cost = _money(item.shipping_cost, item.currency)
            packages[0]["shipping_method"] = {"name": "Shipping", "line_total": {"total_net": cost}}
        return {
            "type": "order",
            "purchase_identifiers": {
                **({"sparklayer": item.cart_id} if item.cart_id else {}),
                "platform": refs.shop_or_own_id(Kind.ORDER, item.id),
                "visible": item.number,
            },
            "customer_identifiers": customer,
            "dates": {"placed_at": item.placed_at.isoformat()},
            "billing_address": by_use.get("billing") or by_use.get("shipping"),
            "tax_lines": [{"title": "Tax", "amount": _money(item.tax, item.currency)}] if item.tax else [],
            "packages": packages,
            # Required, though there is nothing for them.
            "accounting_files": [],
            "custom_fields": [],
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        if operation.action is Action.REMOVE:
            raise SkipRecord(issues.ORDER_NOT_REMOVABLE())
        identifiers = operation.content["purchase_identifiers"]
        lookup = "sparklayer" if "sparklayer" in identifiers else "platform"
        try:
            self.client.call("PUT", RECORD_PATH, lookup, identifiers[lookup], body=operation.content)
        except NeedsAttention as error:
            if error.status != 403:
                raise
            raise SkipRecord(issues.ORDER_ID_DIFFERS(number=identifiers["visible"])) from error
        return Outcome(external_id=identifiers[lookup])


def _packages(item: OrderItem, refs: References, destination: Row | None) -> list[Row]:
    """Assigns each unit to one package: returned, in a known shipment, or by the status of its line or order."""
    left: Quantities = {line.id: line.quantity for line in item.lines}
    parts: list[tuple[str, Quantities, ShipmentItem | None]] = []
    for shipment in item.shipments:
        quantities = {pk: min(left.get(pk, Decimal(0)), pieces) for pk, pieces in shipment.lines.items()}
        quantities = {pk: pieces for pk, pieces in quantities.items() if pieces and _kind(item, pk) != RETURN}
        for pk, pieces in quantities.items():
            left[pk] -= pieces
        if quantities:
            parts.append((SHIPMENT, quantities, shipment))
    for kind in (OPEN, SHIPMENT, CANCELLATION, RETURN):
        rest = {pk: pieces for pk, pieces in left.items() if pieces and _kind(item, pk) == kind}
        if rest:
            parts.append((kind, rest, None))
    return [
        {
            "type": kind,
            "shipping_address": destination,
            "shipments": [_shipment(shipment)] if shipment else [],
            "line_items": list(_lines(item, refs, quantities)),
        }
        for kind, quantities, shipment in parts
    ]


def _kind(item: OrderItem, line_id: int) -> str:
    line = next(each for each in item.lines if each.id == line_id)
    by_order = KIND_BY_STATUS.get(item.status, OPEN)
    return KIND_BY_STATUS.get(line.status, by_order)


def _lines(item: OrderItem, refs: References, quantities: Quantities) -> Iterable[Row]:
    for line in item.lines:
        if line.id in quantities:
            yield {
                "identifiers": _identifiers(line, refs),
                "sku": line.sku,
                "name_parent": line.title,
                "quantity": json_number(quantities[line.id]),
                "line_total": {"total_net": _money(line.unit_price * quantities[line.id], item.currency)},
            }


def _identifiers(line: OrderLineItem, refs: References) -> Row:
    return {"platform": refs.shop_or_own_id(Kind.ORDER_LINE, line.id)}


def _shipment(item: ShipmentItem) -> Row:
    return {
        "carrier": item.carrier,
        "tracking_number": ", ".join(item.tracking_numbers),
        "shipped_at": item.shipped_at and item.shipped_at.isoformat(),
    }


def _money(amount: Decimal, currency: str) -> Row:
    return {"number": f"{amount.normalize():f}", "currency": currency}
