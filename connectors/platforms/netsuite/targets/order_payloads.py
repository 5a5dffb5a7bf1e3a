"""The payload of an order: the customer, the fields of the sales order, and its lines."""

from typing import Any, NotRequired, TypedDict
from zoneinfo import ZoneInfo

from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.platforms.netsuite.targets.addresses import address
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.values import json_number
from hub.kinds import Kind
from orders.items import OrderItem, OrderLineItem

# The statuses of an order that may still be sent for the first time.
_OPEN_STATUSES = {"pending", "confirmed", "partly_shipped"}
_CLOSED_STATUSES = {"cancelled", "returned", "refunded"}
MAX_MEMO_LENGTH = 999


class EntityPayload(TypedDict, total=False):
    """The customer of a sales order: its internal ID, or slug and name of a seller on whose behalf we ship."""

    id: str
    seller: str
    name: str


class LinePayload(TypedDict):
    """An order line; `key` is our ID of it."""

    key: str
    sku: str
    quantity: int | float
    closed: NotRequired[bool]
    rate: NotRequired[int | float]


class OrderPayload(TypedDict):
    """A sales order; `body` holds the fields of `salesOrder` in REST."""

    entity: EntityPayload
    body: dict[str, Any]
    lines: list[LinePayload]


def order_payload(item: OrderItem, refs: References, settings: Settings, fields: FieldMap) -> OrderPayload | None:
    """None if there is nothing to ship: unpaid, closed, or shipped before it was ever sent."""
    sent_before = any(refs.get(Kind.ORDER_LINE, line.id) for line in item.lines)
    unpaid = item.status == "pending" and not settings.send_pending
    closed = item.status in _CLOSED_STATUSES or all(line.status in _CLOSED_STATUSES for line in item.lines)
    if unpaid or closed or (not sent_before and item.status not in _OPEN_STATUSES):
        return None
    return {
        "entity": _entity(item, refs, settings),
        "body": _body(item, settings, fields),
        "lines": [_line(line, item, settings) for line in item.lines],
    }


def _entity(item: OrderItem, refs: References, settings: Settings) -> EntityPayload:
    """The customer. For a vendor it is the seller on whose behalf the vendor ships."""
    if item.principal is not None:
        slug = item.principal.slug
        internal_id = settings.seller_customers.get(slug, "")
        return {"id": internal_id} if internal_id else {"seller": slug, "name": item.principal.name}
    if customer := refs.get(Kind.CUSTOMER, item.customer_id) or settings.guest_customer:
        return {"id": customer}
    raise SkipRecord(issues.CUSTOMER_MISSING())


def _body(item: OrderItem, settings: Settings, fields: FieldMap) -> dict[str, Any]:
    day = item.placed_at.astimezone(ZoneInfo(settings.time_zone)).date()
    body: dict[str, Any] = {"tranDate": day.isoformat()}
    if name := fields.orders.number:
        body[name] = item.number
    if (name := fields.orders.seller) and item.principal:
        body[name] = item.principal.name
    if settings.currencies:
        if item.currency not in settings.currencies:
            raise SkipRecord(issues.ORDER_CURRENCY_UNKNOWN(currency=item.currency))
        body["currency"] = {"id": settings.currencies[item.currency]}
    for name, internal_id in (("subsidiary", settings.subsidiary), ("location", settings.location)):
        if internal_id:
            body[name] = {"id": internal_id}
    if item.customer_note:
        body["memo"] = item.customer_note[:MAX_MEMO_LENGTH]
    delivery = next((each for each in item.addresses if each.use == "shipping"), None)
    if delivery is not None:
        body["shippingAddress"] = address(delivery)
    elif item.principal is not None:
        raise SkipRecord(issues.DELIVERY_ADDRESS_MISSING())
    return body


def _line(line: OrderLineItem, item: OrderItem, settings: Settings) -> LinePayload:
    if not line.sku:
        raise SkipRecord(issues.LINE_SKU_MISSING(title=line.title))
    found: LinePayload = {"key": str(line.id), "sku": line.sku, "quantity": json_number(line.quantity)}
    if line.status in _CLOSED_STATUSES:
        found["closed"] = True
    if item.principal is None or settings.dropship_prices:
        found["rate"] = json_number(line.unit_price)
    return found
