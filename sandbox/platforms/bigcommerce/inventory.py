"""`/v3/inventory`: stock by location, and its adjustments, which take effect a little later."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.answers import Pager, Refusal, invalid, too_many
from sandbox.platforms.bigcommerce.api import Ask, Operation
from sandbox.platforms.bigcommerce.fields import Filters
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
    return {"identity": identity, "locations": [_at(store, variant, place) for place in locations]}


def _at(store: Store, variant: Row, place: Row) -> Row:
    stock = store.stock(variant, place["id"])
    return {
        "location_id": place["id"],
        "location_code": place["code"],
        "location_name": place["label"],
        "location_enabled": place["enabled"],
        "available_to_sell": stock,
        "total_inventory_onhand": stock,
        "settings": {
            "safety_stock": 0,
            "is_in_stock": stock > 0,
            "warning_level": store.variants.value(variant, "inventory_warning_level"),
            "bin_picking_number": store.variants.value(variant, "bin_picking_number"),
        },
    }


def list_items(ask: Ask) -> Response:
    pager = Pager(ask.query, ask.overlap, most=PAGE)
    locations = _locations(ask)
    chosen = FILTERS.choose(ask.query, ask.store.variants)
    start, stop = pager.bounds
    rows = [item_view(ask.store, variant, locations) for variant in chosen[start:stop]]
    ask.note(items=len(rows))
    return pager.answer(rows, len(chosen))


def list_locations(ask: Ask) -> Response:
    locations = _locations(ask)
    pager = Pager(ask.query, ask.overlap)
    start, stop = pager.bounds
    return pager.answer(locations[start:stop], len(locations))


def _locations(ask: Ask) -> list[Row]:
    found = ask.store.locations
    if "location_id:in" in ask.query:
        found = [place for place in found if str(place["id"]) in ask.query["location_id:in"].split(",")]
    if "location_code:in" in ask.query:
        found = [place for place in found if place["code"] in ask.query["location_code:in"].split(",")]
    return found


def set_absolute(ask: Ask) -> Response:
    return _adjust(ask, BATCH, lambda held, quantity: quantity)


def set_relative(ask: Ask) -> Response:
    return _adjust(ask, RELATIVE_BATCH, lambda held, quantity: held + quantity)


def _adjust(ask: Ask, most: int, settle: Callable[[int, int], int]) -> Response:
    """All or nothing. The answer only promises: the stock changes after the store's inventory lag."""
    store, body = ask.store, ask.body
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid({"items": "must be a list with at least one item"})
    ask.note(items=len(items))
    if len(items) > most:
        raise too_many(most)
    if not isinstance(body.get("reason", ""), str):
        raise invalid({"reason": "must be of type string"})
    errors: dict[str, str] = {}
    found: list[tuple[Row, int, int]] = []
    for place, item in enumerate(items):
        variant, problems = _check(store, item)
        if not problems and variant is not None:
            quantity = settle(store.stock(variant, item["location_id"]), item["quantity"])
            if quantity < 0:
                problems["quantity"] = "Stock must not become negative"
            found.append((variant, item["location_id"], quantity))
        errors |= {f"items[{place}].{name}": text for name, text in problems.items()}
    if errors:
        raise Refusal(422, "The adjustment was not valid", errors)

    def apply() -> None:
        for variant, location, quantity in found:
            if variant["id"] in store.variants:
                store.set_stock(variant, location, quantity)

    if lag := store.options.inventory_lag_ms:
        asyncio.get_running_loop().call_later(lag / 1000, apply)
    else:
        apply()
    return json_response({"transaction_id": str(uuid.uuid4())})


def _check(store: Store, item: Any) -> tuple[Row | None, dict[str, str]]:
    if not isinstance(item, dict):
        return None, {"": "must be an object"}
    problems = {
        name: "must be of type integer"
        for name in ("location_id", "quantity")
        if not isinstance(item.get(name), int) or isinstance(item.get(name), bool)
    }
    if "location_id" not in problems and all(place["id"] != item["location_id"] for place in store.locations):
        problems["location_id"] = "The location was not found"
    given = [name for name in IDENTITIES if item.get(name) is not None]
    if len(given) != 1:
        return None, {**problems, "identity": f"exactly one of {', '.join(IDENTITIES)} is required"}
    variant = _variant(store, given[0], item[given[0]])
    if variant is None:
        problems[given[0]] = "The item was not found"
    return variant, problems


def _variant(store: Store, identity: str, value: Any) -> Row | None:
    if identity == "sku":
        number = store.variants.holder("sku", value) if isinstance(value, str) else None
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
    Operation("PUT", "/v3/inventory/adjustments/absolute", set_absolute, lane="stock"),
    Operation("POST", "/v3/inventory/adjustments/relative", set_relative, lane="stock"),
]
