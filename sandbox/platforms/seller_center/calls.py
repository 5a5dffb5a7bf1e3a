"""Validation of the product calls of Seller Center's shop (product-api/…): fields, types, and what must be there."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.platforms.seller_center import InvalidRequest, Row

STATUSES = ("active", "inactive", "deleted")
# The vendor's table has the plural, its example the singular.
IMAGES = ("Product.updateImageCollection", "Product.updateImageCollections")
# Older than collections: images are added one by one, none is removed.
ADD_IMAGES = "Product.addImages"
SELLERS = ("Seller.createSellers", "Seller.updateSellers")
PRICES = ("price", "special_price", "special_from_date", "special_to_date")
NAMES = ("product_id", "config_id", "seller_sku", "sku")
_CONTENT = {
    *("approval_status", "attribute_set", "attributes", "brand", "primary_category", "categories", "description"),
    *("platform_identifier", "product_identifier", "product_set", "seller", "shipment_type", "status", "tax_class"),
    *("title", "id_catalog_product", "shipment_matrix_template", "rsin"),
}
_CREATED = _CONTENT | {"config_id", "seller_sku", "stock", *PRICES}
# The fields that an entry of each method can have, and those that it must have. `variation` is our own.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "Product.createProducts": (_CREATED | {"variation"}, _CREATED),
    "Product.updateProducts": (_CONTENT | {"variation", *PRICES, *NAMES}, {"status"}),
    "Product.updateStock": ({"quantity", "seller_id", *NAMES}, {"quantity"}),
    "Product.updatePrices": ({"attribute_set", *PRICES, *NAMES}, {"price"}),
}


METHODS = (*FIELDS, *IMAGES, ADD_IMAGES, *SELLERS)


def the_call(body: Any) -> tuple[Any, tuple[str, str] | None]:
    """The call of a request, and user name and password if it is a batch that starts with `auth`."""
    match body:
        case [{"method": "auth", "params": {"username": str(name), "password": str(password)}}, call]:
            return call, (name, password)
    return body, None


def validated(body: Any) -> list[Row]:
    """The entries of a request. Raises InvalidRequest for anything that the method does not accept."""
    if not isinstance(body, dict) or body.keys() != {"api", "method", "params", "id"} or body["api"] != 1:
        raise InvalidRequest("a call requires api (1), method, params and id")
    if not isinstance(body["id"], str | int) or body["method"] not in METHODS:
        raise InvalidRequest(f"method must be one of {', '.join(METHODS)}; id must be text or a number")
    params = body["params"]
    if body["method"] in IMAGES:
        return [_validated_images(params)]
    if body["method"] == ADD_IMAGES:
        return _listed(params, "imageInfos", {"productId", "fileName", "imageNumber"})
    if body["method"] in SELLERS:
        return _listed(params, "sellerData", {"id"})
    if not isinstance(params, dict) or params.keys() != {"productsInfo"}:
        raise InvalidRequest("params must contain productsInfo")
    entries = params["productsInfo"]
    if not isinstance(entries, list) or not entries:
        raise InvalidRequest("productsInfo must be a list of products")
    for index, entry in enumerate(entries):
        if problem := _problem(entry, *FIELDS[body["method"]]):
            raise InvalidRequest(f"productsInfo[{index}]: {problem}")
    return entries


def _listed(params: Any, name: str, required: set[str]) -> list[Row]:
    entries = params.get(name) if isinstance(params, dict) and params.keys() == {name} else None
    if not isinstance(entries, list) or not entries:
        raise InvalidRequest(f"params must contain {name}, a list")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(each), str | int) for each in required):
            raise InvalidRequest(f"{name}[{index}]: missing: {', '.join(sorted(required))}")
    return entries


def _validated_images(params: Any) -> Row:
    match params:
        case {"productSetSrcId": int(), "images": list(images), **rest} if not rest:
            if all(_is_image(each) for each in images):
                return dict(params)
    raise InvalidRequest("params must be productSetSrcId (an integer) and images with url and hash")


def _is_image(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {"url", "hash"}:
        return False
    return all(isinstance(each, str) and each for each in value.values())


def _problem(entry: Any, allowed: set[str], required: set[str]) -> str:
    if not isinstance(entry, dict):
        return "must be an object"
    if unknown := entry.keys() - allowed:
        return f"unknown: {', '.join(sorted(unknown))}"
    if missing := required - entry.keys():
        return f"missing: {', '.join(sorted(missing))}"
    if not any(entry.get(name) for name in NAMES):
        return f"the product must be identified by one of {', '.join(NAMES)}"
    for name, value in entry.items():
        if not _fits(name, value):
            return f"{name} is malformed"
    return ""


def _fits(name: str, value: Any) -> bool:
    match name:
        case "stock":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "approval_status":
            return isinstance(value, int) and not isinstance(value, bool)
        case "quantity":
            return isinstance(value, str) and value.isascii() and value.isdecimal()
        case "price" | "special_price":
            return value is None or _is_amount(value)
        case "special_from_date" | "special_to_date":
            return value is None or _is_datetime(value)
        case "status":
            return value in STATUSES
        case "categories":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "shipment_matrix_template":
            return isinstance(value, list)
        case "attributes":
            return isinstance(value, dict) and all(_is_attribute(each) for each in value.values())
        case "variation":
            return isinstance(value, dict)
        case "title":
            return isinstance(value, str) and 0 < len(value) <= 255 and "\0" not in value
        case "seller_sku":
            return isinstance(value, str) and 0 < len(value) <= 255
    return value is None or isinstance(value, str)


def _is_attribute(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))


def _is_amount(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value) >= 0
    except InvalidOperation:
        return False


def _is_datetime(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.strptime(value, "%Y-%m-%d %H:%M:%S") is not None
    except ValueError:
        return False
