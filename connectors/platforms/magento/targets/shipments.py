"""Shipments of the shop's orders that other systems report, each created once in the shop.

The shop stores no external key for a shipment, but a comment that customers do not see. Our comment contains the
shipment's key. The order's shipments are read before one is created, so that one whose response was lost is found.

Without an error, the shop cuts what exceeds the open quantity, and takes pieces from the source `default`, even if the
website of the order is supplied by others. So the order and its sources are read before a shipment is created: what
several sources supply becomes a shipment for each.
"""

from collections.abc import Sequence

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.shipments import fetch_by_order
from connectors.platforms.magento.targets.order_contents import fetch_contents
from connectors.platforms.magento.targets.order_shipments import OrderShipments, created_for, missing_pieces
from connectors.platforms.magento.targets.shipment_payloads import Payload, shipment_payloads
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.streams import Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem


class ShipmentTarget(Target[ShopClient, OrderItem, Payload]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 20

    def payload(self, item: OrderItem, refs: References) -> Payload | None:
        """`{"shipments": […]}` (`shipment_payloads`); None for an order that the shop does not have."""
        known = {line.id: order_item_id for line in item.lines if (order_item_id := refs.get(Kind.ORDER_LINE, line.id))}
        return {"shipments": shipment_payloads(item, known)} if known else None

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Create missing shipments, and add tracking numbers that were reported later. One read for all shipments
        together, and one for the orders that something is missing of."""
        wanted = {index: each.payload["shipments"] for index, each in enumerate(operations) if each.payload}
        order_ids = {index: int(operations[index].external_id) for index, shipments in wanted.items() if shipments}
        existing = fetch_by_order(self.client, order_ids.values())
        incomplete = [
            order_id
            for index, order_id in order_ids.items()
            if any(missing_pieces(each, created_for(each, existing[order_id])) for each in wanted[index])
        ]
        contents = fetch_contents(self.client, incomplete) if incomplete else {}
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for index, order_id in order_ids.items():
            order = OrderShipments(self.client, order_id, existing[order_id], contents.get(order_id))
            if reasons := [reason for each in wanted[index] for reason in order.complete(each)]:
                outcomes[index].error = SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons)))
        return outcomes
