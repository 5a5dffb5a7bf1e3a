"""Shipments of the shop's orders that other systems report, each created once as a fulfillment.

The order's fulfillments are read before one is created, so that one whose response was lost is found by its key.

Source: https://developer.woocommerce.com/docs/features/fulfillments/ (WooCommerce 10.1, a feature to be turned on)
"""

from collections.abc import Sequence

from connectors.platforms.woocommerce.client import Row, ShopClient
from connectors.platforms.woocommerce.error_messages import is_missing_route
from connectors.platforms.woocommerce.targets.order_fulfillments import OrderFulfillments
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import numeric_ids
from connectors.sdk.reported_shipments import reported_shipments
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem

TURN_ON = (
    "In WordPress, open WooCommerce › Settings › Advanced › Features and turn on Order fulfillments (WooCommerce 10.1 "
    "or later)."
)


class ShipmentTarget(Target[ShopClient, OrderItem, Row]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 20

    def payload(self, item: OrderItem, refs: References) -> Row | None:
        """`{"shipments": […], "goods": [line]}` (`reported_shipments`); None for an order that the shop does not have.
        `goods` are the lines that are shipped at all."""
        known = {line.id: found for line in item.lines if (found := refs.get(Kind.ORDER_LINE, line.id))}
        if not known:
            return None
        shipments = reported_shipments(item, known)
        goods = sorted(known[line.id] for line in item.lines if line.id in known and line.needs_shipping)
        return {"shipments": shipments, "goods": goods if shipments else []}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for operation, outcome in zip(operations, outcomes, strict=True):
            payload = operation.payload or {"shipments": []}
            for order_id in numeric_ids([operation.external_id]) if payload["shipments"] else ():
                outcome.error = self._complete(order_id, payload)
        return outcomes

    def _complete(self, order_id: int, payload: Row) -> SkipRecord | None:
        """None as well for an order that no longer exists."""
        try:
            order = OrderFulfillments(self.client, order_id)
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        except NeedsAttention as error:
            if not is_missing_route(error):
                raise
            raise NeedsAttention("The shop has no fulfillments.", fix=TURN_ON, status=error.status) from error
        reasons = [reason for each in payload["shipments"] if (reason := order.complete(each))]
        # An order that is completed is one of which the customer is told that everything is sent.
        if self.client.settings.complete_orders and not reasons:
            reasons = list(filter(None, [order.complete_order(payload["goods"])]))
        return SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons))) if reasons else None
