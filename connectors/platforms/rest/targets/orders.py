"""Orders, as docs/platforms/rest.md specifies them."""

from datetime import UTC

from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, address, reference
from connectors.sdk.operations import References
from connectors.sdk.orders import hold_different
from connectors.sdk.records import AdjustmentRecord
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.amounts import CHARGES, DISCOUNTS, PAYMENTS
from orders.items import OrderItem, RefundItem

_AMOUNTS = ("net", "tax", "gross")
_ORDER_AMOUNTS = ("exchange_rate", "subtotal_net", "subtotal_gross", "total_net", "paid", "refunded")
_LINE_AMOUNTS = (
    "quantity_cancelled", "quantity_refunded", "quantity_shipped", "unit_price_net", "unit_price_gross", "total_net",
    "tax", "total_gross", "tax_rate", "discount_net", "discount_gross",
)  # fmt: skip
_REFUND_AMOUNTS = (*_AMOUNTS, "shipping_net", "shipping_gross", "adjustment")


class OrderTarget(RestTargetStream[OrderItem]):
    data_type = DataType.ORDERS
    lane = "orders"

    def payload(self, item: OrderItem, refs: References) -> Row:
        """Orders are never removed: a cancelled order is sent with that status.

        Amounts without and with tax are fields of version 2 of an order, which is sent where they are known.
        """
        hold_different(item, self.client.settings.unreconciled_orders)
        payload = _order(item, refs)
        if item.lines and all(line.total_gross is not None for line in item.lines):
            _add_amounts(payload, item, refs)
        return payload


def _order(item: OrderItem, refs: References) -> Row:
    return {
        "number": item.number,
        "customer": reference(refs, Kind.CUSTOMER, item.customer_id),
        "status": item.status,
        "currency": item.currency,
        "total": json_number(item.total),
        "tax": json_number(item.tax),
        "shipping_cost": json_number(item.shipping_cost),
        "placed_at": item.placed_at.astimezone(UTC).isoformat(),
        "placed_through_b2b": item.placed_through_b2b,
        "note": item.customer_note,
        "lines": [
            {
                "key": reference(refs, Kind.ORDER_LINE, line.id),
                "variant": reference(refs, Kind.VARIANT, line.variant_id),
                "sku": line.sku,
                "title": line.title,
                "vendor": line.vendor,
                "quantity": json_number(line.quantity),
                "unit_price": json_number(line.unit_price),
                "status": line.status,
            }
            for line in item.lines
        ],
        "shipments": [
            {
                "key": shipment.external_id,
                "carrier": shipment.carrier,
                "tracking_number": ", ".join(shipment.tracking_numbers),
                "shipped_at": shipment.shipped_at and shipment.shipped_at.astimezone(UTC).isoformat(),
                "lines": [
                    {"line": reference(refs, Kind.ORDER_LINE, line_id), "quantity": json_number(quantity)}
                    for line_id, quantity in sorted(shipment.lines.items())
                ],
            }
            for shipment in item.shipments
        ],
        "addresses": [address(each) for each in item.addresses],
    }


def _add_amounts(payload: Row, item: OrderItem, refs: References) -> None:
    """The fields of version 2."""
    left = item.target_quantities()
    payload |= {name: json_number(getattr(item, name)) for name in _ORDER_AMOUNTS} | {
        "version": 2,
        "base_currency": item.base_currency,
        "prices_include_tax": item.prices_include_tax,
        "difference": json_number(item.difference),
        "charges": [_adjustment(row) for row in item.adjustments if row.kind in CHARGES],
        "discounts": [_adjustment(row) | {"code": row.code} for row in item.adjustments if row.kind in DISCOUNTS],
        # Without the numbers of gift cards, which are as good as money.
        "payments": [
            {"kind": row.kind, "title": row.title, "amount": json_number(row.gross)}
            for row in item.adjustments
            if row.kind in PAYMENTS
        ],
        "refunds": [_refund(each, refs) for each in item.refunds],
    }
    for row, line in zip(payload["lines"], item.lines, strict=True):
        row |= {name: json_number(getattr(line, name)) for name in _LINE_AMOUNTS} | {
            "kind": line.kind,
            "parent": reference(refs, Kind.ORDER_LINE, line.parent_id),
            "needs_shipping": line.needs_shipping,
            "delivery_address": line.delivery_address,
            "quantity_open": json_number(left[line.id]),
        }
    for row, shipment in zip(payload["shipments"], item.shipments, strict=True):
        row["tracking_numbers"] = shipment.tracking_numbers
    for row, each in zip(payload["addresses"], item.addresses, strict=True):
        row["key"] = each.external_id


def _adjustment(row: AdjustmentRecord) -> Row:
    return {"kind": row.kind, "title": row.title} | {name: json_number(getattr(row, name)) for name in _AMOUNTS}


def _refund(item: RefundItem, refs: References) -> Row:
    return {name: json_number(getattr(item, name)) for name in _REFUND_AMOUNTS} | {
        "key": item.external_id,
        "number": item.number,
        "refunded_at": item.refunded_at and item.refunded_at.astimezone(UTC).isoformat(),
        "lines": [
            {
                "line": reference(refs, Kind.ORDER_LINE, line.line_id),
                **{name: json_number(getattr(line, name)) for name in ("quantity", *_AMOUNTS)},
            }
            for line in item.lines
        ],
    }
