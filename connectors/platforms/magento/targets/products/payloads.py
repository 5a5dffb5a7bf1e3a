"""The payload of a product, with the names of options instead of the shop's IDs."""

import re
from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.platforms.magento.client import Row
from connectors.platforms.magento.product_rows import CONFIGURABLE
from connectors.platforms.magento.skus import astral_characters, without_astral
from connectors.platforms.magento.targets.variants import label
from connectors.platforms.magento.values import mapped_value
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import Kind

MAX_SKU_LENGTH = 64
# Our products with variants have no SKU, but the shop requires one.
PARENT_SKU_TEMPLATE = "synccenter-{}"

Payload = dict[str, Any]


def product_payload(item: ProductItem, refs: References, price_list: str, *, with_images: bool) -> Payload | None:
    """None for discontinued products. SkipRecord if the shop cannot represent the product.

    `{"sku", "name", "description", "url_key", "status", "brand", "categories", "options", "variants"}`; without options
    the only variant is the product itself. `digital`: it is not shipped; `parts`: what a bundle consists of;
    `left_out`: characters of its texts that the shop cannot store, if any; `images`: their URLs and texts in order, if
    they are sent.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    variants = [each for each in sold if each.sku]
    _validate(item, sold, variants, price_list)
    options = [option["name"] for option in variants[0].options]
    left_out = astral_characters(item.title + item.description)
    sku = PARENT_SKU_TEMPLATE.format(item.id) if options else variants[0].sku
    return {
        "sku": sku,
        "name": without_astral(item.title),
        "description": without_astral(item.description),
        "url_key": url_key(item.slug) or url_key(f"{item.title}-{sku}"),
        "status": 1 if item.status == "live" else 2,
        "brand": item.brand,
        "categories": [key for pk in item.category_ids if (key := refs.get(Kind.CATEGORY, pk))],
        "options": options,
        "variants": [_variant(item, each, price_list) for each in variants],
        **({"digital": True} if item.product_type == "digital" else {}),
        **({"parts": variants[0].parts} if variants[0].parts and not options else {}),
        **({"left_out": left_out} if left_out else {}),
        **({"images": [[each.url, each.alt] for each in item.images]} if with_images else {}),
    }


def stored_content(row: Row) -> Payload:
    """What the shop holds of a product, as far as it can be compared with a payload: its own texts, and the status of a
    configurable product; that of others is the one of their variant."""
    content = {"name": row.get("name"), "description": mapped_value(row, "custom_attributes.description") or ""}
    return content | ({"status": row.get("status")} if row.get("type_id") == CONFIGURABLE else {})


def skus(payload: Payload) -> list[str]:
    """The SKUs of the variants."""
    return [each["sku"] for each in payload["variants"]]


def required_skus(payload: Payload) -> list[str]:
    """The SKUs of what the shop needs to have first: the parts of a bundle, or the variants."""
    return [each["sku"] for each in payload["parts"]] if "parts" in payload else skus(payload)


def is_composite(payload: Payload) -> bool:
    """Whether it consists of other products of the shop."""
    return bool(payload["options"] or "parts" in payload)


def _variant(product: ProductItem, item: VariantItem, price_list: str) -> Payload:
    """`id` is our ID."""
    price = default_price(item, price_list)
    return {
        "id": item.id,
        "sku": item.sku,
        "name": without_astral(" ".join((product.title, *(option["value"] for option in item.options)))),
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
    for each in variants:
        if unsupported := astral_characters(each.sku):
            raise SkipRecord(issues.SKU_CHARACTERS(sku=each.sku, characters=unsupported))
    if not without_astral(item.title).strip():
        raise SkipRecord(issues.TITLE_MISSING())
    if unpriced := [each for each in variants if default_price(each, price_list) is None]:
        raise SkipRecord(issues.PRICE_MISSING(count=len(unpriced), names=_labels(unpriced)))
    names = {tuple(option["name"] for option in each.options) for each in variants}
    if len(names) > 1 or (len(variants) > 1 and names == {()}):
        raise SkipRecord(issues.OPTIONS_MISSING())


def url_key(text: str) -> str:
    """The text as the shop writes it in the address of a product."""
    return re.sub(r"[\W_]+", "-", without_astral(text).lower()).strip("-")


def _labels(variants: list[VariantItem]) -> str:
    return ", ".join(label(each) for each in variants[:5])
