"""Products are saved synchronously, or by a bulk request that consumers process later.

Consumers run unless a control call stops them; then the queued operations stay open until consumers run again.
"""

import re
import uuid
from typing import Any

import orjson

from sandbox.platforms.magento import products, websites
from sandbox.platforms.magento.products import ENTRY
from sandbox.platforms.magento.responses import ApiError, Row, required, validated
from sandbox.platforms.magento.store import ATTRIBUTES, HIDDEN, VISIBLE, Store, attribute

MAX_BULK_SIZE = 5000
COMPLETE, FAILED, OPEN = 1, 3, 4
TOPIC = "async.magento.catalog.api.productrepositoryinterface.save.put"
MAX_SKU_LENGTH = 64
BUNDLE_OPTION = {
    "option_id": int,
    "title": str,
    "required": bool,
    "type": str,
    "position": int,
    "sku": str,
    "product_links": [
        {
            "id": str,
            "sku": str,
            "option_id": int,
            "qty": float,
            "position": int,
            "is_default!": bool,
            "price!": float,
            "price_type!": int,
            "can_change_quantity": int,
            "extension_attributes": dict,
        }
    ],
}
PRODUCT = {
    "id": int,
    "sku!": str,
    "name": str,
    "created_at": str,
    "updated_at": str,
    "attribute_set_id": int,
    "price": float,
    "status": int,
    "visibility": int,
    "type_id": str,
    "weight": float,
    "custom_attributes": [{"attribute_code!": str, "value!": object}],
    "product_links": [dict],
    "options": [dict],
    "media_gallery_entries": [ENTRY],
    "tier_prices": [{"customer_group_id!": int, "qty!": float, "value!": float, "extension_attributes": dict}],
    "extension_attributes": {
        "website_ids": [int],
        "category_links": [{"position": int, "category_id!": str, "extension_attributes": dict}],
        "stock_item": dict,
        "bundle_product_options": [BUNDLE_OPTION],
        "downloadable_product_links": [dict],
        "downloadable_product_samples": [dict],
        "configurable_product_options": [
            {
                "id": int,
                "attribute_id!": str,
                "label": str,
                "position": int,
                "is_use_default": bool,
                "values!": [{"value_index!": int}],
                "product_id": int,
                "extension_attributes": dict,
            }
        ],
        "configurable_product_links": [int],
    },
}


def save(store: Store, body: Any, view: str) -> Row:
    """Create or update a product by SKU. Fields that are not sent stay unchanged, and so do the values of other store
    views and, for a product that exists, the global ones of what belongs to store views.

    As in the shop, SKUs are trimmed, and the database has question marks for each byte of a character outside of
    Unicode's basic plane: a product with such an SKU is saved, but not found again.
    """
    product = validated(body, {"product!": PRODUCT, "saveOptions": bool})["product"]
    given = product["sku"].strip(" ")
    product = _storable(product | {"sku": given})
    stored = store.by_sku(product["sku"])
    if stored is None:
        _check_new(product)
    _check(store, product, stored)
    url_key = _check_url_key(store, product, stored)
    row = stored or store.add_product(product["sku"])
    if stored is None:  # it gets its values globally; seen in code: a store view's is on its website only
        website = websites.VIEWS[view][1]
        row["extension_attributes"]["website_ids"] = [website] if website else store.website_ids
    else:
        product = websites.take_values_of_view(store, view, row, product)
        url_key = url_key if view == "all" else attribute(row, "url_key")
    custom = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]} | {"url_key": url_key}
    custom |= {
        each["attribute_code"]: each["value"]
        for each in product.get("custom_attributes", ())
        if each["attribute_code"] in ATTRIBUTES
    }
    given_images = product.pop("media_gallery_entries", None)
    if given_images is not None:
        products.replace_images(store, row, given_images)
    row |= product | {
        "id": row["id"],
        "sku": row["sku"],
        "custom_attributes": [{"attribute_code": code, "value": value} for code, value in custom.items()],
        "extension_attributes": row["extension_attributes"] | product.get("extension_attributes", {}),
    }
    if row["type_id"] == "configurable":
        row.pop("price", None)
    store.set_updated_at(row)
    if product["sku"] != given:
        raise ApiError(404, "The product that was requested doesn't exist. Verify the product and try again.")
    return next(iter(websites.in_view(store, view, [row])))


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return re.sub(r"[\U00010000-\U0010ffff]", "????", value) if isinstance(value, str) else value


def _check_url_key(store: Store, product: Row, stored: Row | None) -> str:
    """Return the URL key: as given, as stored, else made of the name. Only products that are visible need their own."""
    given = attribute({"custom_attributes": product.get("custom_attributes", [])}, "url_key")
    key = given or (stored and attribute(stored, "url_key")) or re.sub("[^a-z0-9]+", "-", product["name"].lower())
    shown = product.get("visibility", stored["visibility"] if stored else VISIBLE)
    others = (row for row in store.products.values() if row is not stored and row["visibility"] != HIDDEN)
    if shown != HIDDEN and any(attribute(row, "url_key") == key for row in others):
        raise ApiError(400, "URL key for specified store already exists.")
    return str(key)


