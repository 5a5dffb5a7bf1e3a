"""Source items and base prices: lists in a single call."""

from sandbox.platforms.magento.responses import ApiError, Row, validated
from sandbox.platforms.magento.store import SOURCES, Store

MAX_ENTITIES = 20
COMPOSITE_TYPES = ("configurable", "bundle", "grouped")
SOURCE_ITEMS = {"sourceItems!": [{"sku!": str, "source_code!": str, "quantity!": float, "status!": int}]}
BASE_PRICES = {"prices!": [{"price!": float, "store_id!": int, "sku!": str}]}


def save_source_items(store: Store, body: Row) -> list[Row]:
    """Save the items. As in the shop, one for an unknown SKU, for a product that has no stock of its own, or with a
    negative quantity is accepted and not stored."""
    items = enforce_limits(store, validated(body, SOURCE_ITEMS)["sourceItems"], "sourceItems")
    if any(item["source_code"] not in SOURCES for item in items):
        raise ApiError(400, "Could not save Source Item")
    for item in items:
        product = store.by_sku(item["sku"])
        if product is not None and product["type_id"] not in COMPOSITE_TYPES and item["quantity"] >= 0:
            store.put_stock(product["sku"], item["source_code"], item["quantity"], item["status"])
    return []


def save_base_prices(store: Store, body: Row) -> list[Row]:
    """Save the valid prices and report the invalid ones. As in the shop, what is reported is the field that is wrong
    and its value, and no date of change moves."""
    rejected = []
    for price in enforce_limits(store, validated(body, BASE_PRICES)["prices"], "prices"):
        product = store.by_sku(price["sku"])
        wrong = None
        if product is None or product["type_id"] in COMPOSITE_TYPES:
            wrong = ["SKU", price["sku"]]
        elif price["price"] < 0:
            wrong = ["Price", f"{price['price']:g}"]
        else:
            product["price"] = price["price"]
        if wrong:
            rejected.append({"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": wrong})
    return rejected


def enforce_limits(store: Store, entities: list[Row], name: str) -> list[Row]:
    if store.enforce_limits and len(entities) > MAX_ENTITIES:
        raise ApiError(400, 'Maximum items of type "%type" is %max', type=name, max=MAX_ENTITIES)
    return entities
