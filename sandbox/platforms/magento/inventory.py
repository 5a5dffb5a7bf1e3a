"""Inventory with several sources: stocks, salable quantities, and which source ships what.

The website `base` has stock 1; the second website, if any, has stock 2 with the source `overflow`. The quantity of a
source is physical: an order reserves, a shipment takes from its source.
https://developer.adobe.com/commerce/webapi/rest/inventory/
"""

from sandbox.platforms.magento.responses import ApiError, Row, required, validated
from sandbox.platforms.magento.store import SOURCES, Store
from sandbox.platforms.magento.websites import BASE, SECOND, WEBSITES, website_of

SELECTION = {
    "inventoryRequest!": {
        "stockId": int,
        "stock_id": int,
        "items!": [{"sku!": str, "qty!": float, "extension_attributes": dict}],
        "extension_attributes": dict,
    },
    "algorithmCode!": str,
}
# What the shop answers for a product whose stock it does not manage; assumed.
QUANTITY_IF_NOT_MANAGED = 0.0


def stock_of(store: Store, channel: str, code: str) -> Row:
    """Each website has the stock with its own ID."""
    for number in (BASE, SECOND) if store.second_website else (BASE,):
        if (channel, code) == ("website", WEBSITES[number]):
            return {"stock_id": number, "name": f"Stock of {code}"}
    raise ApiError(404, "No linked stock found for sales channel: %1", code)


def source_links(store: Store) -> list[Row]:
    return [
        {"stock_id": stock, "source_code": code, "priority": place}
        for stock in ((BASE, SECOND) if store.second_website else (BASE,))
        for place, code in enumerate(_sources_of(store, stock), 1)
    ]


def sources(store: Store) -> list[Row]:
    return [
        {"source_code": code, "name": code, "country_id": "GB", "postcode": "0"}
        | {"enabled": code not in store.disabled_sources}
        for code in SOURCES
    ]


def salable_quantities(store: Store, stock: int, products: list[Row]) -> list[Row]:
    """The quantity that can be sold of each product that the stock has."""
    found = []
    for product in products:
        sku = product["sku"]
        items = [store.sources.get((sku.lower(), code)) for code in _supplying(store, stock)]
        if sku in store.unmanaged_skus:
            found.append({"sku": sku, "qty": QUANTITY_IF_NOT_MANAGED, "is_salable": True})
        elif any(items):
            physical = sum(item["quantity"] for item in items if item and item["status"])
            salable = max(0.0, physical - reserved(store, stock, sku))
            found.append({"sku": sku, "qty": salable, "is_salable": salable > 0})
    return found


def reserved(store: Store, stock: int, sku: str) -> float:
    """How many pieces are ordered on the website of the stock, and neither shipped nor given up."""
    pieces = 0.0
    for order in store.orders.values():
        if website_of(order["store_id"]) != stock:
            continue
        for item in order["items"]:
            is_parent = any(each.get("parent_item_id") == item["item_id"] for each in order["items"])
            if item["sku"].lower() == sku.lower() and not is_parent:
                gone = sum(item.get(f"qty_{name}") or 0 for name in ("shipped", "canceled", "refunded"))
                pieces += max(0, item["qty_ordered"] - gone)
    return pieces


def deduct(store: Store, source: str, order: Row, shipped: dict[int, float]) -> None:
    """Take what is shipped from a source."""
    for item in order["items"]:
        parent = shipped.get(item.get("parent_item_id") or 0)
        by_id = {each["item_id"]: each for each in order["items"]}
        pieces = shipped.get(item["item_id"], 0)
        if parent:
            pieces += parent * item["qty_ordered"] / by_id[item["parent_item_id"]]["qty_ordered"]
        stored = store.sources.get((item["sku"].lower(), source))
        is_parent = any(each.get("parent_item_id") == item["item_id"] for each in order["items"])
        if stored and not is_parent:
            stored["quantity"] = max(0.0, stored["quantity"] - pieces)


def select_sources(store: Store, body: Row) -> Row:
    """The algorithm `priority`: each source supplies what it has, in order."""
    request = validated(body, SELECTION)
    if request["algorithmCode"] != "priority":
        raise ApiError(400, "Source Selection Algorithm with code %1 is not registered", request["algorithmCode"])
    given = request["inventoryRequest"]
    stock = given.get("stockId", given.get("stock_id"))
    if stock is None:
        raise required("stockId")
    rows, shippable = [], True
    for item in given["items"]:
        left = item["qty"]
        for code in _supplying(store, stock):
            stored = store.sources.get((item["sku"].lower(), code))
            if stored and stored["status"]:
                taken = min(left, stored["quantity"])
                left -= taken
                about = {"source_code": code, "sku": item["sku"]}
                rows.append(about | {"qty_to_deduct": taken, "qty_available": stored["quantity"]})
        shippable = shippable and left <= 0
    return {"source_selection_items": rows, "shippable": shippable}


def _sources_of(store: Store, stock: int) -> list[str]:
    return store.stock_sources if stock == BASE else [SOURCES[1]]


def _supplying(store: Store, stock: int) -> list[str]:
    return [code for code in _sources_of(store, stock) if code not in store.disabled_sources]
