"""Modifiers: what customers choose for a product beside the options of its variants, such as an engraving.

Source: https://github.com/bigcommerce/docs, reference/catalog/product-modifiers_catalog.v3.yml and orders.v2.oas2.yml.
"""

from collections.abc import Iterable

from connectors.platforms.bigcommerce.client import PRODUCTS, BigCommerceClient, Row, join
from connectors.platforms.bigcommerce.field_reader import FieldReader

# The most products of a page that includes modifiers.
PAGE_SIZE = 10
# Types of choices in an order that no variant has.
_ONLY_MODIFIERS = ("Checkbox", "Date field", "File Upload", "Multi-line text field", "Text field")


def required_names(product: Row) -> list[str]:
    """The choices that customers have to make."""
    found = [each for each in product.get("modifiers") or () if isinstance(each, dict) and each.get("required")]
    return [str(each.get("display_name") or each.get("id")) for each in found]


def required_of(client: BigCommerceClient, product_ids: Iterable[int]) -> dict[str, list[str]]:
    """Product → the choices that customers have to make, for those that have any."""
    wanted = sorted(set(product_ids))
    found: dict[str, list[str]] = {}
    for start in range(0, len(wanted), PAGE_SIZE):
        query = {"id:in": join(wanted[start : start + PAGE_SIZE]), "include": "modifiers", "limit": PAGE_SIZE}
        rows, _ = client.list_page(PRODUCTS, **query)
        found |= {str(row.get("name")): names for row in rows if (names := required_names(row))}
    return found


def title_with_choices(line: FieldReader) -> str:
    """The title of an order's line with what was chosen by modifiers. Choices that a variant may have as well are left
    out: the variant says them."""
    chosen = [
        f"{each.text('display_name')}: {each.text('display_value')}"
        for each in line.objects("product_options")
        if each.text("type") in _ONLY_MODIFIERS
    ]
    return f"{line.text('name')} ({', '.join(chosen)})" if chosen else line.text("name")


def names(required: dict[str, list[str]]) -> str:
    """For a text: “Ring” (Engraving, Size)."""
    return ", ".join(f"“{product}” ({', '.join(choices)})" for product, choices in required.items())
