"""Customers: `GET`, `PUT`, `PATCH` and `DELETE /api/v2/customers/{platform|email|sparklayer}/{identifier}`.

Documented: `PUT` is a full replacement, and deletes addresses that it leaves out; its body must hold the identifier of
the path; groups, roles and parents must exist, price lists are not checked; email addresses, platform IDs and the IDs
of addresses are unique in the site; default addresses may be named by their external IDs (reference of 2023). Assumed:
`PATCH` has the same path, replaces the lists and objects that it is given, and may, but need not, hold the identifier;
a parent is named by its platform ID.
"""

import uuid
from itertools import count
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, IdMismatch, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import GROUPS, ROLES, Row, Site

FIELDS = {
    "id", "legacy_id", "external_id", "email", "first_name", "last_name", "company_name", "accounting_id", "status",
    "group", "role", "addresses", "sales_agent_groups", "price_lists", "discount_percentage", "payment_on_account",
    "parent_customer_id", "tax_exempt", "default_billing_address_id", "default_shipping_address_id",
    "available_shipping_addresses", "currency_code",
}  # fmt: skip
LOOKUPS = {"platform": ("external_id",), "email": ("email",), "sparklayer": ("id", "legacy_id")}
REQUIRED_FIELDS = ("address_line1", "city", "country_code")
_NUMBERS = count(1)


def get(request: Request, site: Site, body: Any) -> Response:
    return json_response(_found(request, site))


def put(request: Request, site: Site, body: Any) -> Response:
    row = dict(known_fields(body, FIELDS))
    names, identifier = _lookup(request), request.path_params["identifier"]
    if not any(row.get(name) == identifier for name in names):
        raise IdMismatch(names[0])
    existing = _find(site, names, identifier)
    stored = existing or {"id": row.get("id") or str(uuid.uuid4()), "legacy_id": f"cu_{next(_NUMBERS)}"}
    return _store(site, existing, row | {name: stored[name] for name in LOOKUPS["sparklayer"]})


def patch(request: Request, site: Site, body: Any) -> Response:
    existing = _found(request, site)
    row = existing | known_fields(body, FIELDS)
    if any(row[name] != existing[name] for name in LOOKUPS["sparklayer"]):
        raise IdMismatch("id")
    return _store(site, existing, row)


def delete(request: Request, site: Site, body: Any) -> Response:
    del site.customers[_found(request, site)["id"]]
    return Response(status_code=204)


def _store(site: Site, existing: Row | None, row: Row) -> Response:
    others = [each for each in site.customers.values() if each is not existing]
    for field in ("external_id", "email"):
        if row.get(field) and any(each.get(field) == row[field] for each in others):
            raise ApiError(409, "Conflict", **{field: "is used by another customer"})
    _check(site, row)
    taken = {address.get("external_id") for each in others for address in each.get("addresses") or ()}
    for position, address in enumerate(row.get("addresses") or ()):
        if address.get("external_id") in taken - {None, ""}:
            raise ApiError(409, "Conflict", **{f"addresses[{position}].external_id": "is used by another address"})
    site.customers[row["id"]] = row
    return json_response(row, 200 if existing else 201)


def _check(site: Site, row: Row) -> None:
    require("@" in str(row.get("email")), "email", "must be an email address")
    for name in ("first_name", "last_name"):
        require(isinstance(row.get(name), str), name, "is required")
    require(row.get("group") is None or row["group"] in GROUPS, "group", f"group {row.get('group')!r} does not exist")
    require(row.get("role") is None or row["role"] in ROLES, "role", f"role {row.get('role')!r} does not exist")
    parent = row.get("parent_customer_id")
    known = parent is None or _find(site, ("external_id",), parent)
    require(known, "parent_customer_id", "customer does not exist")
    discount = row.get("discount_percentage")
    require(
        discount is None or (is_number(discount) and 0 <= discount <= 100),
        "discount_percentage",
        "must be from 0 to 100",
    )
    own = {each.get("external_id") for each in row.get("addresses") or ()} | {None}
    for name in ("default_billing_address_id", "default_shipping_address_id"):
        require(row.get(name) in own, name, "the customer has no such address")
    for position, each in enumerate(row.get("addresses") or ()):
        for name in REQUIRED_FIELDS:
            require(is_text(each.get(name)), f"addresses[{position}].{name}", "is required")


def _lookup(request: Request) -> tuple[str, ...]:
    """The fields that may hold the identifier of the path."""
    names = LOOKUPS.get(request.path_params["lookup"])
    if names is None:
        raise ApiError(404, f"Customers can be looked up by {', '.join(LOOKUPS)}")
    return names


def _find(site: Site, names: tuple[str, ...], value: str) -> Row | None:
    return next((each for each in site.customers.values() if value in [each.get(name) for name in names]), None)


def _found(request: Request, site: Site) -> Row:
    row = _find(site, _lookup(request), request.path_params["identifier"])
    if row is None:
        raise ApiError(404, "The customer does not exist")
    return row


PATH = "/api/v2/customers/{lookup}/{identifier}"
ROUTES = (("GET", PATH, get), ("PUT", PATH, put), ("PATCH", PATH, patch), ("DELETE", PATH, delete))
