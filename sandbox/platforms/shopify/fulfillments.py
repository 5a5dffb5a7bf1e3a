"""Fulfillment orders, and their fulfillment.

All lines of an order are to be shipped from the warehouse; what the control API ships counts as well. Source:
https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/fulfillmentCreate. Texts of errors are those of stores.
"""

import time
from typing import Any

from sandbox.platforms.shopify.catalog import by_id, listed, require
from sandbox.platforms.shopify.orders import fulfillment_status, line_view
from sandbox.platforms.shopify.schema import Context, Resolver, Row
from sandbox.platforms.shopify.store import Store, timestamp

_NOT_SHIPPED = ("digital", "virtual", "gift_certificate")
_READ, _WRITE = "read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"


def _left(line: Row) -> int:
    return max(0, line["quantity"] - line["shipped"] - line["removed"] - line.get("cancelled", 0))


def fulfillment_order(store: Store, order: Row) -> Row:
    lines = [line for line in order["lines"] if line["kind"] not in _NOT_SHIPPED]
    status = "OPEN" if any(map(_left, lines)) else "CLOSED"
    if order["cancelledAt"]:
        status = "CLOSED"
    elif fulfillment_status(order) == "ON_HOLD":
        status = "ON_HOLD"
    return {
        "__typename": "FulfillmentOrder",
        "id": order["id"] + 100_000,
        "status": status,
        "order": order,
        "lines": lines,
        "assignedLocation": {"location": store.locations[1]},
    }


def _of_order(row: Row, arguments: Row, context: Context) -> list[Row]:
    require(context, _READ, "fulfillmentOrders")
    return by_id([fulfillment_order(context.store, row["_row"])])


def _line_items(row: Row, arguments: Row, context: Context) -> list[Row]:
    return listed(
        [
            {
                "id": line["id"] + 100_000,
                "lineItem": line_view(row["order"], line, context),
                "remainingQuantity": _left(line),
                "totalQuantity": line["quantity"],
            }
            for line in row["lines"]
        ]
    )


def _number(identifier: str) -> int:
    return int(identifier.rpartition("/")[2])


def _rejected(field: list[str], message: str) -> Row:
    return {"fulfillment": None, "userErrors": [{"field": field, "message": message}]}


def _create(_: Any, arguments: Row, context: Context) -> Row:
    require(context, _WRITE, "fulfillmentCreate")
    store, given = context.store, arguments["fulfillment"]
    chosen: dict[int, int] = {}
    orders = set()
    for place, each in enumerate(given["lineItemsByFulfillmentOrder"]):
        order = store.orders.get(_number(each["fulfillmentOrderId"]) - 100_000)
        if order is None:
            return _rejected(["fulfillment"], "Fulfillment order does not exist.")
        row = fulfillment_order(store, order)
        if row["status"] not in ("OPEN", "IN_PROGRESS"):
            number, status = _number(each["fulfillmentOrderId"]), row["status"].lower()
            return _rejected(["fulfillment"], f"Fulfillment order {number} has an unfulfillable status= {status}.")
        lines = {line["id"]: line for line in row["lines"]}
        items = each.get("fulfillmentOrderLineItems") or [
            {"id": f"/{key + 100_000}", "quantity": _left(line)} for key, line in lines.items() if _left(line)
        ]
        for position, item in enumerate(items):
            if item["quantity"] <= 0:
                field = ["fulfillment", "lineItemsByFulfillmentOrder", str(place), "fulfillmentOrderLineItems"]
                return _rejected([*field, str(position), "quantity"], "Quantity must be greater than 0")
            line = lines.get(_number(item["id"]) - 100_000)
            if line is None or item["quantity"] > _left(line):
                return _rejected(["fulfillment"], "Invalid fulfillment order line item quantity requested.")
            chosen[line["id"]] = item["quantity"]
        orders.add(order["id"])
    if len(orders) != 1:
        return _rejected(["fulfillment"], "All fulfillment orders must belong to the same order.")
    order = store.orders[orders.pop()]
    for line in order["lines"]:
        line["shipped"] += chosen.get(line["id"], 0)
    number = store.next_id("Fulfillment", 4001)
    fulfillment = {
        "__typename": "Fulfillment",
        "id": number,
        "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
        "status": "SUCCESS",
        "createdAt": timestamp(time.time()),
        "lines": chosen,
        "notified": given["notifyCustomer"],
        **_tracking(given.get("trackingInfo") or {}),
    }
    order["fulfillments"].append(fulfillment)
    store.change(order)
    return {"fulfillment": {"id": number}, "userErrors": []}


def _tracking(given: Row) -> Row:
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    return {"numbers": list(numbers), "company": given.get("company")}


def _update_tracking(_: Any, arguments: Row, context: Context) -> Row:
    require(context, _WRITE, "fulfillmentTrackingInfoUpdate")
    number = _number(arguments["fulfillmentId"])
    for order in context.store.orders.values():
        for each in order["fulfillments"]:
            if each["id"] == number:
                each |= _tracking(arguments["trackingInfoInput"])
                context.store.change(order)
                return {"fulfillment": {"id": number}, "userErrors": []}
    return _rejected(["fulfillmentId"], "Fulfillment does not exist.")


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "Order": {"fulfillmentOrders": _of_order},
    "FulfillmentOrder": {"lineItems": _line_items},
    "Mutation": {"fulfillmentCreate": _create, "fulfillmentTrackingInfoUpdate": _update_tracking},
}