def _check_new(product: Row) -> None:
    if not product["sku"] or len(product["sku"]) > MAX_SKU_LENGTH:
        raise ApiError(400, "SKU length should be %1 characters maximum.", MAX_SKU_LENGTH)
    for name in ("name", "attribute_set_id"):
        if not product.get(name):
            raise required(name)
    if product.get("type_id", "simple") == "simple" and product.get("price") is None:
        raise ApiError(400, 'The "%1" attribute value is empty. Set the attribute and try again.', "Price")


def _check(store: Store, product: Row, stored: Row | None) -> None:
    if product.get("visibility", VISIBLE) not in (1, 2, 3, 4) or product.get("status", 1) not in (1, 2):
        raise ApiError(400, "Invalid status or visibility.")
    extension = product.get("extension_attributes", {})
    for option in extension.get("bundle_product_options") or ():
        for link in option.get("product_links", ()):
            part = store.by_sku(link["sku"])
            if part is None or part["type_id"] not in ("simple", "virtual"):
                raise ApiError(400, "The requested bundle option product doesn't exist.")
    children = [store.products.get(number) for number in extension.get("configurable_product_links", ())]
    codes = {number: code for code, (number, *_) in ATTRIBUTES.items()}
    varied = [codes.get(int(each["attribute_id"])) for each in extension.get("configurable_product_options", ())]
    if None in varied:
        raise ApiError(400, "Attribute with ID %1 does not exist.", "?")
    seen = set()
    for child in children:
        if child is None:
            raise ApiError(400, "The product that was requested doesn't exist. Verify the product and try again.")
        values = tuple(attribute(child, code) for code in varied if code)
        if None in values:
            raise ApiError(400, 'Product "%1" does not have required attribute "%2".', child["sku"], varied[0])
        if values in seen:
            raise ApiError(400, 'Products "%1" and "%2" have the same set of attribute values.', child["sku"], "?")
        seen.add(values)


def queue(store: Store, bodies: Any, view: str) -> Row:
    if not isinstance(bodies, list) or not bodies:
        raise ApiError(400, "Decoding error.")
    if store.enforce_limits and len(bodies) > MAX_BULK_SIZE:
        raise ApiError(400, 'Maximum items of type "%type" is %max', type="products", max=MAX_BULK_SIZE)
    name = str(uuid.UUID(int=len(store.operations) + 1))
    store.views_of_bulks[name] = view
    start = store.clock.now()
    items = []
    for number, body in enumerate(bodies):
        inner = orjson.dumps(body).decode()
        data = {"entity_id": None, "entity_link": "", "meta_information": inner}
        store.operations.append(
            {
                "id": number,
                "bulk_uuid": name,
                "topic_name": TOPIC,
                "serialized_data": orjson.dumps(data).decode(),
                "result_serialized_data": None,
                "status": OPEN,
                "result_message": None,
                "error_code": None,
                "start_time": start,
            }
        )
        items.append({"id": number, "data_hash": f"{hash(inner) & 0xFFFFFFFF:08x}", "status": "accepted"})
    if store.consumers_running:
        process_queue(store)
    return {"bulk_uuid": name, "request_items": items, "errors": False}


def process_queue(store: Store) -> None:
    """Process the open operations in the order of their arrival, as the consumers do."""
    for operation in store.operations:
        if operation["status"] != OPEN:
            continue
        try:
            body = orjson.loads(orjson.loads(operation["serialized_data"])["meta_information"])
            saved = save(store, body, store.views_of_bulks[operation["bulk_uuid"]])
        except ApiError as error:
            operation |= {"status": FAILED, "result_message": error.formatted_message, "error_code": error.status}
        else:
            # The shop deletes the request and keeps the saved product.
            result = {"id": saved["id"], "sku": saved["sku"]}
            found = {"status": COMPLETE, "result_message": "Service execution success", "error_code": 0}
            operation |= found | {"serialized_data": None, "result_serialized_data": orjson.dumps(result).decode()}


def detailed_status(store: Store, name: str) -> Row:
    operations = [each for each in store.operations if each["bulk_uuid"] == name]
    if not operations:
        raise ApiError(404, "Bulk uuid %bulkUuid does not exist", bulkUuid=name)
    return {
        "operations_list": operations,
        "user_type": 1,
        "bulk_id": name,
        "description": f"Topic {TOPIC}",
        "start_time": operations[0]["start_time"],
        "user_id": 1,
        "operation_count": len(operations),
    }
