"""Fulfillments of orders (WooCommerce 10.1, a feature to be turned on), and the status of orders.

Seen in code (FulfillmentsDataStore.php, OrderFulfillmentsRestController.php): items are checked for their form alone,
neither against what is open nor against the status of the order; a change replaces all meta data; the list has no
pages and leaves out deleted ones; and no fulfillment changes the status of its order.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce.clock import now
from sandbox.platforms.woocommerce.orders import STATUSES, order_of, set_status, view
from sandbox.platforms.woocommerce.product_writes import body_of
from sandbox.platforms.woocommerce.responses import ApiError, Query, Row, invalid_parameter
from sandbox.platforms.woocommerce.site import Site
from sandbox.platforms.woocommerce.webhooks import deliver

FULFILLED = {"fulfilled": True, "unfulfilled": False}


async def list_fulfillments(request: Request, site: Site) -> Response:
    order = _order(site, request)
    return json_response([row for row in site.fulfillments.values() if row["entity_id"] == str(order["id"])])


async def create_fulfillment(request: Request, site: Site) -> Response:
    order, body = _order(site, request), await body_of(request)
    row: Row = {"id": site.row_id(), "entity_type": "WC_Order", "entity_id": str(order["id"]), "date_deleted": None}
    _save(site, row | {"status": "unfulfilled", "is_fulfilled": False, "meta_data": []}, body, request)
    return json_response(site.fulfillments[row["id"]], 201)


async def change_fulfillment(request: Request, site: Site) -> Response:
    order = _order(site, request)
    row = site.fulfillments.get(request.path_params["fulfillment"])
    if row is None or row["entity_id"] != str(order["id"]):
        raise ApiError(400, "0", "Fulfillment not found.")
    _save(site, dict(row), await body_of(request), request)
    return json_response(site.fulfillments[row["id"]])


async def change_order(request: Request, site: Site) -> Response:
    """Of all that can be changed, the status alone is simulated."""
    order, body = order_of(site, request, 400), await body_of(request)
    if body.get("status") not in STATUSES:
        raise invalid_parameter("status", f"status is not one of {', '.join(STATUSES)}.")
    set_status(site, order, body["status"])
    deliver(site, "order.updated", order["id"])
    return json_response(view(site, order, 2))


def _order(site: Site, request: Request) -> Row:
    if not site.has_fulfillments:
        raise ApiError(404, "rest_no_route", "No route was found matching the URL and request method.")
    try:
        return order_of(site, request)
    except ApiError as error:
        raise ApiError(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.") from error


def _save(site: Site, row: Row, body: Row, request: Request) -> None:
    row["status"] = body.get("status", row["status"])
    if row["status"] not in FULFILLED:
        raise ApiError(400, "0", "Invalid fulfillment status.")
    row["is_fulfilled"] = FULFILLED[row["status"]]
    if "meta_data" in body:
        meta: dict[str, Any] = {each["key"]: each["value"] for each in body["meta_data"]}
        row["meta_data"] = [{"id": site.row_id(), "key": key, "value": value} for key, value in meta.items()]
    _check_items(next((each["value"] for each in row["meta_data"] if each["key"] == "_items"), None))
    row |= {"date_updated": now()}
    site.fulfillments[row["id"]] = row
    if Query(request).flag("notify_customer") and row["is_fulfilled"]:
        site.shipment_emails.append(row["id"])


def _check_items(items: Any) -> None:
    if not items:
        raise ApiError(400, "0", "The fulfillment should contain at least one item.")
    if not isinstance(items, list):
        raise ApiError(400, "0", "The fulfillment items should be an array.")
    for item in items:
        if type(item.get("item_id")) is not int or type(item.get("qty")) not in (int, float) or item["qty"] <= 0:
            raise ApiError(400, "0", "Invalid item.")
