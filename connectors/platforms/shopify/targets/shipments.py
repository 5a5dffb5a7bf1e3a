"""Shipments of the store's orders that other systems report, each created once as a fulfillment.

The order's fulfillments are read before one is created, so that one whose answer was lost is found.

Source: https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/fulfillmentCreate
"""

from collections.abc import Sequence

from connectors.platforms.shopify import target_documents
from connectors.platforms.shopify.client import Row, ShopifyClient, gids, malformed
from connectors.platforms.shopify.sales_documents import LIMITS
from connectors.platforms.shopify.targets.order_fulfillments import OrderFulfillments
from connectors.platforms.shopify.targets.shipment_payload import shipment_payloads
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.streams import Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem


class ShipmentTarget(Target[ShopifyClient, OrderItem, Row]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 10

    def payload(self, item: OrderItem, refs: References) -> Row | None:
        """`{"shipments": […]}`; None for an order that the store does not have."""
        known = {line.id: found for line in item.lines if (found := refs.get(Kind.ORDER_LINE, line.id))}
        return {"shipments": shipment_payloads(item, known)} if known else None

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for operation, outcome in zip(operations, outcomes, strict=True):
            wanted = operation.payload["shipments"] if operation.payload else []
            for order_id in gids("Order", [operation.external_id]) if wanted else ():
                outcome.error = self._complete(order_id, wanted)
        return outcomes

    def _complete(self, order_id: str, wanted: Sequence[Row]) -> SkipRecord | None:
        """None as well for an order that no longer exists."""
        order = self.client.query(target_documents.FULFILLMENTS_OF_ORDER, id=order_id).get("order")
        if order is None:
            return None
        if not isinstance(order, dict) or not isinstance(order.get("fulfillments"), list):
            raise malformed("order")
        if len(order["fulfillments"]) >= LIMITS["fulfillments"]:
            reason = f"The order has {LIMITS['fulfillments']} shipments or more, which Shopify may not list completely."
            return SkipRecord(issues.SHIPMENT_REJECTED(reason=reason))
        for each in order["fulfillments"]:
            self.client.complete(each, "fulfillmentLineItems", target_documents.MORE_FULFILLED_LINES)
        self.client.complete(order, "fulfillmentOrders", target_documents.MORE_FULFILLMENT_ORDERS)
        for each in order["fulfillmentOrders"]:
            self.client.complete(each, "lineItems", target_documents.MORE_LINES_TO_FULFILL)
        fulfillments = OrderFulfillments(self.client, order)
        reasons = [reason for each in wanted if (reason := fulfillments.complete(each))]
        return SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons))) if reasons else None
