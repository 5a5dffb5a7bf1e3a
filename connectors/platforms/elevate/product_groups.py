"""Converts a product of the hub to a product group of the search index; sent as JSON by v4, as XML by v3."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.platforms.elevate.settings import FieldMap, Settings
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import json_number

VALUE_LENGTH = 2_000_000
LIVE_STATUS = "live"
_TAG = re.compile(r"<style\b.*?</style>|<script\b.*?</script>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def key_of(product_id: int) -> str:
    """Based on our own ID, which never changes and is known even if a response was lost."""
    return f"p{product_id}"


def product_group_payload(item: ProductItem, settings: Settings, field_map: FieldMap) -> dict[str, Any] | None:
    """`{"key", "productGroup"}` with one product, or None for a product that is not for sale. `names` contains the
    display names of the IDs in custom labels: label → ID → name.

    SkipRecord if no variant can be sold: none has both a price in the selected list and (where keys are SKUs) a SKU.
    """
    if item.status != LIVE_STATUS or not any(variant.status == LIVE_STATUS for variant in item.variants):
        return None
    key = key_of(item.id)
    product: dict[str, Any] = {
        "markets": list(settings.markets),
        "defaults": _texts(item, settings),
        "variants": _variants(item, settings),
    }
    names = _names(item, product["defaults"].get("customLabels", {}), field_map)
    return {"key": key, "productGroup": {"products": {key: product}}} | ({"names": names} if names else {})


def _texts(item: ProductItem, settings: Settings) -> dict[str, Any]:
    address = settings.product_url.replace("{slug}", item.slug or str(item.id)).replace("{id}", str(item.id))
    texts: dict[str, Any] = {"title": item.title, "url": address}
    optional = {
        "dataLocale": settings.locale,
        "brand": item.brand,
        "description": " ".join(unescape(_TAG.sub(" ", item.description)).split())[:VALUE_LENGTH],
        "category": sorted(item.category_paths),
        "customLabels": _labels(item, settings),
    }
    return texts | {name: value for name, value in optional.items() if value}


def _labels(item: ProductItem, settings: Settings) -> dict[str, list[str]]:
    """The attributes and options that the settings select."""
    found: dict[str, dict[str, None]] = {}
    for name in settings.custom_labels:
        for each in _as_list(item.attributes.get(name)):
            found.setdefault(name, {})[each] = None
    for variant in item.variants:
        for option in variant.options:
            if variant.status == LIVE_STATUS and option["name"] in settings.custom_labels and option["value"]:
                found.setdefault(option["name"], {})[option["value"]] = None
    return {name: list(values) for name, values in sorted(found.items())}


def _as_list(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]


def _names(item: ProductItem, labels: dict[str, list[str]], field_map: FieldMap) -> dict[str, dict[str, str]]:
    """A label's IDs and names are in the same order; an ID without a name is used as its own name."""
    found = {}
    for label, attribute in field_map.label_names.items():
        if ids := labels.get(label):
            names = _as_list(item.attributes.get(attribute))
            names_by_id = dict(zip(_as_list(item.attributes.get(label)), names, strict=False))
            found[label] = {each: names_by_id.get(each, each) for each in ids}
    return found


def _variants(item: ProductItem, settings: Settings) -> dict[str, Any]:
    variants, missing = {}, set()
    for variant in item.variants:
        if variant.status != LIVE_STATUS:
            continue
        key = variant.sku if settings.variant_key == "sku" else f"v{variant.id}"
        price = _price(variant, settings.price_list)
        if not key:
            missing.add("a SKU")
        elif price is None:
            missing.add(f"a price in the list {settings.price_list}")
        else:
            variants[key] = {"defaults": _price_and_stock(variant, price, settings)}
    if not variants:
        raise SkipRecord(issues.NOT_SELLABLE(missing=" and ".join(sorted(missing))))
    return variants


def _price(variant: VariantItem, price_list: str) -> PriceItem | None:
    return next((each for each in variant.prices if each.price_list == price_list and each.min_quantity == 1), None)


def _price_and_stock(variant: VariantItem, price: PriceItem, settings: Settings) -> dict[str, Any]:
    """Negative stock is sent as zero, because the index does not accept it."""
    stock = max(sum((each.quantity for each in variant.stock), Decimal(0)), Decimal(0))
    return {
        "stock": json_number(stock) if variant.stock else settings.untracked_stock,
        "sellingPrice": json_number(price.amount),
        "listPrice": json_number(price.amount if price.list_amount is None else price.list_amount),
    }
