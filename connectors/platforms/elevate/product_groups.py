"""Converts a product of the hub to a product group of the search index; sent as JSON by v4, as XML by v3.

A group is the article. Its products are what shoppers see as different things (a colour), and the variants of a product
are what they choose from (a size): catalog-imports/format-overview. Where images, sizes and the stock of stores stand
is assumed (assumptions.py).
"""

import re
from hashlib import blake2b
from html import unescape
from typing import Any

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.platforms.elevate.settings import FieldMap, Settings
from connectors.platforms.elevate.variants import sellable_variants, variant_data
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord

VALUE_LENGTH = 2_000_000
LIVE_STATUS = "live"
_TAG = re.compile(r"<style\b.*?</style>|<script\b.*?</script>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def key_of(product_id: int) -> str:
    """Based on our own ID, which never changes and is known even if a response was lost."""
    return f"p{product_id}"


def product_group_payload(item: ProductItem, settings: Settings, field_map: FieldMap) -> dict[str, Any] | None:
    """`{"key", "productGroup"}`, or None for a product that is not for sale. `names` contains the display names of the
    IDs in custom labels: label → ID → name.

    SkipRecord if no variant can be sold: none has both a price in the selected list and (where keys are SKUs) a SKU.
    """
    if item.status != LIVE_STATUS or not any(variant.status == LIVE_STATUS for variant in item.variants):
        return None
    key = key_of(item.id)
    variants, missing = sellable_variants(item, settings)
    if not variants:
        raise SkipRecord(issues.NOT_SELLABLE(missing=" and ".join(sorted(missing))))
    parts = _parts(key, variants, settings)
    products = {
        product_key: product
        for product_key, part in parts.items()
        if (product := _product(item, part, settings, field_map, split=len(parts) > 1))
    }
    if not products:
        raise SkipRecord(issues.NOT_SELLABLE(missing="a price in the list of any market"))
    names: dict[str, dict[str, str]] = {}
    for product in products.values():
        for label, found in _names(item, product["defaults"].get("customLabels", {}), field_map).items():
            names.setdefault(label, {}).update(found)
    return {"key": key, "productGroup": {"products": products}} | ({"names": names} if names else {})


def _parts(
    key: str, variants: dict[str, tuple[VariantItem, PriceItem]], settings: Settings
) -> dict[str, dict[str, tuple[VariantItem, PriceItem]]]:
    """The variants by product. Values are told apart without regard to case, and a product keeps its key for as long as
    its values are the same."""
    parts: dict[str, dict[str, tuple[VariantItem, PriceItem]]] = {}
    for variant_key, (variant, price) in variants.items():
        given = {option["name"]: option["value"].strip().casefold() for option in variant.options}
        values = [given.get(name, "") for name in settings.product_options]
        digest = blake2b("\x1f".join(values).encode(), digest_size=4).hexdigest()
        parts.setdefault(f"{key}-{digest}" if any(values) else key, {})[variant_key] = (variant, price)
    return parts


def _product(
    item: ProductItem,
    variants: dict[str, tuple[VariantItem, PriceItem]],
    settings: Settings,
    field_map: FieldMap,
    *,
    split: bool,
) -> dict[str, Any] | None:
    """A product of the group; None if it has a price in no market."""
    members = [variant for variant, _ in variants.values()]
    data = {key: variant_data(*each, settings, field_map) for key, each in variants.items()}
    markets = [each for each in settings.markets if all(each in priced for priced, _ in data.values())]
    if not markets:
        return None
    product: dict[str, Any] = {"markets": markets, "defaults": _texts(item, members, settings)}
    if overrides := _translations(item, field_map):
        product["overrides"] = overrides
    if images := _images(item, members, split=split):
        product["images"] = images
    return product | {"variants": {key: content for key, (_, content) in data.items()}}


def _texts(item: ProductItem, variants: list[VariantItem], settings: Settings) -> dict[str, Any]:
    address = settings.product_url.replace("{slug}", item.slug or str(item.id)).replace("{id}", str(item.id))
    texts: dict[str, Any] = {"title": item.title, "url": address.replace("{sku}", variants[0].sku)}
    optional = {
        "dataLocale": settings.locale,
        "brand": item.brand,
        "description": _plain(item.description),
        "category": sorted(item.category_paths),
        "customLabels": _labels(item, variants, settings),
    }
    return texts | {name: value for name, value in optional.items() if value}


def _translations(item: ProductItem, field_map: FieldMap) -> dict[str, dict[str, str]]:
    """`*|locale`: the texts in other languages, in all markets."""
    found: dict[str, dict[str, str]] = {}
    for locale, attributes in field_map.translations.items():
        texts: dict[str, str] = {
            name: _plain(str(item.attributes.get(attribute) or "")) for name, attribute in attributes.items()
        }
        if filled := {name: text for name, text in texts.items() if text}:
            found[f"*|{locale}"] = filled
    return found


def _images(item: ProductItem, variants: list[VariantItem], *, split: bool) -> list[dict[str, Any]]:
    """In the shop's order. One of several products of a group has the images of its variants, if they have any."""
    gallery = {image.url: image.alt for image in item.images if image.url}
    own = {url: gallery.get(url, "") for variant in variants if (url := variant.cart_image_url)}
    chosen = (own if split else gallery) or gallery or own
    return [{"defaults": {"urls": [url]} | ({"alt": alt} if alt else {})} for url, alt in chosen.items()]


def _plain(text: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", text)).split())[:VALUE_LENGTH]


def _labels(item: ProductItem, variants: list[VariantItem], settings: Settings) -> dict[str, list[str]]:
    """The attributes and options that the settings select."""
    found: dict[str, dict[str, None]] = {}
    for name in settings.custom_labels:
        for each in _as_list(item.attributes.get(name)):
            found.setdefault(name, {})[each] = None
    for variant in variants:
        for option in variant.options:
            if option["name"] in settings.custom_labels and option["value"]:
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
