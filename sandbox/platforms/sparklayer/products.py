"""Products and their variants.

`POST /api/v1/products`, `GET` and `PATCH /api/v1/products/{id}`, `GET /api/v1/variants/{id}`.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_number, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

STATUSES = ("pending", "discontinued", "suspended", "live")
FIELDS = {"external_id", "title", "slug", "variants"}
VARIANT = {
    "external_id", "sku", "weight_in_grams", "position", "cart_image_url", "options", "status", "rrp", "settings",
    "stock",
}  # fmt: skip
# Lists whose entries must be unique by another field.
UNIQUE_BY = {"rrp": "currency_code", "options": "group", "settings": "customer_group"}


def create(site: Site, body: Any) -> Row:
    body = known_fields(body, FIELDS)
    require(is_text(body.get("title")), "title", "is required")
    require(is_text(body.get("slug")), "slug", "is required")
    require(is_text(body.get("external_id")), "external_id", "is required")
    require(not body["external_id"].startswith("pp_"), "external_id", "must not start with pp_")
    if body["external_id"] in site.products:
        raise ApiError(409, "Conflict", external_id="is used by another product")
    product: Row = {"variants": []}
    _write(site, product, body)
    return product


def _write(site: Site, product: Row, body: Row) -> None:
    """All or nothing. Variants are matched by their external ID; omitted ones are kept."""
    own = {each["external_id"]: each for each in product["variants"]}
    for position, each in enumerate(body.get("variants") or ()):
        known_fields(each, VARIANT)
        _check(site, each, own, f"variants[{position}]")
    product |= {name: value for name, value in body.items() if name != "variants"}
    for each in body.get("variants") or ():
        key = each["external_id"]
        if key not in own:
            own[key] = {"status": "pending"}
            product["variants"].append(own[key])
        own[key] |= each
        site.variants[key] = own[key]
    site.products[product["external_id"]] = product


def _check(site: Site, variant: Row, own: dict[str, Row], path: str) -> None:
    key = variant.get("external_id")
    require(is_text(key), f"{path}.external_id", "is required")
    require(not str(key).startswith("pv_"), f"{path}.external_id", "must not start with pv_")
    if key in site.variants and key not in own:
        raise ApiError(409, "Conflict", **{f"{path}.external_id": "is used by a variant of another product"})
    require(key in own or is_text(variant.get("sku")), f"{path}.sku", "is required")
    require(variant.get("status", "live") in STATUSES, f"{path}.status", f"must be one of {', '.join(STATUSES)}")
    weight = variant.get("weight_in_grams")
    require(
        weight is None or (is_number(weight) and weight >= 0),
        f"{path}.weight_in_grams",
        "must be a number of at least 0",
    )
    for name, by in UNIQUE_BY.items():
        values = [each.get(by) for each in variant.get(name) or ()]
        require(len(values) == len(set(values)), f"{path}.{name}", f"each {by} must occur only once")


def post(request: Request, site: Site, body: Any) -> Response:
    return json_response(create(site, body))


def get(request: Request, site: Site, body: Any) -> Response:
    return json_response(_find(site.products, request))


def patch(request: Request, site: Site, body: Any) -> Response:
    product = _find(site.products, request)
    body = known_fields(body, FIELDS)
    new = body.get("external_id", product["external_id"])
    if new != product["external_id"] and new in site.products:
        raise ApiError(409, "Conflict", external_id="is used by another product")
    former = product["external_id"]
    _write(site, product, body)
    if new != former:
        del site.products[former]
    return json_response(product)


def get_variant(request: Request, site: Site, body: Any) -> Response:
    variant = _find(site.variants, request)
    stock = [level for (_, sku), level in site.levels.items() if sku == variant.get("sku")]
    return json_response(variant | {"stock": stock})


def _find(rows: dict[str, Row], request: Request) -> Row:
    row = rows.get(request.path_params["id"])
    if row is None:
        raise ApiError(404, "Not found")
    return row


ROUTES = (
    ("POST", "/api/v1/products", post),
    ("GET", "/api/v1/products/{id}", get),
    ("PATCH", "/api/v1/products/{id}", patch),
    ("GET", "/api/v1/variants/{id}", get_variant),
)
