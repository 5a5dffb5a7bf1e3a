"""Writing products and variations, one by one or in batches (_products.md, _product-variations.md).

Seen in code: a SKU is unique over products, variations and the trash (class-wc-product.php); a batch has at most 100
objects and deletes for good (class-wc-rest-controller.php); values of options that a product does not list for its
variations are left out; without `manage_stock` the quantity is dropped. Stricter than the vendor: unknown fields are
refused by the contract, and prices must be text in a batch, too.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import annotate_call, json_response
from sandbox.platforms.woocommerce import views
from sandbox.platforms.woocommerce.catalog_routes import product_of
from sandbox.platforms.woocommerce.clock import gmt, now
from sandbox.platforms.woocommerce.responses import ApiError, Query, Row, invalid_id, invalid_parameter
from sandbox.platforms.woocommerce.site import PRODUCT, VARIATION, Site

BATCH = 100
TYPES = ("simple", "grouped", "external", "variable")
STATUSES = ("draft", "pending", "private", "publish", "future")
_TEXTS = ("name", "slug", "description", "short_description", "sku", "regular_price", "sale_price", "weight")
_PRICES = ("regular_price", "sale_price")
_READ_ONLY = {"id", "price", "on_sale", "purchasable", "permalink"}


async def body_of(request: Request) -> Row:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "rest_invalid_json", "Invalid JSON body passed.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "rest_invalid_json", "Invalid JSON body passed.")
    return body


async def create(request: Request, site: Site) -> Response:
    return json_response(views.product(site, _create_product(site, await body_of(request))), 201)


async def update(request: Request, site: Site) -> Response:
    number = product_of(site, request, 400)["id"]
    return json_response(views.product(site, _update_product(site, number, await body_of(request))))


async def delete(request: Request, site: Site) -> Response:
    row = product_of(site, request)
    shown = views.product(site, row)
    if Query(request).flag("force"):
        _delete_product(site, row["id"])
    else:
        row |= {"status": "trash", "modified": now()}
    return json_response(shown)


async def batch(request: Request, site: Site) -> Response:
    return _batch(
        request,
        await body_of(request),
        create=lambda values: views.product(site, _create_product(site, values)),
        update=lambda number, values: views.product(site, _update_product(site, number, values)),
        delete=lambda number: _delete_product(site, number),
    )


async def batch_variations(request: Request, site: Site) -> Response:
    parent = product_of(site, request)["id"]
    return _batch(
        request,
        await body_of(request),
        create=lambda values: views.variation(site, _create_variation(site, parent, values)),
        update=lambda number, values: views.variation(site, _update_variation(site, parent, number, values)),
        delete=lambda number: _delete_variation(site, parent, number),
    )


def _batch(
    request: Request,
    body: Row,
    *,
    create: Callable[[Row], Row],
    update: Callable[[int, Row], Row],
    delete: Callable[[int], Row],
) -> Response:
    """An entry that is refused has an error in its place; the others are saved."""
    size = sum(len(body.get(name, ())) for name in ("create", "update", "delete"))
    if size > BATCH:
        message = f"Unable to accept more than {BATCH} items for this request."
        raise ApiError(413, "woocommerce_rest_request_entity_too_large", message)
    annotate_call(request, items=size)
    answer: Row = {}
    if body.get("create"):
        answer["create"] = [_outcome(0, lambda each=each: create(each)) for each in body["create"]]  # type: ignore[misc]
    if body.get("update"):
        answer["update"] = [
            _outcome(each.get("id", 0), lambda each=each: update(each.get("id", 0), each))  # type: ignore[misc]
            for each in body["update"]
        ]
    if body.get("delete"):
        answer["delete"] = [_outcome(each, lambda each=each: delete(each)) for each in body["delete"]]  # type: ignore[misc]
    return json_response(answer)


def _outcome(number: int, act: Callable[[], Row]) -> Row:
    try:
        return act()
    except ApiError as error:
        return {"id": number, "error": error.body()}


def _create_product(site: Site, values: Row) -> Row:
    checked = _checked(site, values, None)
    number = site.post_id()
    row = PRODUCT | {"id": number, "created": now(), "slug": f"product-{number}"}
    _save(site, row, checked)
    site.products[number] = row
    return row


def _update_product(site: Site, number: int, values: Row) -> Row:
    if number not in site.products:
        raise invalid_id("product", 400)
    checked = _checked(site, values, number)
    row: Row = site.products[number]
    _save(site, row, checked)
    return row


def _delete_product(site: Site, number: int) -> Row:
    if number not in site.products:
        raise invalid_id("product")
    for each in site.variations_of(number):
        del site.variations[each["id"]]
    row: Row = site.products.pop(number)
    return {"id": number, "name": row["name"]}


def _create_variation(site: Site, parent: int, values: Row) -> Row:
    checked = _checked(site, values, None)
    number = site.post_id()
    row = VARIATION | {"id": number, "parent_id": parent, "created": now()}
    _save(site, row, checked)
    site.variations[number] = row
    site.products[parent]["modified"] = now()
    return row


def _update_variation(site: Site, parent: int, number: int, values: Row) -> Row:
    if site.variations.get(number, {}).get("parent_id") != parent:
        raise invalid_id("product_variation", 400)
    checked = _checked(site, values, number)
    row: Row = site.variations[number]
    _save(site, row, checked)
    site.products[parent]["modified"] = now()
    return row


def _delete_variation(site: Site, parent: int, number: int) -> Row:
    if site.variations.get(number, {}).get("parent_id") != parent:
        raise invalid_id("product_variation")
    del site.variations[number]
    site.products[parent]["modified"] = now()
    return {"id": number}


def _checked(site: Site, values: Row, number: int | None) -> Row:
    """The values to store. ApiError for what the shop refuses."""
    for name in _TEXTS:
        if name in values and not isinstance(values[name], str):
            raise invalid_parameter(name, f"{name} is not of type string.")
    for name, choices in (("type", TYPES), ("status", STATUSES)):
        if name in values and values[name] not in choices:
            raise invalid_parameter(name, f"{name} is not one of {', '.join(choices)}.")
    if "sku" in values:
        # As WordPress cleans texts (seen in code).
        values = values | {"sku": " ".join(re.sub(r"(%[0-9a-fA-F]{2})+", "", values["sku"]).split())}
    other = site.by_sku(values.get("sku", ""))
    if other is not None and other["id"] != number:
        details = {"resource_id": other["id"], "unique_sku": f"{values['sku']}-1"}
        raise ApiError(400, "product_invalid_sku", "Invalid or duplicated SKU.", **details)
    stored = {name: value for name, value in values.items() if name not in _READ_ONLY}
    for name in ("categories", "brands"):
        if name in stored:
            stored[name] = [each["id"] for each in stored[name] if each["id"] in getattr(site, name)]
    if "images" in stored:
        stored["images"] = [_image(site, each) for each in stored["images"]]
    if isinstance(stored.get("image"), dict):
        stored["image"] = _image(site, stored["image"])
    if "attributes" in stored:
        stored["attributes"] = [{"id": 0, "position": place} | each for place, each in enumerate(stored["attributes"])]
    for name in ("date_on_sale_from", "date_on_sale_to"):
        if name in stored:
            stored[name] = gmt(stored[name])
    return stored


def _image(site: Site, image: Row) -> int:
    """The ID of a stored image; one with an address is downloaded, each time."""
    if image.get("id"):
        if image["id"] not in site.media:
            message = f"#{image['id']} is an invalid image ID."
            raise ApiError(400, "woocommerce_product_invalid_image_id", message)
        return int(image["id"])
    source = str(image.get("src", ""))
    if urlsplit(source).scheme not in ("http", "https"):
        raise ApiError(400, "woocommerce_product_image_upload_error", f"Error getting remote image {source}.")
    return site.add_image(source, image.get("alt", ""))


def _save(site: Site, row: Row, values: Row) -> None:
    row |= values | {"modified": now()}
    if not row["manage_stock"]:
        row["stock_quantity"] = None
    elif row["stock_quantity"] is None or row["stock_quantity"] <= 0:
        row["stock_quantity"] = row["stock_quantity"] or 0
        row["stock_status"] = "outofstock" if row["backorders"] == "no" else "onbackorder"
    else:
        row["stock_status"] = "instock"
    if row["id"] in site.variations or "parent_id" not in row or not row["parent_id"]:
        return
    _keep_known_options(site.products[row["parent_id"]], row)


def _keep_known_options(parent: Row, row: dict[str, Any]) -> None:
    names = {each["name"].lower() for each in parent["attributes"] if each["variation"]}
    row["attributes"] = [each for each in row["attributes"] if str(each.get("name", "")).lower() in names]
