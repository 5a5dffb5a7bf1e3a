"""The payloads and responses of the vendor's UpdateItemsStatus and UpdateItemsInformation, which set statuses of order
items and their details."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import Kind
from orders.items import OrderItem, OrderLineItem, ShipmentItem

STATUS_ACTION = "UpdateItemsStatus"
DETAIL_ACTION = "UpdateItemsInformation"
STATUSES = {"shipped": "shipped", "delivered": "delivered", "cancelled": "canceled", "returned": "returned"}
REASONS = {
    "canceled": "cancel_reason",
    "returned": "return_reason",
    "failed_delivery": "failed_delivery_reason",
}

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
        # The OMS takes one code for an item. The others are a detail, which is sent by a call of its own.
        first, *others = shipment.tracking_numbers
        entry |= {"shipping_carrier": shipment.carrier, "tracking_code": first}
        if others:
            entry["status_detail"] = f"Further parcels: {', '.join(others)}"
        if shipment.shipped_at is not None:
            entry["status_event_time"] = _format_datetime(shipment.shipped_at)
    return entry


def changed_entries(operation: Operation[Payload], now: datetime, reasons: Mapping[str, str]) -> list[Entry]:
    """Entries that differ from those last sent. An event without a time gets the current time.

    What comes back without having been delivered is a failed delivery, with a reason of its own; what the customer
    returns was delivered (updateitemsstatus).
    """
    if operation.action is Action.REMOVE:
        return []
    before = operation.previous["items"] if operation.previous else []
    statuses = {each["id_sales_order_item"]: each["item_status"] for each in before}
    found = []
    for each in operation.content["items"]:
        if each in before:
            continue
        entry = {"status_event_time": _format_datetime(now), **each}
        if each["item_status"] == "returned" and statuses.get(each["id_sales_order_item"]) == "shipped":
            del entry["return_reason"]
            entry |= {"item_status": "failed_delivery", "failed_delivery_reason": reasons["failed_delivery"]}
        found.append(entry)
    return found


def failures(answer: Any, count: int) -> dict[int, str]:
    """Position (from 0) → the OMS's reason for each rejected item; the others were applied.

    The vendor's pages name the action in singular and plural; a single failure may stand without its list, and a
    position may be text. BatchRejected if it rejected all without naming any; TryAgainLater if the response is not from
    the OMS.
    """
    match answer:
        case {"SuccessResponse": dict()}:
            return {}
        case {"ErrorResponse": {"Body": dict(body)}} if body:
            named = [each for part in body.values() for each in (part if isinstance(part, list) else [part])]
            found = {position: message for each in named for position, message in [_failure(each)]}
            if found and all(0 <= position < count for position in found):
                return found
    match answer:
        case {"ErrorResponse": {"Head": {"ErrorMessage": str(message)}}}:
            raise BatchRejected(f"The OMS rejected the statuses: {message[:300]}")
    raise TryAgainLater("The OMS's response to the statuses is invalid.")


def _failure(named: Any) -> tuple[int, str]:
    match named:
        case {"Position": int() | str() as position, "ErrorMessage": str(message)} if str(position).isdecimal():
            return int(position), message[:300]
    return -1, ""


def _format_datetime(timestamp: datetime) -> str:
    """A time in the vendor's format, in UTC."""
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
