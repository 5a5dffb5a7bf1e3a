"""A product of the hub as a shop is to hold it, with the names of options and not yet the shop's numbers of them."""

from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.contract import References
from connectors.errors import SkipRecord
from connectors.platforms.magento.client import number
from connectors.platforms.magento.stock_and_prices import SOLD_STATUSES, default_price
from hub.kinds import Kind

MAX_SKU_LENGTH = 64
# A product with variants has no SKU here; there it needs one.
PARENT_SKU_TEMPLATE = "synccenter-{}"


def product(item: ProductItem, refs: References, price_list: str) -> dict[str, Any] | None:
    """None for what is discontinued. SkipRecord if the shop could not hold it.

    `{"sku", "name", "description", "status", "brand", "categories", "options", "variants"}`; without options the only
    variant is the product itself.
    """
    if item.status not in SOLD_STATUSES:
        return None
    variants = [each for each in item.variants if each.sku and each.status in SOLD_STATUSES]
    _validate(item, variants, price_list)
    options = [option["name"] for option in variants[0].options]
    return {
        "sku": PARENT_SKU_TEMPLATE.format(item.id) if options else variants[0].sku,
        "name": item.title,
        "description": item.description,
        "status": 1 if item.status == "live" else 2,
        "brand": item.brand,
        "categories": [key for pk in item.category_ids if (key := refs.get(Kind.CATEGORY, pk))],
        "options": options,
        "variants": [_variant(item, each, price_list) for each in variants],
    }


def _variant(product: ProductItem, item: VariantItem, price_list: str) -> dict[str, Any]:
    """`id` is ours."""
    price = default_price(item, price_list)
    return {
        "id": item.id,
        "sku": item.sku,
        "name": " ".join((product.title, *(option["value"] for option in item.options))),
        "price": None if price is None else number(price.amount),
        "weight_in_grams": None if item.weight_in_grams is None else number(item.weight_in_grams),
        "status": 1 if item.status == "live" else 2,
        "options": {option["name"]: option["value"] for option in item.options},
    }


def _validate(item: ProductItem, variants: list[VariantItem], price_list: str) -> None:
    if not variants:
        raise SkipRecord("None of its variants has an SKU.", code="sku_missing", fix="Give its variants SKUs.")
    if long := next((each.sku for each in variants if len(each.sku) > MAX_SKU_LENGTH), ""):
        raise SkipRecord(
            f"Its SKU {long} is longer than the {MAX_SKU_LENGTH} characters that Magento takes.",
            code="sku_length",
            fix="Shorten it.",
        )
    if not item.title:
        raise SkipRecord("It has no title.", code="title_missing", fix="Give it a title.")
    if any(default_price(each, price_list) is None for each in variants):
        raise SkipRecord(
            "Not all of its variants have a price.", code="price_missing", fix="Enter a price for every variant."
        )
    names = {tuple(option["name"] for option in each.options) for each in variants}
    if len(names) > 1 or (len(variants) > 1 and names == {()}):
        raise SkipRecord(
            "Its variants are not told apart by the same options.",
            code="options_missing",
            fix="Give every variant the same options, such as size or colour.",
        )
