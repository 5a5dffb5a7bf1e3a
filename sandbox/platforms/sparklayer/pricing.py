"""Price lists and their prices.

Documented: prices of the pairs that are sent are replaced, others are kept; an unknown list is 404; errors are mostly
an array of `line`, `field`, `message`. Currencies are answered in lower case, as the vendor's examples have them too.
Assumed: an empty `pricing` removes the prices of a pair; the messages, and that lines are counted from 0.
"""

import re
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, ListError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

PAGE = 250
SOURCES = ("custom", "platform", "integration")


def listing(request: Request, site: Site, body: Any) -> Response:
    page, size = (request.query_params.get(name, default) for name, default in (("page", "1"), ("page_size", "50")))
    require(page.isdecimal() and int(page) >= 1, "page", "must be at least 1")
    require(size.isdecimal() and 1 <= int(size) <= PAGE, "page_size", f"must be from 1 to {PAGE}")
    rows = list(site.price_lists.values())
    start = (int(page) - 1) * int(size)
    pages = max(1, -(-len(rows) // int(size)))
    answer = {
        "data": [each | {"currency_code": each["currency_code"].lower()} for each in rows[start : start + int(size)]],
        "pagination": {"current_page": int(page), "total_pages": pages},
    }
    return json_response(answer)


def create(request: Request, site: Site, body: Any) -> Response:
    row = known_fields(body, {"slug", "name", "currency_code", "source"})
    require(row.get("source", "custom") in SOURCES, "source", f"must be one of {', '.join(SOURCES)}")
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
    """Replace the prices of the given SKUs in one list."""
    slug = _find(request, site)["slug"]
    _check_rows(body, {"sku", "display_tax_rate", "pricing"}, ("sku",))
    _write(site, [each | {"price_list_slug": slug} for each in body])
    return Response(status_code=204)


def price_lists(request: Request, site: Site, body: Any) -> Response:
    """Replace the prices of the given pairs of SKU and list; all or nothing."""
    _check_rows(body, {"sku", "price_list_slug", "pricing"}, ("sku", "price_list_slug"))
    if any(each["price_list_slug"] not in site.price_lists for each in body):
        raise ApiError(404, "The price list does not exist")
    _write(site, body)
    return Response(status_code=204)


def _check_rows(body: Any, known: set[str], keys: tuple[str, ...]) -> None:
    """Rejects an array as the vendor does: with an array of line, field and message. Lines are counted from 0 here; the
    vendor does not say from where."""
    require(isinstance(body, list) and body, "body", "must be a list with at least one entry")
    errors = []
    named: set[tuple[str, ...]] = set()
    for line, each in enumerate(body):
        known_fields(each, known)
        for field, message in _row_errors(each, keys, named):
            errors.append({"line": line, "field": field, "message": f"{each.get('sku', '')}: {message}"})
    if errors:
        raise ListError(errors)


def _row_errors(row: Row, keys: tuple[str, ...], named: set[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    missing = [name for name in keys if not is_text(row.get(name))]
    yield from ((name, "is required") for name in missing)
    key = tuple(str(row.get(name)) for name in keys)
    if not missing and key in named:
        yield "sku", "occurs twice"
    named.add(key)
    tiers = row.get("pricing")
    if not isinstance(tiers, list):
        yield "pricing", "is required"
        return
    for tier in tiers:
        known_fields(tier, {"quantity", "price", "unit_of_measure", "tax_type"})
        if not isinstance(tier.get("quantity"), int) or tier["quantity"] < 1:
            yield "quantity", "must be at least 1"
        if not is_number(tier.get("price")) or tier["price"] < 0:
            yield "price", "must be a number of at least 0"
    quantities = [tier.get("quantity") for tier in tiers]
    if len(quantities) != len(set(quantities)):
        yield "pricing", "each quantity must occur only once"


def _write(site: Site, rows: list[Row]) -> None:
    for each in rows:
        held = site.prices[each["price_list_slug"]]
        if each["pricing"]:
            held[each["sku"]] = each["pricing"]
        else:
            held.pop(each["sku"], None)


def _check(row: Row) -> None:
    require("name" not in row or is_text(row["name"], 64), "name", "must be 1 to 64 characters")
    if "currency_code" in row:
        require(re.fullmatch(r"[A-Za-z]{3}", str(row["currency_code"])), "currency_code", "must be an ISO 4217 code")


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
    ("PATCH", "/api/v1/batch-update-pricing", price_lists),
)
