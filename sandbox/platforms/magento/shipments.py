"""Shipments of orders, and the state that follows from them."""

from decimal import Decimal

from sandbox.money import ZERO
from sandbox.platforms.magento import inventory
from sandbox.platforms.magento.order_totals import counted, number
from sandbox.platforms.magento.responses import ApiError, Row, required, unknown, validated
from sandbox.platforms.magento.store import SOURCES, Store

SHIP = {
    "items": [{"order_item_id!": int, "qty!": float}],
    "notify": bool,
    "appendComment": bool,
    "comment": {"comment!": str, "is_visible_on_front": int},
    "tracks": [{"track_number!": str, "title!": str, "carrier_code!": str}],
    "arguments": {"extension_attributes": {"source_code": str}},
}
TRACK = {
    "entity!": {
        "order_id!": int,
        "parent_id!": int,
        "weight!": float,
        "qty!": float,
        "description!": str,
        "track_number!": str,
        "title!": str,
        "carrier_code!": str,
    }
}
SHIPPABLE = ("new", "processing")


def shipped_items(store: Store, items: list[Row]) -> list[Row]:
    """The items that shipments name: parts of bundles that ship separately, else items without a parent."""
    separate = {item["item_id"] for item in items if store.ships_parts(item)}
    return [
        item
        for item in items
        if (item["parent_item_id"] in separate if item.get("parent_item_id") else item["item_id"] not in separate)
    ]


def left_to_ship(item: Row) -> Decimal:
    """As in the shop's code: ordered less shipped, refunded and cancelled."""
    if item.get("is_virtual"):
        return ZERO
    gone = sum((number(item, f"qty_{name}") for name in ("shipped", "refunded", "canceled")), ZERO)
    return max(ZERO, number(item, "qty_ordered") - gone)


def set_state(store: Store, order: Row) -> None:
    """Complete or close an order once nothing is left to invoice and to ship."""
    if order["state"] == "new" and any(number(item, "qty_shipped") for item in order["items"]):
        order["state"] = order["status"] = "processing"
    if order["state"] not in ("processing", "complete"):
        return
    items = counted(order["items"])
    open_items = any(
        number(item, "qty_ordered") - number(item, "qty_invoiced") - number(item, "qty_canceled") for item in items
    )
    to_ship = any(left_to_ship(item) for item in shipped_items(store, order["items"]))
    to_refund = any(number(item, "qty_invoiced") - number(item, "qty_refunded") for item in items)
    if not open_items and not to_ship and not to_refund:
        order["state"] = order["status"] = "closed"
    elif not open_items and not to_ship and order["state"] == "processing":
        order["state"] = order["status"] = "complete"


def ship(store: Store, number_: int, body: Row) -> int:
    """Ship the given items, or everything that is left if none are given."""
    order = store.orders.get(number_)
    if order is None:
        raise unknown("orderId", number_)
    validated(body, SHIP)
    lines = {item["item_id"]: item for item in shipped_items(store, order["items"])}
    left = {key: left_to_ship(item) for key, item in lines.items()}
    if order["state"] not in SHIPPABLE or not any(left.values()):
        raise _invalid("The order does not allow a shipment to be created.")
    wanted: dict[int, Decimal] = {}
    for each in body.get("items") or ():
        wanted[each["order_item_id"]] = wanted.get(each["order_item_id"], ZERO) + Decimal(str(each["qty"]))
    if not wanted:
        wanted = {key: quantity for key, quantity in left.items() if quantity}
    for key in wanted:
        if key not in lines:
            raise _invalid("The shipment contains product item that is not part of the original order.")
    # As in the shop, fractions are cut off, and so is what exceeds the quantity that is left.
    wanted = {key: quantity for key, given in wanted.items() if (quantity := min(Decimal(int(given)), left[key])) > 0}
    if not wanted:
        raise _invalid("You can't create a shipment without products.")
    for track in body.get("tracks") or ():
        if not track["track_number"]:
            raise _invalid("Please enter a tracking number.")
    at = store.clock.now()
    comment = (body.get("comment") or {}).get("comment", "")
    tracks = [(each["title"], each["carrier_code"], each["track_number"]) for each in body.get("tracks") or ()]
    source = ((body.get("arguments") or {}).get("extension_attributes") or {}).get("source_code", SOURCES[0])
    if source not in SOURCES:
        raise ApiError(400, 'Source with code "%1" does not exist', source)
    shipped = {key: float(count) for key, count in wanted.items()}
    inventory.deduct(store, source, order, shipped)
    shipment = store.add_shipment(order, shipped, tracks, comment, at)
    shipment |= {"extension_attributes": {"source_code": source}, "email_sent": int(body.get("notify", False))}
    set_state(store, order)
    order["updated_at"] = at
    return int(shipment["entity_id"])


def track(store: Store, body: Row) -> Row:
    entity = validated(body, TRACK)["entity"]
    shipment = store.shipments.get(entity["parent_id"])
    if shipment is None or shipment["order_id"] != entity["order_id"]:
        raise unknown("parent_id", entity["parent_id"])
    if not entity["track_number"]:
        raise required("track_number")
    return store.add_track(shipment, entity["title"], entity["carrier_code"], entity["track_number"])


def _invalid(reason: str, *parameters: object) -> ApiError:
    return ApiError(400, f"Shipment Document Validation Error(s):\n{reason}", *parameters)
