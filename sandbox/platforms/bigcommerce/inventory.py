"""`/v3/inventory`: stock per location, and adjustments that take effect with a delay."""

import uuid
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Filters
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, invalid, too_many
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

BATCH = 2000
RELATIVE_BATCH = 10
PAGE = 1000
IDENTITIES = ("sku", "variant_id", "product_id")
FILTERS = (
    Filters("location_id:in", "location_code:in", where=lambda variant: variant["product_id"] != 0)
    .add("sku", str, "in", plain=False)
    .add("variant_id", int, "in", plain=False, value=lambda row: row["id"])
    .add("product_id", int, "in", plain=False)
)


def item_view(store: Store, variant: Row, locations: list[Row]) -> Row:
    identity = {
        "sku": store.variants.value(variant, "sku"),
        "variant_id": variant["id"],
        "product_id": variant["product_id"],
        "sku_id": variant["id"],
    }
    return {"identity": identity, "locations": [_at(store, variant, location_row) for location_row in locations]}


def _at(store: Store, variant: Row, location_row: Row) -> Row:
    stock = store.stock(variant, location_row["id"])
    return {
        "location_id": location_row["id"],
        "location_code": location_row["code"],
        "location_name": location_row["label"],
        "location_enabled": location_row["enabled"],
        "available_to_sell": stock,
        "total_inventory_onhand": stock,
        "settings": {
            "safety_stock": 0,
            "is_in_stock": stock > 0,
            "warning_level": store.variants.value(variant, "inventory_warning_level"),
            "bin_picking_number": store.variants.value(variant, "bin_picking_number"),
        },
    }


def list_items(request: ApiRequest) -> Response:
    pager = Pager(request.query, request.overlap, maximum=PAGE)
    locations = _locations(request)
    chosen = FILTERS.choose(request.query, request.store.variants)
    start, stop = pager.bounds
    rows = [item_view(request.store, variant, locations) for variant in chosen[start:stop]]
    request.annotate_call(items=len(rows))
    return pager.page_response(rows, len(chosen))


def list_locations(request: ApiRequest) -> Response:
    locations = _locations(request)
    pager = Pager(request.query, request.overlap)
    start, stop = pager.bounds
    return pager.page_response(locations[start:stop], len(locations))


def _locations(request: ApiRequest) -> list[Row]:
    found = request.store.locations
    if "location_id:in" in request.query:
        found = [
            location_row
            for location_row in found
            if str(location_row["id"]) in request.query["location_id:in"].split(",")
        ]
    if "location_code:in" in request.query:
        found = [
            location_row
            for location_row in found
            if location_row["code"] in request.query["location_code:in"].split(",")
        ]
    return found


def set_absolute(request: ApiRequest) -> Response:
    return _adjust(request, BATCH, lambda stored, quantity: quantity)


def set_relative(request: ApiRequest) -> Response:
    return _adjust(request, RELATIVE_BATCH, lambda stored, quantity: stored + quantity)


def _adjust(request: ApiRequest, maximum: int, new_quantity: Callable[[int, int], int]) -> Response:
    """All or nothing. The adjustment is only accepted here: stock changes after the store's inventory lag."""
    store, body = request.store, request.body
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid({"items": "must be a list with at least one item"})
    request.annotate_call(items=len(items))
    if len(items) > maximum:
        raise too_many(maximum)
    if not isinstance(body.get("reason", ""), str):
        raise invalid({"reason": "must be of type string"})
    errors: dict[str, str] = {}
    found: list[tuple[Row, int, int]] = []
    by_product: list[int] = []
    for location_row, item in enumerate(items):
        variant, problems = _check(store, item)
        if variant is not None and "variant_id" in item and _tracked_by_product(store, variant):
            by_product.append(item["variant_id"])
        if not problems and variant is not None:
            quantity = new_quantity(store.stock(variant, item["location_id"]), item["quantity"])
            if quantity < 0:
                problems["quantity"] = "Stock must not become negative"
            found.append((variant, item["location_id"], quantity))
        errors |= {f"items[{location_row}].{name}": text for name, text in problems.items()}
    if by_product:
        texts = (
            f"[Item with variant_id {number} is tracked by product, please update stock by product id]"
            for number in by_product
        )
        raise ApiError(422, ", ".join(texts), {})
    if errors:
        raise ApiError(422, "The adjustment was not valid", errors)

    for variant, location, quantity in found:
        store.set_stock(variant, location, quantity)
    return json_response({"transaction_id": str(uuid.uuid4())})


def _check(store: Store, item: Any) -> tuple[Row | None, dict[str, str]]:
    if not isinstance(item, dict):
        return None, {"": "must be an object"}
    problems = {
        name: "must be of type integer"
        for name in ("location_id", "quantity")
        if not isinstance(item.get(name), int) or isinstance(item.get(name), bool)
    }
    if "location_id" not in problems and all(
        location_row["id"] != item["location_id"] for location_row in store.locations
    ):
        problems["location_id"] = "The location was not found"
    given = [name for name in IDENTITIES if item.get(name) is not None]
    if len(given) != 1:
        return None, {**problems, "identity": f"exactly one of {', '.join(IDENTITIES)} is required"}
    variant = _variant(store, given[0], item[given[0]])
    if variant is None:
        problems[given[0]] = "The item was not found"
    return variant, problems


def _tracked_by_product(store: Store, variant: Row) -> bool:
    product = store.products.get(variant["product_id"])
    return product is not None and store.products.value(product, "inventory_tracking") == "product"


def _variant(store: Store, identity: str, value: Any) -> Row | None:
    if identity == "sku":
        number = store.variants.find_id("sku", value) if isinstance(value, str) else None
    elif not isinstance(value, int):
        number = None
    elif identity == "variant_id":
        number = value
    else:
        product = store.products.get(value)
        number = product.get("base_variant_id") if product else None
    return store.variants.get(number) if number is not None else None


OPERATIONS = [
    Operation("GET", "/v3/inventory/items", list_items),
    Operation("GET", "/v3/inventory/locations", list_locations),
    Operation("PUT", "/v3/inventory/adjustments/absolute", set_absolute, concurrency_group="stock"),
    Operation("POST", "/v3/inventory/adjustments/relative", set_relative, concurrency_group="stock"),
]
