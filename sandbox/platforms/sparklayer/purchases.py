"""Purchases and the store's base currency.

`PUT /api/v1/purchases/{sparklayer|platform|internal|visible}/{identifier}` is a full replacement. An order sent to the
ID of a cart replaces the cart. The SparkLayer ID of a purchase cannot change (403).
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

FIELDS = {
    "type", "purchase_identifiers", "customer_identifiers", "dates", "billing_address", "tax_lines", "packages",
    "accounting_files", "custom_fields", "metadata", "total_paid",
}  # fmt: skip
LOOKUPS = ("sparklayer", "platform", "internal", "visible")
TYPES = ("cart", "quote", "awaiting_approval", "order", "order_unconfirmed")
PACKAGES = ("unfulfilled", "shipment", "cancellation", "return")
MAX_ITEMS = 500


def put(request: Request, site: Site, body: Any) -> Response:
    lookup, identifier = request.path_params["lookup"], request.path_params["identifier"]
    if lookup not in LOOKUPS:
        raise ApiError(404, f"Purchases can be looked up by {', '.join(LOOKUPS)}")
    row = dict(known_fields(body, FIELDS))
    require(row.get("type") in TYPES, "type", f"must be one of {', '.join(TYPES)}")
    ids = row.get("purchase_identifiers")
    require(
        isinstance(ids, dict) and ids.get(lookup) == identifier, "purchase_identifiers", "belong to another purchase"
    )
    for index, each in enumerate(row.get("packages") or ()):
        _check_package(each, f"packages[{index}]")
    existing = next((key for key, each in site.purchases.items() if _ids(each).get(lookup) == identifier), None)
    known = _ids(site.purchases[existing]).get("sparklayer") if existing else None
    if known and known != _ids(row).get("sparklayer"):
        raise ApiError(403, "The SparkLayer id of a purchase cannot be changed")
    duplicate = next((each for key, each in site.purchases.items() if key != existing and _same(each, row)), None)
    if duplicate is not None:
        raise ApiError(409, "Conflict", purchase_identifiers="another purchase has this platform ID")
    key = existing or f"{lookup}:{identifier}"
    site.purchases[key] = row | {"external_id": identifier}
    return json_response(site.purchases[key])


def _same(one: Row, other: Row) -> bool:
    return bool(_ids(one).get("platform")) and _ids(one).get("platform") == _ids(other).get("platform")


def _ids(row: Row) -> Row:
    found: Row = row["purchase_identifiers"]
    return found


def _check_package(package: Any, path: str) -> None:
    known_fields(package, {"identifiers", "type", "shipping_address", "shipping_method", "shipments", "line_items"})
    require(package.get("type") in PACKAGES, f"{path}.type", f"must be one of {', '.join(PACKAGES)}")
    require(package.get("line_items"), f"{path}.line_items", "is required")
    for line in package["line_items"]:
        require(is_text(line.get("name_parent")), f"{path}.name_parent", "is required")
        require(is_number(line.get("quantity")) and line["quantity"] > 0, f"{path}.quantity", "must be greater than 0")
        net = line.get("line_total", {}).get("total_net", {})
        require(re.fullmatch(r"-?\d+(\.\d+)?", str(net.get("number"))), f"{path}.total_net", "must be an amount")


def listing(request: Request, site: Site, body: Any) -> Response:
    limit, offset = (request.query_params.get(name, default) for name, default in (("limit", "50"), ("offset", "0")))
    require(limit.isdecimal() and 1 <= int(limit) <= MAX_ITEMS, "limit", f"must be from 1 to {MAX_ITEMS}")
    require(offset.isdecimal(), "offset", "must be at least 0")
    return json_response(list(site.purchases.values())[int(offset) : int(offset) + int(limit)])


def get_currency(request: Request, site: Site, body: Any) -> Response:
    if not site.currency:
        raise ApiError(404, "No base currency has been set")
    return json_response({"currency_code": site.currency})


def put_currency(request: Request, site: Site, body: Any) -> Response:
    code = known_fields(body, {"currency_code"}).get("currency_code")
    require(re.fullmatch(r"[A-Z]{3}", str(code)), "currency_code", "must be an ISO 4217 code")
    if site.currency not in ("", code):
        raise ApiError(409, "The base currency is already set to another currency")
    site.currency = str(code)
    return json_response({"currency_code": code})


ROUTES = (
    ("PUT", "/api/v1/purchases/{lookup}/{identifier}", put),
    ("GET", "/api/v1/purchases", listing),
    ("GET", "/api/v1/store-currency", get_currency),
    ("PUT", "/api/v1/store-currency", put_currency),
)
