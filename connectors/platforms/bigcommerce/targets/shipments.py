"""Shipments of the store's orders that other systems report, each created once.

The order's shipments are read before one is created, so that one whose response was lost is found. BigCommerce then
changes the order's status, and sends the customer an email if the store's settings say so.

Source: https://docs.bigcommerce.com/developer/docs/admin/checkout-and-cart/orders#creating-order-shipments
"""

from collections.abc import Sequence

from connectors.platforms.bigcommerce.client import Row, SourceClient
from connectors.platforms.bigcommerce.targets.order_shipments import OrderShipments
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import numeric_ids
from connectors.sdk.reported_shipments import reported_shipments
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem


class ShipmentTarget(Target[SourceClient, OrderItem, Row]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 20

    def payload(self, item: OrderItem, refs: References) -> Row | None:
        """`{"shipments": […]}` (`reported_shipments`); None for an order that the store does not have."""
        known = {line.id: found for line in item.lines if (found := refs.get(Kind.ORDER_LINE, line.id))}
        return {"shipments": reported_shipments(item, known)} if known else None

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for operation, outcome in zip(operations, outcomes, strict=True):
            wanted = operation.payload["shipments"] if operation.payload else []
            for order_id in numeric_ids([operation.external_id]) if wanted else ():
                outcome.error = self._complete(order_id, wanted)
        return outcomes

    def _complete(self, order_id: int, wanted: Sequence[Row]) -> SkipRecord | None:
        """None as well for an order that no longer exists."""
        try:
            order = OrderShipments(self.client, order_id)
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        reasons = [reason for each in wanted if (reason := order.complete(each))]
        return SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons))) if reasons else None
