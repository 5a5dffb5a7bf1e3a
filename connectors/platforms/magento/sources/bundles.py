"""Bundles: products that consist of others, which have the stock and, with a dynamic price, the prices.

Of the links of an option the customer takes one (`select`, `radio`) or several (`checkbox`, `multi`); an option may be
left out unless it is required. https://developer.adobe.com/commerce/webapi/rest/tutorials/bundle-product/
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connectors.platforms.magento.client import Row
from connectors.platforms.magento.product_rows import ENABLED
from connectors.platforms.magento.skus import sku_key
from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.decoding import whole_number
from connectors.sdk.records import StockRecord

_ZERO = Decimal(0)


class Link(ApiModel):
    sku: Text
    qty: Decimal = Decimal(1)
    is_default: bool = False


class Option(ApiModel):
    title: Text = ""
    required: bool = False
    type: str = "select"
    position: int = 0
    product_links: list[Link] = []


def part_skus(row: Any) -> list[str]:
    """The SKUs of a bundle's or a grouped product's parts, in the shop's order."""
    if not isinstance(row, dict):
        return []
    extension = row.get("extension_attributes")
    options = extension.get("bundle_product_options") if isinstance(extension, dict) else None
    links = [link for option in _rows(options) for link in _rows(option.get("product_links"))]
    found = [link.get("sku") for link in links]
    grouped = [link for link in _rows(row.get("product_links")) if link.get("link_type") == "associated"]
    found += [link.get("linked_product_sku") for link in sorted(grouped, key=_position)]
    return [sku for sku in found if isinstance(sku, str) and sku]


def parts_of(options: Iterable[Option]) -> list[dict[str, Any]]:
    """The parts in the form of the hub (catalog/contents.py)."""
    return [
        {
            "sku": link.sku,
            "quantity": f"{link.qty.normalize():f}",
            "choice": option.title,
            "required": option.required,
            "default": link.is_default,
        }
        for option in sorted(options, key=lambda each: each.position)
        for link in option.product_links
    ]


def sum_of_parts(options: Iterable[Option], value: Callable[[str], Decimal | None]) -> Decimal | None:
    """The sum over what a customer gets who chooses nothing: the defaults, else the least of each required option.
    None if a value is unknown."""
    total = _ZERO
    for option in options:
        chosen = [link for link in option.product_links if link.is_default]
        values = [(value(link.sku), link.qty) for link in chosen or option.product_links]
        if not chosen and not option.required:
            continue
        if not values or any(each is None for each, _ in values):
            return None
        amounts = [each * quantity for each, quantity in values if each is not None]
        total += sum(amounts, _ZERO) if chosen else min(amounts)
    return total


def stock_of(
    options: Sequence[Option], stock: Mapping[str, Sequence[StockRecord]], parts: Mapping[str, Row]
) -> list[StockRecord]:
    """How many bundles each source can supply: what the scarcest required option allows. Not tracked if no part is."""
    found: dict[str, Decimal] = {}
    limited = False
    for option in options:
        if not option.required:
            continue
        by_source: dict[str, Decimal] = {}
        for link in option.product_links:
            part = parts.get(sku_key(link.sku))
            levels = stock.get(sku_key(link.sku), ())
            if part is None or whole_number(part.get("status")) != ENABLED or link.qty <= 0:
                continue
            if not levels:
                by_source.clear()
                break  # an alternative that can always be chosen
            for level in levels:
                pieces = ((level.quantity or _ZERO) / link.qty).to_integral_value(ROUND_FLOOR)
                by_source[level.location] = by_source.get(level.location, _ZERO) + pieces
        else:
            found = (
                {source: min(found.get(source, _ZERO), by_source.get(source, _ZERO)) for source in found | by_source}
                if limited
                else by_source
            )
            limited = True
    if not limited:
        return [StockRecord(quantity=None)]
    return [StockRecord(quantity=quantity, location=source) for source, quantity in sorted(found.items())] or [
        StockRecord(quantity=_ZERO)
    ]


def _rows(value: Any) -> list[Row]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _position(link: Row) -> int:
    return whole_number(link.get("position")) or 0
