"""Stock levels and stock locations.

Documented: an update overwrites the pairs of SKU and location that are sent, is rejected as a whole for an unknown
location or a repeated pair, and answers 204 without a body. `min_stock_level` is how far below zero may be sold.
Assumed: the `id` of a location, and that a deletion names its pairs as an update does.
"""

import re
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

PAIR = {"stock_location_id", "stock_location_external_id", "sku"}
LEVEL = PAIR | {"stock_level", "restock_date", "min_stock_level"}


def update(request: Request, site: Site, body: Any) -> Response:
    pairs = _pairs(site, body, LEVEL)
    for index, each in enumerate(body):
        for name in ("stock_level", "min_stock_level"):
            value = each.get(name)
            whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
            require(whole or (value is None and name != "stock_level"), f"[{index}].{name}", "must be an integer")
        date = each.get("restock_date")
        valid = date is None or re.fullmatch(r"\d{4}-\d\d-\d\d", str(date))
        require(valid, f"[{index}].restock_date", "must be a date")
    for (location, sku), each in zip(pairs, body, strict=True):
        known = {name: each.get(name) for name in ("stock_level", "restock_date", "min_stock_level")}
        site.levels[location, sku] = known | {"sku": sku} | _named(site, location)
    return Response(status_code=204)


def fetch(request: Request, site: Site, body: Any) -> Response:
    require(isinstance(body, list) and body and all(map(is_text, body)), "body", "must be a list of SKUs")
    found = [
        {"sku": sku, "stock_levels": [level for (_, own), level in site.levels.items() if own == sku]} for sku in body
    ]
    return json_response(found)


def delete(request: Request, site: Site, body: Any) -> Response:
    for pair in _pairs(site, body, PAIR):
        site.levels.pop(pair, None)
    return Response(status_code=204)


def _pairs(site: Site, body: Any, fields: set[str]) -> list[tuple[str, str]]:
    """The pairs of location (its key) and SKU that a batch names, each once."""
    require(isinstance(body, list) and body, "body", "must be a list with at least one entry")
    pairs: list[tuple[str, str]] = []
    for index, each in enumerate(body):
        known_fields(each, fields)
        single = ("stock_location_id" in each) != ("stock_location_external_id" in each)
        require(single, f"[{index}]", "must be a single location")
        field = "stock_location_id" if "stock_location_id" in each else "stock_location_external_id"
        name = field.removeprefix("stock_location_")
        key = next((key for key, row in site.locations.items() if row[name] == each[field]), None)
        require(key is not None, f"[{index}].{field}", f"location {each[field]!r} does not exist")
        require(is_text(each.get("sku")), f"[{index}].sku", "is required")
        pairs.append((str(key), each["sku"]))
        require(pairs.count(pairs[-1]) == 1, f"[{index}].sku", "the pair of SKU and location occurs twice")
    return pairs


def _named(site: Site, location: str) -> Row:
    row = site.locations[location]
    return {"stock_location_id": row["id"], "stock_location_external_id": row["external_id"]}


def locations(request: Request, site: Site, body: Any) -> Response:
    return json_response(list(site.locations.values()))


def create_location(request: Request, site: Site, body: Any) -> Response:
    row = {"external_id": None} | known_fields(body, {"name", "external_id"})
    return _save_location(site, str(uuid.uuid4()), row, 201)


def change_location(request: Request, site: Site, body: Any) -> Response:
    key = request.path_params["id"]
    if key not in site.locations:
        raise ApiError(404, "The stock location does not exist")
    return _save_location(site, key, site.locations[key] | known_fields(body, {"name", "external_id"}), 200)


def _save_location(site: Site, key: str, row: Row, status: int) -> Response:
    require(is_text(row.get("name")), "name", "is required")
    others = {each["external_id"] for other, each in site.locations.items() if other != key}
    if row["external_id"] and row["external_id"] in others:
        raise ApiError(409, "Conflict", external_id="is used by another stock location")
    site.locations[key] = row | {"id": key}
    return json_response(site.locations[key], status)


ROUTES = (
    ("POST", "/api/v1/batch-update-stock", update),
    ("POST", "/api/v1/batch-fetch-stock", fetch),
    ("POST", "/api/v1/batch-delete-stock", delete),
    ("GET", "/api/v1/stock-locations", locations),
    ("POST", "/api/v1/stock-locations", create_location),
    ("PATCH", "/api/v1/stock-locations/{id}", change_location),
)
