"""Mutations of stock, each executed once for a key.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/inventorySetQuantities,
https://shopify.dev/docs/api/usage/implementing-idempotency
"""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from sandbox.platforms.shopify.catalog import find, require
from sandbox.platforms.shopify.product_writes import change_item
from sandbox.platforms.shopify.schema import Context, Resolver, Row
from sandbox.platforms.shopify.store import Store

REASONS = ("correction", "cycle_count_available", "damaged", "other", "received", "restock", "shrinkage")
MAX_QUANTITY = 1_000_000_000
MAX_LIST = 250


def _once(function: Callable[[Row, Context], Row], *, field: str) -> Resolver:
    """The same request with the same key is answered as before; another one with this key is refused."""

    def resolve(_: Any, arguments: Row, context: Context) -> Row:
        require(context, "write_inventory", field)
        key, store = context.idempotency_key, context.store
        if not key:
            text = "The @idempotent directive is required for this mutation but was not provided."
            raise GraphQLError(text, extensions={"code": "BAD_REQUEST"})
        if key in store.idempotent:
            given, result = store.idempotent[key]
            if given != (field, arguments):
                text = "The same idempotency key cannot be used with different operation parameters."
                return _rejected({"field": None, "message": text, "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"})
            found: Row = result
            return found
        result = function(arguments, context)
        store.idempotent[key] = (field, arguments), result
        return result

    return resolve


def _rejected(error: Row) -> Row:
    return {"inventoryAdjustmentGroup": None, "inventoryLevel": None, "userErrors": [error]}


def _set_quantities(arguments: Row, context: Context) -> Row:
    store, given = context.store, arguments["input"]
    if len(given["quantities"]) > MAX_LIST:
        raise GraphQLError("The input array is too long.", extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"})
    for each in given["quantities"]:
        if "changeFromQuantity" not in each:
            text = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise GraphQLError(text, extensions={"code": "INVALID_FIELD_ARGUMENTS"})
    if given["name"] != "available":  # `on_hand` would need what is committed
        text = "The quantity name must be either 'available' or 'on_hand'."
        return _rejected({"field": ["input", "name"], "message": text, "code": "INVALID_NAME"})
    if given["reason"] not in REASONS:
        text = "The specified reason is invalid."
        return _rejected({"field": ["input", "reason"], "message": text, "code": "INVALID_REASON"})
    errors = [error for place, each in enumerate(given["quantities"]) if (error := _fault(store, place, each))]
    pairs = [(each["inventoryItemId"], each["locationId"]) for each in given["quantities"]]
    if len(set(pairs)) < len(pairs):
        text = "The combination of inventoryItemId and locationId must be unique."
        code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
        errors.append({"field": ["input", "quantities"], "message": text, "code": code})
    if errors:
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}
    changed = False
    for each in given["quantities"]:
        item, location = _number(each["inventoryItemId"]), _number(each["locationId"])
        level = store.level_of(item, location) or {}
        changed = changed or level["available"] != each["quantity"]
        store.set_level(item, location, each["quantity"])
    number = store.next_id("InventoryAdjustmentGroup", 1)
    group = {"id": number, "reason": given["reason"]} if changed else None
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _fault(store: Store, place: int, given: Row) -> Row | None:
    field = ["input", "quantities", str(place)]
    item, location = find(store, given["inventoryItemId"]), find(store, given["locationId"])
    if item is None:
        return _error(
            field, "inventoryItemId", "The specified inventory item could not be found.", "INVALID_INVENTORY_ITEM"
        )
    if location is None:
        return _error(field, "locationId", "The specified location could not be found.", "INVALID_LOCATION")
    if given["quantity"] > MAX_QUANTITY:
        text = f"The quantity can't be higher than {MAX_QUANTITY:,}."
        return _error(field, "quantity", text, "INVALID_QUANTITY_TOO_HIGH")
    level = store.level_of(item["id"], location["id"])
    if level is None or not level["isActive"]:
        text = "The specified inventory item is not stocked at the location."
        return _error(field, "locationId", text, "ITEM_NOT_STOCKED_AT_LOCATION")
    expected = given["changeFromQuantity"]
    if expected is not None and expected != level["available"]:
        text = "The changeFromQuantity value does not match persisted value."
        return _error(field, "changeFromQuantity", text, "CHANGE_FROM_QUANTITY_STALE")
    return None


def _error(field: list[str], name: str, message: str, code: str) -> Row:
    return {"field": [*field, name], "message": message, "code": code}


def _activate(arguments: Row, context: Context) -> Row:
    store = context.store
    item, location = find(store, arguments["inventoryItemId"]), find(store, arguments["locationId"])
    if item is None or location is None:
        error = {"field": ["inventoryItemId"], "message": "The product couldn't be stocked because it wasn't found."}
        return {"inventoryLevel": None, "userErrors": [error]}
    if (level := store.level_of(item["id"], location["id"])) and level["isActive"]:
        text = "Not allowed to set available quantity when the item is already active at the location."
        return {"inventoryLevel": None, "userErrors": [{"field": ["available"], "message": text}]}
    store.set_level(item["id"], location["id"], arguments.get("available") or 0)
    level = store.level_of(item["id"], location["id"]) or {}
    level["isActive"] = True
    return {"inventoryLevel": level, "userErrors": []}


def _update_item(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_inventory", "inventoryItemUpdate")
    item = find(context.store, arguments["id"])
    if item is None:
        error = {"field": ["id"], "message": "The product couldn't be updated because it does not exist."}
        return {"inventoryItem": None, "userErrors": [error]}
    change_item(item, arguments["input"])
    return {"inventoryItem": item, "userErrors": []}


def _number(identifier: str) -> int:
    return int(identifier.rpartition("/")[2])


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "Mutation": {
        "inventoryActivate": _once(_activate, field="inventoryActivate"),
        "inventoryItemUpdate": _update_item,
        "inventorySetQuantities": _once(_set_quantities, field="inventorySetQuantities"),
    },
}
