"""Searching and rendering of products, attributes and categories, and the media gallery."""

import base64
import binascii
from typing import Any

from sandbox.platforms.magento.responses import ApiError, Row, unknown, validated
from sandbox.platforms.magento.store import ATTRIBUTES, Store, attribute

PRODUCT_FIELDS = (
    "sku",
    "name",
    "price",
    "status",
    "visibility",
    "type_id",
    "created_at",
    "updated_at",
    "attribute_set_id",
)
ENTRY = {
    "id": int,
    "media_type!": str,
    "label!": str,
    "position!": int,
    "disabled!": bool,
    "types!": [str],
    "file": str,
    "content": {"base64_encoded_data!": str, "type!": str, "name!": str},
}
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif")


def product_value(row: Row, field: str) -> Any:
    if field == "entity_id":
        return row["id"]
    if field == "website_id":
        return row["extension_attributes"].get("website_ids", [])
    if field in PRODUCT_FIELDS:
        return row.get(field)
    if field in ATTRIBUTES:
        return attribute(row, field)
    raise LookupError(field)


def field_value(row: Row, field: str) -> Any:
    """Return a top-level field of a searchable object. An ID may be given by the field name of its table."""
    if field == "entity_id" and "entity_id" not in row:
        field = "id"
    value = row.get(field)
    if isinstance(value, dict | list) or (field not in row and field != "ext_order_id"):
        raise LookupError(field)
    return value


def product_of(store: Store, sku: str) -> Row:
    row = store.by_sku(sku)
    if row is None:
        raise ApiError(404, "The product that was requested doesn't exist. Verify the product and try again.")
    return row


def add_image(store: Store, sku: str, body: Row) -> int:
    """As at the vendor, the same picture sent twice is stored twice."""
    row = product_of(store, sku)
    image = _stored_image(store, row, validated(body, {"entry!": ENTRY})["entry"])
    row["media_gallery_entries"].append(image)
    store.set_updated_at(row)
    return int(image["id"])


def replace_images(store: Store, row: Row, entries: list[Row]) -> None:
    """As at the vendor, a list that is given with a product replaces its images: none removes all of them."""
    known = {each["id"]: each for each in row["media_gallery_entries"]}
    row["media_gallery_entries"] = [
        known[entry["id"]] | {name: value for name, value in entry.items() if name != "content"}
        if entry.get("id") in known
        else _stored_image(store, row, entry)
        for entry in entries
    ]


def _stored_image(store: Store, row: Row, entry: Row) -> Row:
    content = entry.get("content")
    if not content:
        raise ApiError(400, "The image content is invalid. Verify the content and try again.")
    try:
        data = base64.b64decode(content["base64_encoded_data"], validate=True)
    except binascii.Error as error:
        raise ApiError(400, "The image content must be valid base64 encoded data.") from error
    if not data or content["type"] not in IMAGE_TYPES:
        raise ApiError(400, "The image MIME type is not valid or not supported.")
    name = content["name"].lower()
    taken = {each["file"] for each in row["media_gallery_entries"]}
    stem, _, ending = name.rpartition(".")
    file, number = f"/{name[0]}/{name[1:2] or '_'}/{name}", 0
    while file in taken:
        number += 1
        file = f"/{name[0]}/{name[1:2] or '_'}/{stem}_{number}.{ending}"
    return store.image(file, entry["position"], entry["label"], entry["types"])


def delete_image(store: Store, sku: str, number: int) -> bool:
    row = product_of(store, sku)
    kept = [each for each in row["media_gallery_entries"] if each["id"] != number]
    if len(kept) == len(row["media_gallery_entries"]):
        raise unknown("entryId", number)
    row["media_gallery_entries"] = kept
    store.set_updated_at(row)
    return True
