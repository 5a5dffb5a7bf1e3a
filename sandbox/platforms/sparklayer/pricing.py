"""Price lists and their prices."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

PAGE = 250


def listing(request: Request, site: Site, body: Any) -> Response:
    page, size = (request.query_params.get(name, default) for name, default in (("page", "1"), ("page_size", "50")))
    require(page.isdecimal() and int(page) >= 1, "page", "must be at least 1")
    require(size.isdecimal() and 1 <= int(size) <= PAGE, "page_size", f"must be from 1 to {PAGE}")
    rows = list(site.price_lists.values())
    start = (int(page) - 1) * int(size)
    pages = max(1, -(-len(rows) // int(size)))
    answer = {
        "data": rows[start : start + int(size)],
        "pagination": {"current_page": int(page), "total_pages": pages},
    }
    return json_response(answer)


def create(request: Request, site: Site, body: Any) -> Response:
    row = known_fields(body, {"slug", "name", "currency_code"})
    require(
        re.fullmatch(r"[a-z0-9-]{1,30}", str(row.get("slug"))), "slug", "must be 1 to 30 characters of a-z, 0-9 and -"
    )
    _check(row)
    require("name" in row and "currency_code" in row, "name", "name and currency_code are required")
    if row["slug"] in site.price_lists:
        raise ApiError(409, "Conflict", slug="is used by another price list")
    site.price_lists[row["slug"]] = dict(row)
    site.prices[row["slug"]] = {}
    return json_response(row, 201)


def change(request: Request, site: Site, body: Any) -> Response:
    row = _find(request, site)
    changes = known_fields(body, {"name", "currency_code"})
    _check(changes)
    row |= changes
    return json_response(row)


def price(request: Request, site: Site, body: Any) -> Response:
    """Replace the prices of the given SKUs."""
    slug = _find(request, site)["slug"]
    require(isinstance(body, list) and body, "body", "must be a list with at least one entry")
    named = []
    for position, each in enumerate(body):
        known_fields(each, {"sku", "display_tax_rate", "pricing"})
        require(is_text(each.get("sku")), f"[{position}].sku", "is required")
        require(isinstance(each.get("pricing"), list), f"[{position}].pricing", "is required")
        for tier in each["pricing"]:
            known_fields(tier, {"quantity", "price"})
            require(
                isinstance(tier.get("quantity"), int) and tier["quantity"] >= 1,
                f"[{position}].quantity",
                "must be at least 1",
            )
            require(
                is_number(tier.get("price")) and tier["price"] >= 0,
                f"[{position}].price",
                "must be a number of at least 0",
            )
        quantities = [tier["quantity"] for tier in each["pricing"]]
        require(len(quantities) == len(set(quantities)), f"[{position}].pricing", "each quantity must occur only once")
        named.append(each["sku"])
    require(len(named) == len(set(named)), "sku", "each SKU must occur only once")
    for each in body:
        if each["pricing"]:
            site.prices[slug][each["sku"]] = each["pricing"]
        else:
            site.prices[slug].pop(each["sku"], None)
    return Response(status_code=204)


def _check(row: Row) -> None:
    require("name" not in row or is_text(row["name"], 64), "name", "must be 1 to 64 characters")
    if "currency_code" in row:
        require(re.fullmatch(r"[A-Z]{3}", str(row["currency_code"])), "currency_code", "must be an ISO 4217 code")


def _find(request: Request, site: Site) -> Row:
    row = site.price_lists.get(request.path_params["slug"])
    if row is None:
        raise ApiError(404, "The price list does not exist")
    return row


ROUTES = (
    ("GET", "/api/v2/price-lists", listing),
    ("POST", "/api/v1/price-lists", create),
    ("PATCH", "/api/v1/price-lists/{slug}", change),
    ("PATCH", "/api/v1/price-lists/{slug}/pricing", price),
)
