"""The choices of a bundle (its options) with the products to choose from (their links).

https://developer.adobe.com/commerce/webapi/rest/tutorials/bundle-product/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.platforms.magento.client import Row
from connectors.platforms.magento.skus import sku_key


def bundle_options(parts: Sequence[Mapping[str, Any]]) -> list[Row]:
    """A choice for each part that has none in common with others. The only product of a required one is its default."""
    choices: dict[str, list[Mapping[str, Any]]] = {}
    for part in parts:
        choices.setdefault(part.get("choice") or part["sku"], []).append(part)
    found = []
    for position, (title, links) in enumerate(choices.items(), 1):
        required = all(each.get("required", True) for each in links)
        found.append(
            {
                "title": title,
                "required": required,
                "type": "select",
                "position": position,
                "product_links": [
                    {
                        "sku": each["sku"],
                        "qty": float(each["quantity"]),
                        "position": place,
                        "is_default": bool(each.get("default") or (required and len(links) == 1)),
                        "price": 0,
                        "price_type": 0,
                        "can_change_quantity": 0,
                    }
                    for place, each in enumerate(links, 1)
                ],
            }
        )
    return found


def stored_choices(row: Row) -> list[tuple[Any, ...]]:
    """Those of the shop's bundle, in the form of `comparable_choice`."""
    extension = row.get("extension_attributes") or {}
    rows = [each for each in extension.get("bundle_product_options") or () if isinstance(each, dict)]
    return [comparable_choice(each) for each in sorted(rows, key=lambda each: each.get("position") or 0)]


def comparable_choice(option: Row) -> tuple[Any, ...]:
    """What is ours of a choice: title, whether it is required, and SKU and quantity of its products."""
    links = [each for each in option.get("product_links") or () if isinstance(each, dict)]
    products = [(sku_key(str(each.get("sku"))), float(each.get("qty") or 0)) for each in links]
    return option.get("title"), bool(option.get("required")), sorted(products)
