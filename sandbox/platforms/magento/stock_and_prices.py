"""Source items and base prices: lists in a single call."""

from sandbox.platforms.magento.responses import ApiError, Row, validated
from sandbox.platforms.magento.store import GROUPS, SOURCES, Store
from sandbox.platforms.magento.websites import set_price

MAX_ENTITIES = 20
ALL_GROUPS, ALL_GROUPS_ID = "ALL GROUPS", 32000
COMPOSITE_TYPES = ("configurable", "bundle", "grouped")
SOURCE_ITEMS = {"sourceItems!": [{"sku!": str, "source_code!": str, "quantity!": float, "status!": int}]}
TIER_PRICES = {
    "prices!": [
        {
            "price!": float,
            "price_type!": str,
            "website_id!": int,
            "sku!": str,
            "customer_group!": str,
            "quantity!": float,
        }
    ]
}
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
            set_price(store, product, price["store_id"], price["price"])
        if wrong:
            rejected.append({"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": wrong})
    return rejected


def enforce_limits(store: Store, entities: list[Row], name: str) -> list[Row]:
    if store.enforce_limits and len(entities) > MAX_ENTITIES:
        raise ApiError(400, 'Maximum items of type "%type" is %max', type=name, max=MAX_ENTITIES)
    return entities


def save_tier_prices(store: Store, body: Row, *, replace: bool) -> list[Row]:
    """Add tier prices, or replace all of the products that are named."""
    rejected = []
    cleared: set[str] = set()
    for price in enforce_limits(store, validated(body, TIER_PRICES)["prices"], "prices"):
        product = store.by_sku(price["sku"])
        wrong = None
        if product is None:
            wrong = ["SKU", price["sku"]]
        elif price["customer_group"] not in (ALL_GROUPS, *GROUPS):
            wrong = ["Customer Group", price["customer_group"]]
        elif price["price"] <= 0 or price["quantity"] <= 0:
            wrong = ["Price", f"{price['price']:g}"]
        else:
            if replace and product["sku"] not in cleared:
                product["tier_prices"] = []
                cleared.add(product["sku"])
            kept = [each for each in product.get("tier_prices", ()) if _key(each) != _key(_tier(price))]
            product["tier_prices"] = [*kept, _tier(price)]
        if wrong:
            rejected.append({"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": wrong})
    return rejected


def tier_prices(store: Store, body: Row) -> list[Row]:
    found = []
    for sku in validated(body, {"skus!": [str]})["skus"]:
        for each in (store.by_sku(sku) or {}).get("tier_prices", ()):
            group = each["customer_group_id"]
            website = each["extension_attributes"]["website_id"]
            about = {"price": each["value"], "price_type": "fixed", "website_id": website, "sku": sku}
            found.append(
                about
                | {"customer_group": ALL_GROUPS if group == ALL_GROUPS_ID else GROUPS[group], "quantity": each["qty"]}
            )
    return found


def delete_tier_prices(store: Store, body: Row) -> list[Row]:
    for price in validated(body, TIER_PRICES)["prices"]:
        product = store.by_sku(price["sku"]) or {}
        product["tier_prices"] = [e for e in product.get("tier_prices", ()) if _key(e) != _key(_tier(price))]
    return []


def _tier(price: Row) -> Row:
    group = price["customer_group"]
    number = ALL_GROUPS_ID if group == ALL_GROUPS else GROUPS.index(group)
    about = {"customer_group_id": number, "qty": price["quantity"], "value": price["price"]}
    return about | {"extension_attributes": {"website_id": price["website_id"]}}


def _key(tier: Row) -> tuple[int, float, int]:
    return tier["customer_group_id"], tier["qty"], tier["extension_attributes"]["website_id"]
