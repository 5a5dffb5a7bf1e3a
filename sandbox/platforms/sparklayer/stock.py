"""Stock levels.

Documented: an update overwrites the pairs of SKU and location that are sent, is rejected as a whole for an unknown
location or a repeated pair, and answers 204 without a body. `min_stock_level` is how far below zero may be sold.
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.sparklayer.responses import is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

FIELDS = {
    "stock_location_id", "stock_location_external_id", "sku", "stock_level", "restock_date", "min_stock_level",
}  # fmt: skip


def update(request: Request, site: Site, body: Any) -> Response:
    pairs = _pairs(site, body)
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


def _pairs(site: Site, body: Any) -> list[tuple[str, str]]:
    """The pairs of location (its key) and SKU that a batch names, each once."""
    require(isinstance(body, list) and body, "body", "must be a list with at least one entry")
    pairs: list[tuple[str, str]] = []
    for index, each in enumerate(body):
        known_fields(each, FIELDS)
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


ROUTES = (("POST", "/api/v1/batch-update-stock", update),)
