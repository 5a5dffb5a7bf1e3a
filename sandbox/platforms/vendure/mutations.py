"""Mutations of the catalog and of fulfillments. Those of lists change all of it, or nothing."""

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from sandbox.platforms.vendure import orders
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.shop import Shop, now

Rows = list[Row]


def _existing(shop: Shop, kind: str, ids: list[str]) -> Rows:
    stored = getattr(shop, kind)
    for each in ids:
        if each not in stored:
            raise GraphQLError(f"No {kind} with the ID {each}", extensions={"code": "ENTITY_NOT_FOUND"})
    return [stored[each] for each in ids]


def _texts(row: Row, given: Row) -> None:
    for translation in given.get("translations") or ():
        row |= {name: translation[name] for name in ("name", "slug", "description") if name in translation}
    row |= {name: given[name] for name in ("enabled", "sku", "trackInventory") if given.get(name) is not None}


def _create_product(shop: Shop, input: Row) -> Row:
    time = now()
    product = shop.add(
        "products", createdAt=time, updatedAt=time, name="", slug="", description="", enabled=True, variants=[],
        optionGroups=[], assets=[], facetValues=[], collections=[],
    )  # fmt: skip
    _texts(product, input)
    product["slug"] = _free_slug(shop, product)
    return product


def _free_slug(shop: Shop, product: Row) -> str:
    """A slug that is taken gets a number."""
    others = {each["slug"] for each in shop.products.values() if each is not product}
    slug, number = product["slug"], 1
    while product["slug"] and slug in others:
        number += 1
        slug = f"{product['slug']}-{number}"
    return str(slug)


def _update_products(shop: Shop, input: Rows) -> Rows:
    found = _existing(shop, "products", [each["id"] for each in input])
    for product, given in zip(found, input, strict=True):
        _texts(product, given)
        product["slug"] = _free_slug(shop, product)
        product["updatedAt"] = now()
    return found


def _delete_products(shop: Shop, ids: list[str]) -> Rows:
    for product in _existing(shop, "products", ids):
        for variant in product["variants"]:
            shop.variants.drop(variant["id"])
        shop.products.drop(product["id"])
    return [{"result": "DELETED", "message": None} for _ in ids]


def _create_group(shop: Shop, input: Row) -> Row:
    group = shop.add_group(input["code"], input["translations"][0]["name"], [])
    for option in input.get("options") or ():
        shop.add_option(group, option["code"], option["translations"][0]["name"])
    return group


def _create_option(shop: Shop, input: Row) -> Row:
    (group,) = _existing(shop, "option_groups", [input["productOptionGroupId"]])
    return shop.add_option(group, input["code"], input["translations"][0]["name"])


def _attach_group(shop: Shop, productId: str, optionGroupId: str) -> Row:
    (product,) = _existing(shop, "products", [productId])
    product["optionGroups"] += _existing(shop, "option_groups", [optionGroupId])
    return product


def _create_variants(shop: Shop, input: Rows) -> Rows:
    _existing(shop, "products", [each["productId"] for each in input])
    return [_create_variant(shop, each) for each in input]


def _create_variant(shop: Shop, given: Row) -> Row:
    product = shop.products[given["productId"]]
    options = _options(product, given)
    taken = [{each["id"] for each in variant["options"]} for variant in product["variants"]]
    if {each["id"] for each in options} in taken:
        raise GraphQLError(
            "A ProductVariant with the selected options already exists", extensions={"code": "USER_INPUT_ERROR"}
        )
    variant = shop.add_variant(product, now(), given["sku"], "", given.get("price") or 0, {"1": 0}, options)
    _change(shop, variant, given)
    return variant


def _options(product: Row, given: Row) -> Rows:
    """One option of every group of the product."""
    known = {option["id"]: option for group in product["optionGroups"] for option in group["options"]}
    options = [known[each] for each in given.get("optionIds") or () if each in known]
    if {option["groupId"] for option in options} != {group["id"] for group in product["optionGroups"]}:
        raise GraphQLError(
            "The ProductVariant needs an option of each option group", extensions={"code": "USER_INPUT_ERROR"}
        )
    return options


def _update_variants(shop: Shop, input: Rows) -> Rows:
    found = _existing(shop, "variants", [each["id"] for each in input])
    for variant, given in zip(found, input, strict=True):
        if given.get("optionIds") is not None:
            variant["options"] = _options(shop.products[variant["productId"]], given)
        _change(shop, variant, given)
        variant["updatedAt"] = now()
    return found


def _change(shop: Shop, variant: Row, given: Row) -> None:
    _texts(variant, given)
    if given.get("price") is not None:
        shop.set_price(variant, shop.currency, given["price"])
    for price in given.get("prices") or ():
        if price["currencyCode"] not in shop.currencies:
            raise GraphQLError("The currency is not available", extensions={"code": "USER_INPUT_ERROR"})
        shop.set_price(variant, price["currencyCode"], None if price.get("delete") else price["price"])
    for level in given.get("stockLevels") or ():
        if level["stockOnHand"] < 0:
            raise GraphQLError("stockOnHand must not be negative", extensions={"code": "USER_INPUT_ERROR"})
        shop.set_stock(variant, level["stockLocationId"], level["stockOnHand"], now())


def _delete_variants(shop: Shop, ids: list[str]) -> Rows:
    for variant in _existing(shop, "variants", ids):
        shop.products[variant["productId"]]["variants"].remove(variant)
        shop.variants.drop(variant["id"])
    return [{"result": "DELETED", "message": None} for _ in ids]


def _fulfil(shop: Shop, input: Row) -> Row:
    return orders.fulfil(shop, input["lines"], input["handler"])


BY_NAME: dict[str, Callable[..., Any]] = {
    "createProduct": _create_product,
    "updateProducts": _update_products,
    "deleteProducts": _delete_products,
    "createProductOptionGroup": _create_group,
    "createProductOption": _create_option,
    "addOptionGroupToProduct": _attach_group,
    "createProductVariants": _create_variants,
    "updateProductVariants": _update_variants,
    "deleteProductVariants": _delete_variants,
    "addFulfillmentToOrder": _fulfil,
    "transitionFulfillmentToState": orders.move,
}
