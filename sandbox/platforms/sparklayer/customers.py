"""Customers: `GET`, `PUT` and `DELETE /api/v2/customers/{platform|email|sparklayer}/{identifier}`.

`PUT` is a full replacement. Groups and roles must exist; email addresses and platform IDs are unique.
"""

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import GROUPS, ROLES, Row, Site

FIELDS = {
    "id", "external_id", "email", "first_name", "last_name", "company_name", "accounting_id", "status", "group", "role",
    "addresses", "sales_agent_groups", "price_lists", "discount_percentage", "payment_on_account",
    "parent_customer_id", "tax_exempt",
}  # fmt: skip
LOOKUPS = {"platform": "external_id", "email": "email", "sparklayer": "id"}
REQUIRED_FIELDS = ("address_line1", "city", "country_code")


def get(request: Request, site: Site, body: Any) -> Response:
    return json_response(_found(request, site))


def put(request: Request, site: Site, body: Any) -> Response:
    name = _lookup(request)
    row = dict(known_fields(body, FIELDS))
    identifier = request.path_params["identifier"]
    require(row.get(name) == identifier, name, "idMismatch: the body and the URL name different customers")
    existing = _find(site, name, identifier)
    for field in ("external_id", "email"):
        others = (each for each in site.customers.values() if each is not existing)
        if row.get(field) and any(each.get(field) == row[field] for each in others):
            raise ApiError(409, "Conflict", **{field: "is used by another customer"})
    _check(site, row)
    key = existing["id"] if existing else row.get("id") or str(uuid.uuid4())
    site.customers[key] = row | {"id": key}
    return json_response(site.customers[key], 200 if existing else 201)


def delete(request: Request, site: Site, body: Any) -> Response:
    del site.customers[_found(request, site)["id"]]
    return Response(status_code=204)


def _check(site: Site, row: Row) -> None:
    require("@" in str(row.get("email")), "email", "must be an email address")
    for name in ("first_name", "last_name"):
        require(isinstance(row.get(name), str), name, "is required")
    require(row.get("group") is None or row["group"] in GROUPS, "group", f"group {row.get('group')!r} does not exist")
    require(row.get("role") is None or row["role"] in ROLES, "role", f"role {row.get('role')!r} does not exist")
    parent = row.get("parent_customer_id")
    known = parent is None or _find(site, "external_id", parent)
    require(known, "parent_customer_id", "customer does not exist")
    discount = row.get("discount_percentage")
    require(
        discount is None or (is_number(discount) and 0 <= discount <= 100),
        "discount_percentage",
        "must be from 0 to 100",
    )
    for position, each in enumerate(row.get("addresses") or ()):
        for name in REQUIRED_FIELDS:
            require(is_text(each.get(name)), f"addresses[{position}].{name}", "is required")


def _lookup(request: Request) -> str:
    name = LOOKUPS.get(request.path_params["lookup"])
    if name is None:
        raise ApiError(404, f"Customers can be looked up by {', '.join(LOOKUPS)}")
    return name


def _find(site: Site, name: str, value: str) -> Row | None:
    return next((each for each in site.customers.values() if each.get(name) == value), None)


def _found(request: Request, site: Site) -> Row:
    row = _find(site, _lookup(request), request.path_params["identifier"])
    if row is None:
        raise ApiError(404, "The customer does not exist")
    return row


PATH = "/api/v2/customers/{lookup}/{identifier}"
ROUTES = (("GET", PATH, get), ("PUT", PATH, put), ("DELETE", PATH, delete))
