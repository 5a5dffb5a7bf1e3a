"""The payloads and responses of the vendor's UpdateItemsStatus, which sets statuses of order items."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import Kind
from orders.items import OrderItem, OrderLineItem, ShipmentItem

ACTION = "UpdateItemsStatus"
API_VERSION = "1.0"
STATUSES = {"shipped": "shipped", "delivered": "delivered", "cancelled": "canceled", "returned": "returned"}
REASONS = {"canceled": "cancel_reason", "returned": "return_reason"}

Entry = dict[str, Any]
Payload = dict[str, list[Entry]]


def order_payload(order: OrderItem, refs: References, reasons: Mapping[str, str], *, enabled: bool) -> Payload | None:
    """`{"items": […]}`, empty if there is nothing to send; None for an order whose lines the OMS does not have.

    `reasons`: the OMS's status → the reason that it requires. Raises SkipRecord for a shipment without carrier or
    tracking number.
    """
    known = [(item_id, line) for line in order.lines if (item_id := refs.get(Kind.ORDER_LINE, line.id))]
    if order.lines and not known:
        return None
    reportable = [(item_id, line) for item_id, line in known if line.status in STATUSES] if enabled else []
    return {"items": [_entry(item_id, line, order.shipments, reasons) for item_id, line in reportable]}


def _entry(item_id: str, line: OrderLineItem, shipments: list[ShipmentItem], reasons: Mapping[str, str]) -> Entry:
    status = STATUSES[line.status]
    entry: Entry = {"id_sales_order_item": item_id, "item_status": status}
    if status in REASONS:
        return entry | {REASONS[status]: reasons[status]}
    if status == "shipped":
        shipment = next((each for each in shipments if line.id in each.lines), None)
        if shipment is None or not (shipment.carrier and shipment.tracking_numbers):
            raise SkipRecord(issues.TRACKING_MISSING(name=line.sku or line.title))
        # The OMS takes one code for an item, and all parcels of a shipment lead to the same delivery.
        entry |= {"shipping_carrier": shipment.carrier, "tracking_code": shipment.tracking_numbers[0]}
        if shipment.shipped_at is not None:
            entry["status_event_time"] = _format_datetime(shipment.shipped_at)
    return entry


def changed_entries(operation: Operation[Payload], now: datetime) -> list[Entry]:
    """Entries that differ from those last sent. An event without a time gets the current time."""
    if operation.action is Action.REMOVE:
        return []
    before = operation.previous["items"] if operation.previous else []
    return [
        {"status_event_time": _format_datetime(now), **each}
        for each in operation.content["items"]
        if each not in before
    ]


def failures(answer: Any, count: int) -> dict[int, str]:
    """Position (from 0) → the OMS's reason for each rejected item.

    BatchRejected if it rejected all without naming any; TryAgainLater if the response is not from the OMS.
    """
    match answer:
        case {"SuccessResponse": dict()}:
            return {}
        case {"ErrorResponse": {"Body": {"UpdateItemsStatus": [_, *_] as named}}}:
            found = {position: message for each in named for position, message in [_failure(each)]}
            if all(0 <= position < count for position in found):
                return found
        case {"ErrorResponse": {"Head": {"ErrorMessage": str(message)}}}:
            raise BatchRejected(f"The OMS rejected the statuses: {message[:300]}")
    raise TryAgainLater("The OMS's response to the statuses is invalid.")


def _failure(named: Any) -> tuple[int, str]:
    match named:
        case {"Position": int(position), "ErrorMessage": str(message)}:
            return position, message[:300]
    return -1, ""


def _format_datetime(timestamp: datetime) -> str:
    """A time in the vendor's format, in UTC."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
