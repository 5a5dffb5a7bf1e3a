"""Source items and base prices: lists in a single call."""

from sandbox.platforms.magento.responses import ApiError, Row, validated
from sandbox.platforms.magento.store import SOURCES, Store

MAX_ENTITIES = 20
SOURCE_ITEMS = {"sourceItems!": [{"sku!": str, "source_code!": str, "quantity!": float, "status!": int}]}
BASE_PRICES = {"prices!": [{"price!": float, "store_id!": int, "sku!": str}]}


def save_source_items(store: Store, body: Row) -> list[Row]:
    """All or nothing. As at the vendor, SKUs without a product are accepted."""
    items = enforce_limits(store, validated(body, SOURCE_ITEMS)["sourceItems"], "sourceItems")
    errors = [
        {"message": 'Source with code "%1" does not exist', "parameters": [item["source_code"]]}
        for item in items
        if item["source_code"] not in SOURCES
    ]
    if errors:
        raise ApiError(400, "Validation Failed", errors=errors)
    for item in items:
        store.put_stock(item["sku"], item["source_code"], item["quantity"], item["status"])
    return []


def save_base_prices(store: Store, body: Row) -> list[Row]:
    """Save the valid prices and report the invalid ones."""
    rejected = []
    for price in enforce_limits(store, validated(body, BASE_PRICES)["prices"], "prices"):
        product = store.by_sku(price["sku"])
        wrong = "price" if price["price"] < 0 else ""
        if product is None:
            rejected.append(
                {
                    "message": "Requested product doesn't exist. Row ID: SKU = %SKU.",
                    "parameters": [price["sku"]],
                }
            )
        elif wrong or product["type_id"] == "configurable":
            rejected.append(
                {
                    "message": "Invalid attribute %fieldName = %fieldValue. Row ID: SKU = %SKU, Store ID: %storeId.",
                    "parameters": ["Price", str(price["price"]), price["sku"], str(price["store_id"])],
                }
            )
        else:
            product["price"] = price["price"]
            store.set_updated_at(product)
    return rejected


def enforce_limits(store: Store, entities: list[Row], name: str) -> list[Row]:
    if store.enforce_limits and len(entities) > MAX_ENTITIES:
        raise ApiError(400, 'Maximum items of type "%type" is %max', type=name, max=MAX_ENTITIES)
    return entities
