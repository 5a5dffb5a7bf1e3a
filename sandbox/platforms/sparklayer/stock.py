"""Stock: `POST /api/v1/batch-update-stock`. Rejected as a whole for an unknown location or a repeated pair."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.sparklayer.responses import is_text, known_fields, require
from sandbox.platforms.sparklayer.site import LOCATIONS, Site

FIELDS = {"stock_location_id", "stock_location_external_id", "sku", "stock_level", "restock_date", "min_stock_level"}


def update(request: Request, site: Site, body: Any) -> Response:
    require(isinstance(body, list) and body, "body", "must be a list with at least one entry")
    levels = {}
    for index, each in enumerate(body):
        known_fields(each, FIELDS)
        require(
            "stock_location_id" not in each or "stock_location_external_id" not in each,
            f"[{index}]",
            "must be a single location",
        )
        location = each.get("stock_location_external_id") or str(each.get("stock_location_id", "")).removeprefix("sl_")
        require(location in LOCATIONS, f"[{index}].stock_location_external_id", f"location {location!r} does not exist")
        require(is_text(each.get("sku")), f"[{index}].sku", "is required")
        require((location, each["sku"]) not in levels, f"[{index}].sku", "the pair of SKU and location occurs twice")
        for name in ("stock_level", "min_stock_level"):
            value = each.get(name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            require(whole or (value is None and name != "stock_level"), f"[{index}].{name}", "must be an integer")
        date = each.get("restock_date")
        require(
            date is None or re.fullmatch(r"\d{4}-\d\d-\d\d", str(date)), f"[{index}].restock_date", "must be a date"
        )
        levels[location, each["sku"]] = each | {"stock_location_id": f"sl_{location}"}
    site.levels |= levels
    return Response(status_code=204)


ROUTES = (("POST", "/api/v1/batch-update-stock", update),)
