"""Statuses of order items (UpdateItemsStatus), for sellers whose orders have another source of truth."""

from collections.abc import Sequence

from connectors.platforms.seller_center_oms.client import OmsClient
from connectors.platforms.seller_center_oms.targets import item_statuses
from connectors.platforms.seller_center_oms.targets.item_statuses import Entry, Payload
from connectors.sdk import clock, issues
from connectors.sdk.errors import BatchRejected, SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from hub.kinds import DataType
from orders.items import OrderItem

MAX_ITEMS = 4000


class OrderStatusTarget(Target[OmsClient, OrderItem, Payload]):
    data_type = DataType.ORDERS
    lane = "statuses"
    batch_size = 500

    def payload(self, item: OrderItem, refs: References) -> Payload | None:
        """`{"items": […]}`: the statuses of the order's lines; None for an order that is not in the OMS."""
        settings = self.client.settings
        reasons = {"canceled": settings.cancel_reason, "returned": settings.return_reason}
        return item_statuses.order_payload(item, refs, reasons, enabled=settings.send_statuses)

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Sends only lines that changed since they were last sent, up to 4,000 per call; each may fail individually."""
        now = clock.now()
        pending = [
            (index, entry)
            for index, operation in enumerate(operations)
            if operation.external_id
            for entry in item_statuses.changed_entries(operation, now)
        ]
        reasons: dict[int, list[str]] = {}
        for start in range(0, len(pending), MAX_ITEMS):
            batch = pending[start : start + MAX_ITEMS]
            for position, message in self._update([entry for _, entry in batch]).items():
                index, entry = batch[position]
                reasons.setdefault(index, []).append(f"Item {entry['id_sales_order_item']}: {message}")
        return [_outcome(operation, reasons.get(index, [])) for index, operation in enumerate(operations)]

    def _update(self, items: list[Entry]) -> dict[int, str]:
        """One UpdateItemsStatus call: position → why the OMS rejected the item."""
        try:
            answer = self.client.post(
                "",
                {"Request": {"Items": items}},
                {"Action": item_statuses.ACTION, "Version": item_statuses.API_VERSION},
            )
        except RequestRejected as error:
            if not isinstance(error.body, dict):
                raise BatchRejected(str(error)) from error
            answer = error.body
        return item_statuses.failures(answer, len(items))


def _outcome(operation: Operation[Payload], reasons: list[str]) -> Outcome:
    if not operation.external_id and operation.action is not Action.REMOVE:
        reasons = ["The order is not in the OMS, where orders are created."]
    error = SkipRecord(issues.STATUS_REJECTED(reason=" ".join(reasons))) if reasons else None
    return Outcome(external_id=operation.external_id, error=error)
