"""`productSet` and the other mutations of products.

Source: https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/productSet. Texts and codes of errors are those of
https://shopify.dev/docs/api/admin-graphql/2026-07/enums/ProductSetUserErrorCode.
"""

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

from graphql import GraphQLError

from sandbox.platforms.shopify.catalog import find, require
from sandbox.platforms.shopify.schema import Context, Resolver, Row, gid
from sandbox.platforms.shopify.store import Store, timestamp

MAX_VARIANTS = 2048
MAX_LIST = 250
MAX_OPTIONS = 3
MAX_TEXT = 255
FIELDS = ("title", "descriptionHtml", "vendor", "productType", "tags", "status")


class InputRejected(Exception):
    """An entry of `userErrors`."""

    def __init__(self, field: list[str], message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(message)
        self.row = {"field": field, "message": message, "code": code}


def product_set(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_products", "productSet")
    _check_sizes(arguments["input"])
    store = context.store
    product, errors = None, []
    try:
        product = _set(store, arguments["input"], arguments.get("identifier") or {})
    except InputRejected as error:
        errors = [error.row]
    if arguments["synchronous"]:
        return {"product": product, "productSetOperation": None, "userErrors": errors}
    number = store.next_id("ProductSetOperation", 1)
    store.operations[number] = {
        "__typename": "ProductSetOperation",
        "id": number,
        "ready": time.monotonic() + store.options.import_ms / 1000,
        "result": product,
        "errors": errors,
    }
    return {"product": None, "productSetOperation": operation_view(store.operations[number]), "userErrors": []}


def operation_view(row: Row) -> Row:
    is_ready = time.monotonic() >= row["ready"]
    return {
        **row,
        "status": "COMPLETE" if is_ready else "CREATED",
        "product": row["result"] if is_ready else None,
        "userErrors": row["errors"] if is_ready else [],
    }


def _product_operation(_: Any, arguments: Row, context: Context) -> Row | None:
    row = context.store.operations.get(int(arguments["id"].rpartition("/")[2]))
    return None if row is None else operation_view(row)


def _product_by_identifier(_: Any, arguments: Row, context: Context) -> Row | None:
    require(context, "read_products", "productByIdentifier")
    try:
        return _identified(context.store, arguments["identifier"])
    except InputRejected as error:
        if error.row["code"] == "PRODUCT_DOES_NOT_EXIST":
            return None
        raise GraphQLError(str(error), extensions={"code": error.row["code"]}) from error


def _check_sizes(given: Row) -> None:
    for name, most in (("variants", MAX_VARIANTS), ("files", MAX_LIST), ("tags", MAX_LIST)):
        if len(given.get(name) or ()) > most:
            size = len(given[name])
            raise GraphQLError(
                f"The input array size of {size} is greater than the maximum allowed of {most}.",
                extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
            )


def _set(store: Store, given: Row, identifier: Row) -> Row:
    if len(identifier) > 1:
        raise InputRejected(["identifier"], "Only one identifier may be given.", "INPUT_MISMATCH")
    found = _identified(store, identifier)
    _check_texts(given, new=found is None)
    handle = _handle(store, given, found)
    options = _options(given, found)
    variants = _checked_variants(store, given, found, options)
    files = _checked_files(store, given)
    row = found or _new_product(store)
    store.change(row, **{name: given[name] for name in FIELDS if given.get(name) is not None}, handle=handle)
    if custom := identifier.get("customId"):
        row["metafields"][_key(custom)] = custom["value"]
    if options is not None:
        row["options"] = [] if _is_default(options) else [each["name"] for each in options]
        _replace_variants(store, row, variants)
    elif found is None:
        store.add_variant(row["id"], sku="", options=[], price="0.00")
    if files is not None:
        _replace_files(store, row["id"], files)
    return row


def _identified(store: Store, identifier: Row) -> Row | None:
    if "id" in identifier:
        found = find(store, identifier["id"])
        if found is None or found["__typename"] != "Product":
            raise InputRejected(["input", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return found
    rows = store.products.values()
    if "handle" in identifier:
        return next((row for row in rows if row["handle"] == identifier["handle"]), None)
    if custom := identifier.get("customId"):
        if _key(custom) not in store.definitions:
            raise InputRejected(
                ["identifier", "customId"], "Metafield definition of type 'id' is required.", "NOT_FOUND"
            )
        return next((row for row in rows if row["metafields"].get(_key(custom)) == custom["value"]), None)
    return None


def _key(custom: Row) -> str:
    return f"{custom.get('namespace') or 'app'}.{custom['key']}"


def _check_texts(given: Row, *, new: bool) -> None:
    if (new or "title" in given) and not (given.get("title") or "").strip():
        raise InputRejected(["input", "title"], "can't be blank", "INVALID_PRODUCT")
    if len(given.get("title") or "") > MAX_TEXT:
        raise InputRejected(["input", "title"], f"is too long (maximum is {MAX_TEXT} characters)", "INVALID_PRODUCT")
    if len(given.get("vendor") or "") > MAX_TEXT:
        raise InputRejected(["input"], f"Vendor is too long (maximum is {MAX_TEXT} characters)", "INVALID_PRODUCT")


def _handle(store: Store, given: Row, found: Row | None) -> str:
    """A handle that is given has to be free; one that is made of the title gets a number."""
    taken = {row["handle"] for row in store.products.values() if row is not found}
    if given.get("handle"):
        if (handle := _slug(given["handle"])) in taken:
            text = f"Handle '{given['handle']}' already in use. Please provide a new handle."
            raise InputRejected(["input", "handle"], text, "HANDLE_NOT_UNIQUE")
        return handle
    if found is not None:
        return str(found["handle"])
    base, number = _slug(given["title"]), 0
    while (handle := f"{base}-{number}" if number else base) in taken:
        number += 1
    return handle


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.strip().lower()).strip("-")


def _options(given: Row, found: Row | None) -> list[Row] | None:
    options = given.get("productOptions")
    if options is None:
        if given.get("variants") is not None:
            text = "The productOptions field must be included when variants is included"
            raise InputRejected(["input", "productOptions"], text, "PRODUCT_OPTIONS_INPUT_MISSING")
        return None
    if given.get("variants") is None:
        text = "Variants input is required when updating product options"
        raise InputRejected(["input", "variants"], text, "VARIANTS_INPUT_MISSING")
    if len(options) > MAX_OPTIONS:
        raise InputRejected(
            ["input", "productOptions"], f"Only {MAX_OPTIONS} options are allowed", "OPTIONS_OVER_LIMIT"
        )
    names = [each.get("name") for each in options]
    if len(set(names)) < len(names):
        raise InputRejected(["input", "productOptions"], "Option names must be unique", "DUPLICATED_OPTION_NAME")
    for place, each in enumerate(options):
        values = [value["name"] for value in each.get("values") or ()]
        if not values:
            text = "Option values are missing"
            raise InputRejected(["input", "productOptions", str(place)], text, "OPTION_VALUES_MISSING")
        if len(set(values)) < len(values):
            text = "Option values must be unique"
            raise InputRejected(["input", "productOptions", str(place)], text, "DUPLICATED_OPTION_VALUE")
    return list(options)


def _is_default(options: list[Row]) -> bool:
    return [(each["name"], [value["name"] for value in each["values"]]) for each in options] == [
        ("Title", ["Default Title"])
    ]


def _checked_variants(store: Store, given: Row, found: Row | None, options: list[Row] | None) -> list[Row]:
    """The variants with `values`, their option values in the order of the options."""
    rows, seen = [], set()
    for place, each in enumerate(given.get("variants") or ()):
        field = ["input", "variants", str(place)]
        chosen = {value.get("optionName"): value.get("name") for value in each["optionValues"]}
        names = [option["name"] for option in options or ()]
        if set(chosen) != set(names):
            raise InputRejected(field, "Option values have to name each option", "INVALID_VARIANT")
        for option in options or ():
            if chosen[option["name"]] not in [value["name"] for value in option["values"]]:
                raise InputRejected(
                    field, f"{chosen[option['name']]} is no value of {option['name']}", "INVALID_VARIANT"
                )
        values = tuple(chosen[name] for name in names)
        if values in seen:
            text = f"The variant '{' / '.join(values)}' already exists. Please change at least one option value."
            raise InputRejected(field, text, "INVALID_VARIANT")
        seen.add(values)
        if each.get("id"):
            variant = find(store, each["id"])
            if variant is None or found is None or variant.get("product") != found["id"]:
                raise InputRejected([*field, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")
        for name in ("price", "compareAtPrice"):
            if each.get(name) is not None and Decimal(each[name]) < 0:
                raise InputRejected([*field, name], "must be greater than or equal to 0", "INVALID_VARIANT")
        rows.append({**each, "values": values})
    return rows


def _checked_files(store: Store, given: Row) -> list[Row] | None:
    files = given.get("files")
    for place, each in enumerate(files or ()):
        field = ["input", "files", str(place)]
        if each.get("id"):
            if (row := find(store, each["id"])) is None or row["__typename"] not in ("MediaImage", "Video"):
                raise InputRejected([*field, "id"], "File does not exist", "NOT_FOUND")
        elif not re.match(r"https?://\S+$", each.get("originalSource") or ""):
            raise InputRejected([*field, "originalSource"], "Image URL is invalid")
    return None if files is None else list(files)


def _new_product(store: Store) -> Row:
    number = store.next_id("Product", 5001)
    now = timestamp(time.time())
    store.products[number] = {
        "__typename": "Product",
        "id": number,
        **dict.fromkeys(("title", "handle", "descriptionHtml", "productType"), ""),
        "vendor": store.shop["name"],
        "tags": [],
        "status": "ACTIVE",
        "createdAt": now,
        "updatedAt": now,
        "isGiftCard": False,
        "options": [],
        "collections": [],
        "metafields": {},
        "publications": [],
    }
    return store.products[number]


def _replace_variants(store: Store, product: Row, wanted: list[Row]) -> None:
    existing = {row["id"]: row for row in store.variants_of(product["id"])}
    by_values = {tuple(row["options"]) or ("Default Title",): row for row in existing.values()}
    kept = set()
    for position, each in enumerate(wanted, 1):
        number = int(each["id"].rpartition("/")[2]) if each.get("id") else None
        row = existing.get(number) if number else by_values.get(each["values"])
        if row is None or row["id"] in kept:
            row = store.add_variant(product["id"], sku="", options=[], price="0.00")
            store.items[row["inventoryItem"]]["tracked"] = False
            store.set_level(row["inventoryItem"], 1, 0)  # at the first location only
        kept.add(row["id"])
        is_default = not product["options"]
        row.update(options=[] if is_default else list(each["values"]), position=each.get("position") or position)
        change_variant(store, row, each)
    for number in existing.keys() - kept:
        item = existing[number]["inventoryItem"]
        for level in list(store.levels_of(item)):
            del store.levels[level["id"]]
        del store.variants[number], store.items[item]


def change_variant(store: Store, row: Row, given: Row) -> None:
    """Set the fields that are given; null clears a price to compare with."""
    for name in ("sku", "barcode", "inventoryPolicy"):
        if given.get(name) is not None:
            row[name] = given[name]
    if given.get("price") is not None:
        row["price"] = f"{Decimal(given['price']):.2f}"
    if "compareAtPrice" in given:
        value = given["compareAtPrice"]
        row["compareAtPrice"] = None if value is None else f"{Decimal(value):.2f}"
    change_item(store.items[row["inventoryItem"]], given.get("inventoryItem") or {})


def change_item(item: Row, given: Row) -> None:
    for name in ("tracked", "requiresShipping"):
        if given.get(name) is not None:
            item[name] = given[name]
    if weight := (given.get("measurement") or {}).get("weight"):
        item["weight"] = dict(weight)


def _replace_files(store: Store, product: int, files: list[Row]) -> None:
    own = {row["id"]: row for row in store.media.values() if row["product"] == product}
    kept = {int(each["id"].rpartition("/")[2]) for each in files if each.get("id")}
    order = []
    for each in files:
        if each.get("id"):
            row = store.media[int(each["id"].rpartition("/")[2])]
            row["product"] = product
        else:
            row = _downloaded(store, product, each)
        order.append(row)
    for number in own.keys() - kept:
        del store.media[number]
    for row in order:  # the order of the product's media is that of the list
        store.media[row["id"]] = store.media.pop(row["id"])


def _downloaded(store: Store, product: int, given: Row) -> Row:
    """The store copies the image; `broken` in its address makes that fail."""
    name = given.get("filename") or given["originalSource"].partition("?")[0].rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    used = {row["image"]["url"].rpartition("/")[2].partition("?")[0] for row in store.media.values() if row["image"]}
    if name in used:
        stem = f"{stem}_{uuid4()}"
    row = store.add_image(
        product, f"https://cdn.shopify.com/s/files/1/files/{stem}.{ending}?v=1", given.get("alt") or ""
    )
    failed = "broken" in given["originalSource"]
    row |= {"ready": time.monotonic() + store.options.import_ms / 1000, "failed": failed}
    return row


def _update(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_products", "productUpdate")
    given = arguments["product"]
    row = find(context.store, given["id"])
    if row is None:
        return {"product": None, "userErrors": [{"field": ["id"], "message": "Product does not exist"}]}
    context.store.change(row, **{name: given[name] for name in ("title", "status") if given.get(name) is not None})
    return {"product": row, "userErrors": []}


def _delete(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_products", "productDelete")
    row = find(context.store, arguments["input"]["id"])
    if row is None:
        return {"deletedProductId": None, "userErrors": [{"field": ["id"], "message": "Product does not exist"}]}
    context.store.delete_product(row["id"])
    return {"deletedProductId": gid("Product", row["id"]), "userErrors": []}


def _update_variants(_: Any, arguments: Row, context: Context) -> Row:
    """With partial updates, what is valid is saved; else nothing if one is not."""
    require(context, "write_products", "productVariantsBulkUpdate")
    store = context.store
    product = find(store, arguments["productId"])
    if product is None:
        error = {"field": ["productId"], "message": "Product does not exist", "code": "PRODUCT_DOES_NOT_EXIST"}
        return {"product": None, "productVariants": None, "userErrors": [error]}
    errors = [
        error for place, each in enumerate(arguments["variants"]) for error in _faults(store, product, place, each)
    ]
    wrong = {error["field"][1] for error in errors}
    saved = []
    for place, each in enumerate(arguments["variants"]):
        if str(place) not in wrong and (not errors or arguments["allowPartialUpdates"]):
            row = find(store, each["id"]) or {}
            change_variant(store, row, each)
            saved.append(row)
    if saved:
        store.change(product)
    return {"product": product, "productVariants": saved, "userErrors": errors}


def _faults(store: Store, product: Row, place: int, given: Row) -> Iterator[Row]:
    field = ["variants", str(place)]
    row = find(store, given.get("id") or "gid://shopify/ProductVariant/0")
    if row is None or row["product"] != product["id"]:
        message = "Product variant does not exist"
        yield {"field": [*field, "id"], "message": message, "code": "PRODUCT_VARIANT_DOES_NOT_EXIST"}
    elif given.get("price") is not None and Decimal(given["price"]) < 0:
        message = "Price must be greater than or equal to 0"
        yield {"field": [*field, "price"], "message": message, "code": "GREATER_THAN_OR_EQUAL_TO"}


def _define(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_products", "metafieldDefinitionCreate")
    given, store = arguments["definition"], context.store
    if _key(given) in store.definitions:
        text = "Key is in use for Product metafields on the 'app' namespace."
        error = {"field": ["definition", "key"], "message": text, "code": "TAKEN"}
        return {"createdDefinition": None, "userErrors": [error]}
    store.definitions[_key(given)] = given["type"]
    row = {"id": len(store.definitions), "key": given["key"], "namespace": given.get("namespace") or "app"}
    return {"createdDefinition": row, "userErrors": []}


def _publish(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "write_publications", "publishablePublish")
    row = find(context.store, arguments["id"])
    if row is None:
        return {"userErrors": [{"field": ["id"], "message": "Resource does not exist"}]}
    for place, each in enumerate(arguments["input"]):
        number = int(each["publicationId"].rpartition("/")[2])
        if number not in context.store.publications:
            error = {"field": ["input", str(place), "publicationId"], "message": "Publication does not exist"}
            return {"userErrors": [error]}
        row["publications"] = sorted({*row.get("publications", ()), number})
    return {"userErrors": []}


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {"productByIdentifier": _product_by_identifier, "productOperation": _product_operation},
    "Mutation": {
        "metafieldDefinitionCreate": _define,
        "productDelete": _delete,
        "productSet": product_set,
        "productUpdate": _update,
        "productVariantsBulkUpdate": _update_variants,
        "publishablePublish": _publish,
    },
}
