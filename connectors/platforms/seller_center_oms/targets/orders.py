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
        return item_statuses.order_payload(item, refs, self._reasons, enabled=self.client.settings.send_statuses)

    @property
    def _reasons(self) -> dict[str, str]:
        settings = self.client.settings
        return {
            "canceled": settings.cancel_reason,
            "returned": settings.return_reason,
            "failed_delivery": settings.failed_delivery_reason,
        }

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Sends only lines that changed since they were last sent, up to 4,000 per call; each may fail individually."""
        now = clock.now()
        pending = [
            (index, entry)
            for index, operation in enumerate(operations)
            if operation.external_id
            for entry in item_statuses.changed_entries(operation, now, self._reasons)
        ]
        statuses = [(index, _without(entry, "status_detail")) for index, entry in pending]
        reasons: dict[int, list[str]] = {}
        self._update(item_statuses.STATUS_ACTION, statuses, reasons)
        if self.client.settings.send_details:
            # A detail must fit the present status, so it follows the statuses.
            details = [
                (index, {name: entry[name] for name in ("id_sales_order_item", "status_detail")})
                for index, entry in pending
                if "status_detail" in entry and index not in reasons
            ]
            self._update(item_statuses.DETAIL_ACTION, details, reasons)
        return [_outcome(operation, reasons.get(index, [])) for index, operation in enumerate(operations)]

    def _update(self, action: str, pending: list[tuple[int, Entry]], reasons: dict[int, list[str]]) -> None:
        """Send entries, each with the number of its order; add why the OMS rejected some of them."""
        for start in range(0, len(pending), MAX_ITEMS):
            batch = pending[start : start + MAX_ITEMS]
            body = {"Request": {"Items": [entry for _, entry in batch]}}
            try:
                answer = self.client.post("", body, {"Action": action})
            except RequestRejected as error:
                if not isinstance(error.body, dict):
                    raise BatchRejected(str(error)) from error
                answer = error.body
            for position, message in item_statuses.failures(answer, len(batch)).items():
                index, entry = batch[position]
                reasons.setdefault(index, []).append(f"Item {entry['id_sales_order_item']}: {message}")


def _without(entry: Entry, name: str) -> Entry:
    return {key: value for key, value in entry.items() if key != name}


def _outcome(operation: Operation[Payload], reasons: list[str]) -> Outcome:
    if not operation.external_id and operation.action is not Action.REMOVE:
        reasons = ["The order is not in the OMS, where orders are created."]
    error = SkipRecord(issues.STATUS_REJECTED(reason=" ".join(reasons))) if reasons else None
    return Outcome(external_id=operation.external_id, error=error)
