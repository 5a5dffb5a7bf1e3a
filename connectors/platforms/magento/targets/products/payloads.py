"""The payload of a product, with the names of options instead of the shop's IDs."""

from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.platforms.magento.targets.variants import label
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import Kind

MAX_SKU_LENGTH = 64
# Our products with variants have no SKU, but the shop requires one.
PARENT_SKU_TEMPLATE = "synccenter-{}"

Payload = dict[str, Any]


def product_payload(item: ProductItem, refs: References, price_list: str) -> Payload | None:
    """None for discontinued products. SkipRecord if the shop cannot represent the product.

    `{"sku", "name", "description", "status", "brand", "categories", "options", "variants"}`; without options the only
    variant is the product itself.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    variants = [each for each in sold if each.sku]
    _validate(item, sold, variants, price_list)
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


def skus(payload: Payload) -> list[str]:
    """The SKUs of the variants."""
    return [each["sku"] for each in payload["variants"]]


def _variant(product: ProductItem, item: VariantItem, price_list: str) -> Payload:
    """`id` is our ID."""
    price = default_price(item, price_list)
    return {
        "id": item.id,
        "sku": item.sku,
        "name": " ".join((product.title, *(option["value"] for option in item.options))),
        "price": None if price is None else json_number(price.amount),
        "weight_in_grams": None if item.weight_in_grams is None else json_number(item.weight_in_grams),
        "status": 1 if item.status == "live" else 2,
        "options": {option["name"]: option["value"] for option in item.options},
    }


def _validate(item: ProductItem, sold: list[VariantItem], variants: list[VariantItem], price_list: str) -> None:
    """`sold` are the variants that are on sale, `variants` those of them that have a SKU."""
    if not sold:
        raise SkipRecord(issues.VARIANTS_MISSING())
    if not variants:
        raise SkipRecord(issues.SKU_MISSING(count=len(sold), names=_labels(sold)))
    if long := next((each.sku for each in variants if len(each.sku) > MAX_SKU_LENGTH), ""):
        raise SkipRecord(issues.SKU_TOO_LONG(sku=long, limit=MAX_SKU_LENGTH))
    if not item.title:
        raise SkipRecord(issues.TITLE_MISSING())
    if unpriced := [each for each in variants if default_price(each, price_list) is None]:
        raise SkipRecord(issues.PRICE_MISSING(count=len(unpriced), names=_labels(unpriced)))
    names = {tuple(option["name"] for option in each.options) for each in variants}
    if len(names) > 1 or (len(variants) > 1 and names == {()}):
        raise SkipRecord(issues.OPTIONS_MISSING())


def _labels(variants: list[VariantItem]) -> str:
    return ", ".join(label(each) for each in variants[:5])
