"""Shipments of orders."""

from sandbox.platforms.magento.responses import ApiError, Row, required, unknown, validated
from sandbox.platforms.magento.store import SOURCES, Store

SHIP = {
    "items": [{"order_item_id!": int, "qty!": float}],
    "notify": bool,
    "appendComment": bool,
    "comment": {"comment!": str, "is_visible_on_front!": int},
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


def ship(store: Store, number: int, body: Row) -> int:
    """Ship the given items, or everything that is left if none are given."""
    order = store.orders.get(number)
    if order is None:
        raise unknown("orderId", number)
    validated(body, SHIP)
    lines = {item["item_id"]: item for item in order["items"] if "parent_item_id" not in item}
    left = {key: item["qty_ordered"] - item["qty_shipped"] - item["qty_canceled"] for key, item in lines.items()}
    if order["state"] not in SHIPPABLE or not any(left.values()):
        raise _invalid("The order does not allow a shipment to be created.")
    wanted: dict[int, float] = {}
    for each in body.get("items") or ():
        wanted[each["order_item_id"]] = wanted.get(each["order_item_id"], 0) + each["qty"]
    if not wanted:
        wanted = {key: quantity for key, quantity in left.items() if quantity}
    for key, quantity in wanted.items():
        if key not in lines:
            raise _invalid("The shipment contains product item that is not part of the original order.")
        # The vendor only counts whole units.
        if int(quantity) <= 0:
            raise _invalid("You can't create a shipment without products.")
        if quantity > left[key]:
            raise _invalid(
                'The quantity to ship must not be greater than the unshipped quantity for product SKU "%1".',
                lines[key]["sku"],
            )
    for track in body.get("tracks") or ():
        if not track["track_number"]:
            raise _invalid("Please enter a tracking number.")
    at = store.clock.now()
    comment = (body.get("comment") or {}).get("comment", "")
    tracks = [(each["title"], each["carrier_code"], each["track_number"]) for each in body.get("tracks") or ()]
    source = ((body.get("arguments") or {}).get("extension_attributes") or {}).get("source_code", SOURCES[0])
    if source not in SOURCES:
        raise ApiError(400, 'Source with code "%1" does not exist', source)
    shipment = store.add_shipment(order, wanted, tracks, comment, at)
    shipment |= {"extension_attributes": {"source_code": source}, "email_sent": int(body.get("notify", False))}
    if all(item["qty_shipped"] + item["qty_canceled"] >= item["qty_ordered"] for item in lines.values()):
        order["state"] = order["status"] = "complete"
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
