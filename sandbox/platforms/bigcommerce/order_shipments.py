"""`/v2/orders/{id}/shipments`. A shipment takes lines of one address.

Assumed: the store refuses more than is left of a line; and it does not look at the status of the order, so that a
shipment of a canceled order makes it shipped. Seen in public issues: fields that are not documented for a call cannot
be written to.
"""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.order_lines import address_id, is_shipped, left_to_ship, line_id, shipped
from sandbox.platforms.bigcommerce.order_requests import address_view, addresses_of, order_of, write_order
from sandbox.platforms.bigcommerce.order_resources import address_count
from sandbox.platforms.bigcommerce.responses import V2ApiError, no_content
from sandbox.platforms.bigcommerce.store import Store, timestamp
from sandbox.platforms.bigcommerce.v2 import date, listing, page_of
from sandbox.tables import Row

SHIPMENT = Fields(
    required=("order_address_id", "items"),
    order_address_id=Field("integer", minimum=1),
    tracking_number=Field("string", max_length=50),
    tracking_link=Field("string", max_length=500),
    tracking_carrier=Field("string"),
    merchant_shipping_cost=Field("string"),
    shipping_method=Field("string"),
    shipping_provider=Field("string"),
    comments=Field("string", max_length=65_535),
    items=Field("array", min_length=1),
)
CHANGES = Fields((), **{name: field for name, field in SHIPMENT.fields.items() if name != "items"})
ITEM = ("order_product_id", "quantity")
SHIPPED, PARTIALLY_SHIPPED = 2, 3


def list_shipments(request: ApiRequest) -> Response:
    order = order_of(request)
    rows = page_of(request, request.store.shipments.in_group(order["id"]))
    return listing(request, [shipment_view(order, row) for row in rows])


def show_shipment(request: ApiRequest) -> Response:
    order, row = _shipment(request)
    return json_response(shipment_view(order, row))


def delete_shipment(request: ApiRequest) -> Response:
    """As documented, the order keeps its status."""
    order, row = _shipment(request)
    request.store.shipments.remove(row["id"])
    request.store.publish("store/shipment/deleted", "shipment", row["id"], orderId=order["id"])
    write_order(request.store, order, {"items_shipped": sum(shipped(request.store, order).values())})
    return no_content()


def _shipment(request: ApiRequest) -> tuple[Row, Row]:
    order = order_of(request)
    row = request.store.shipments.get(request.path["shipment_id"])
    if row is None or row["order_id"] != order["id"]:
        raise V2ApiError(404, "The requested resource was not found.")
    return order, row


def shipment_view(order: Row, shipment: Row) -> Row:
    place = shipment["order_address_id"] - address_id(order, 0)
    addresses = addresses_of(order)
    shown = {
        "shipping_method": "",
        "shipping_provider": "",
        "tracking_carrier": "",
        "tracking_number": "",
        "tracking_link": "",
        "generated_tracking_link": "",
        "merchant_shipping_cost": "0.0000",
        "comments": "",
        **shipment,
        "date_created": date(shipment["date_created"]),
        "shipping_address": address_view(addresses[place] if place < len(addresses) else order["billing_address"]),
    }
    return {**shown, "billing_address": address_view(order["billing_address"])}


def create_shipment(request: ApiRequest) -> Response:
    store, order = request.store, order_of(request)
    row = ship(store, order, _fields(request.body, SHIPMENT, creating=True))
    return json_response(shipment_view(order, row), 201)


def change_shipment(request: ApiRequest) -> Response:
    """What is in a shipment cannot be changed."""
    order, row = _shipment(request)
    fields = _fields(request.body, CHANGES, creating=False)
    if fields.get("order_address_id", row["order_address_id"]) not in _places(order):
        raise V2ApiError(400, "The field 'order_address_id' is invalid.")
    request.store.shipments.change(row, fields)
    request.store.publish("store/shipment/updated", "shipment", row["id"], orderId=order["id"])
    write_order(request.store, order, {})
    return json_response(shipment_view(order, row))


def _fields(body: Any, allowed: Fields, *, creating: bool) -> Row:
    for name, problem in allowed.problems(body, creating=creating).items():
        raise V2ApiError(400, f"The field '{name}' is invalid: {problem}.")
    for name in body:
        if name not in allowed.fields:
            raise V2ApiError(400, f"The field '{name}' cannot be written to. Please remove it from your request.")
    return allowed.writable(body)


def _places(order: Row) -> dict[int, int]:
    """ID of a shipping address → its place in the order."""
    return {address_id(order, place): place for place in range(address_count(order))}


def ship(store: Store, order: Row, fields: Row) -> Row:
    """Create a shipment. The order becomes shipped or partially shipped. Raises a 400."""
    places = _places(order)
    if fields["order_address_id"] not in places:
        raise V2ApiError(400, "The field 'order_address_id' is invalid.")
    place = places[fields["order_address_id"]]
    ordered = {line_id(order, line): line for line in order["lines"]}
    sent = shipped(store, order)
    items = [_item(item, ordered, place, sent) for item in fields["items"]]
    new = {**fields, "items": items, "order_id": order["id"], "customer_id": order.get("customer_id", 0)}
    row = store.shipments.add({**new, "date_created": timestamp()})
    store.publish("store/shipment/created", "shipment", row["id"], orderId=order["id"])
    complete = not any(left_to_ship(line, sent.get(number, 0)) for number, line in ordered.items())
    changes: Row = {"status_id": SHIPPED if complete else PARTIALLY_SHIPPED, "items_shipped": sum(sent.values())}
    write_order(store, order, changes | ({"date_shipped": timestamp()} if complete else {}))
    return row


def _item(item: Any, ordered: dict[int, Row], place: int, sent: dict[int, int]) -> Row:
    """One item of a shipment, counted in `sent`."""
    number = item.get("order_product_id") if isinstance(item, dict) else None
    quantity = item.get("quantity") if isinstance(item, dict) else None
    if number not in ordered or not isinstance(quantity, int) or quantity < 1:
        raise V2ApiError(400, "The field 'items' is invalid: order_product_id and quantity are required.")
    if extra := next((name for name in item if name not in ITEM), None):
        raise V2ApiError(400, f"The field '{extra}' cannot be written to. Please remove it from your request.")
    line = ordered[number]
    if not is_shipped(line) or line.get("address", 0) != place:
        raise V2ApiError(400, "The field 'items' is invalid: the product is not shipped to this address.")
    if quantity > left_to_ship(line, sent.get(number, 0)):
        raise V2ApiError(400, "The quantity is greater than what is left to ship.")
    sent[number] = sent.get(number, 0) + quantity
    return {"order_product_id": number, "quantity": quantity, "product_id": line["product_id"]}


ALL = "/v2/orders/{order_id:int}/shipments"
OPERATIONS = [
    Operation("GET", ALL, list_shipments),
    Operation("POST", ALL, create_shipment),
    Operation("GET", ALL + "/{shipment_id:int}", show_shipment),
    Operation("PUT", ALL + "/{shipment_id:int}", change_shipment),
    Operation("DELETE", ALL + "/{shipment_id:int}", delete_shipment),
]
