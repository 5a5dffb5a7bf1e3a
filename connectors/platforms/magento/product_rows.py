"""A shop's products: their types, and which of them are sold on their own."""

from typing import Any

from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.websites import Websites
from connectors.sdk.decoding import whole_number

PATH = "/products"
CONFIGURABLE, BUNDLE, GROUPED = "configurable", "bundle", "grouped"
COMPOSITE_TYPES = (CONFIGURABLE, BUNDLE, GROUPED)
SIMPLE_TYPES = ("simple", "virtual", "downloadable")
NOT_VISIBLE, VISIBLE = 1, 4
ENABLED, DISABLED = 1, 2


def is_product(row: Any) -> bool:
    return isinstance(row, dict) and whole_number(row.get("id")) is not None and isinstance(row.get("sku"), str)


def is_variant(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and whole_number(row.get("visibility")) == NOT_VISIBLE
        and row.get("type_id") not in COMPOSITE_TYPES
    )


def child_ids(row: Any) -> list[int]:
    """The IDs of a configurable product's variants, in the shop's order."""
    extension = row.get("extension_attributes") if isinstance(row, dict) else None
    links = extension.get("configurable_product_links") if isinstance(extension, dict) else None
    if not isinstance(links, list):
        return []
    return [number for each in links if (number := whole_number(each)) is not None]


def website_ids(row: Any, *, default: list[int]) -> list[int]:
    """The websites that a product is assigned to, if the shop tells them."""
    extension = row.get("extension_attributes") if isinstance(row, dict) else None
    found = extension.get("website_ids") if isinstance(extension, dict) else None
    return [number for each in found if (number := whole_number(each))] if isinstance(found, list) else default


def of_website(websites: Websites) -> list[Group]:
    """A group that matches products of the connection's website; none if it has all websites. A filter by website is
    no documented field: seen in the shop's code (`ProductWebsiteFilter`)."""
    return [[Filter("website_id", websites.own)]] if websites.limited else []


def of_types(*types: str) -> Group:
    return [Filter("type_id", ",".join(types), "in")]


def only_type(product_type: str) -> Group:
    return [Filter("type_id", product_type)]


def individually_visible() -> Group:
    """Filters for products that are visible on their own."""
    return [Filter("visibility", NOT_VISIBLE, "neq"), *only_type(CONFIGURABLE)]
