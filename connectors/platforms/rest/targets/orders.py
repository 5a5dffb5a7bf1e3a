"""Orders, as docs/platforms/rest.md specifies them."""

from datetime import UTC

from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, address, reference
from connectors.sdk.operations import References
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import OrderItem


class OrderTarget(RestTargetStream[OrderItem]):
    data_type = DataType.ORDERS
    lane = "orders"

    def payload(self, item: OrderItem, refs: References) -> Row:
        """Orders are never removed: a cancelled order is sent with that status."""
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
