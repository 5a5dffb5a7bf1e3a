"""A product of the hub as a product group of the search index; v4 takes it as it is, v3 as XML."""

import re
from decimal import Decimal
from html import unescape
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.contract import Schema
from connectors.errors import SkipRecord

KEY_LENGTH = 50
VALUE_LENGTH = 2_000_000
LIVE_STATUS = "live"
_TAG = re.compile(r"<style\b.*?</style>|<script\b.*?</script>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Settings(Schema):
    api_version: Literal["v4", "v3"] = Field(
        "v4", title="Admin API", description="v3 ends on 2026-12-31; after a change everything is sent anew."
    )
    markets: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        title="Markets", description="Where the products are sold; configured in Elevate before."
    )
    locale: str = Field(
        "",
        validate_default=True,
        title="Locale of the texts",
        description="For example en-GB; empty: the market's own.",
    )
    price_list: str = Field(title="Price list", description="Slug of the price list whose prices are shown.")
    product_url: str = Field(
        "/{slug}/", title="Address of a product", description="{slug} and {id} are replaced by the product's."
    )
    variant_key: Literal["sku", "id"] = Field("sku", title="Key of a variant")
    custom_labels: tuple[str, ...] = Field(
        (), title="Custom labels", description="Product attributes and options that are sent, by their names."
    )
    untracked_stock: int = Field(
        1, ge=0, title="Stock of what is not counted", description="The figure sent for variants without any stock."
    )
    drain_every: float = Field(
        300, ge=1, title="Seconds between imports", description="How long changes collect before they go out."
    )
    blocking_timeout: int = Field(
        20, ge=1, le=50, title="Seconds to wait for an import", description="After that its status is polled."
    )

    @field_validator("product_url")
    @classmethod
    def _check_placeholder(cls, value: str) -> str:
        if "{slug}" not in value and "{id}" not in value:
            raise ValueError("it must hold {slug} or {id}, or all products would share one address")
        return value

    @field_validator("locale")
    @classmethod
    def _require_locale(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("api_version") == "v3":
            raise ValueError("v3 wants to know the language of the texts: write it, for example en-GB")
        return value


class FieldMap(Schema):
    label_names: dict[str, str] = Field(
        default_factory=dict,
        title="Names of labels",
        description="Custom label whose values are ids → the product attribute that holds their names.",
    )


def key_of(product_id: int) -> str:
    """Of our own id, which never changes and is known even where an answer was lost."""
    return f"p{product_id}"


def product_group_payload(item: ProductItem, settings: Settings, field_map: FieldMap) -> dict[str, Any] | None:
    """`{"key", "productGroup"}` with one product, or None for what is not for sale. `names` beside them says what the
    ids in custom labels are called: label → id → name.

    SkipRecord if nothing of the product can be sold: no variant
    has both a price in the chosen list and (where keys are SKUs) an SKU.
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
    """The chosen attributes and options."""
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
    """A label's ids and their names stand in the same order; an id without a name is its own."""
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
            missing.add("an SKU")
        elif price is None:
            missing.add(f"a price in the list {settings.price_list}")
        else:
            variants[key] = {"defaults": _price_and_stock(variant, price, settings)}
    if not variants:
        raise SkipRecord(
            f"No variant of it can be found by shoppers: there is not {' or '.join(sorted(missing))}.",
            code="not_sellable",
            fix=f"Give at least one variant {' and '.join(sorted(missing))}, in the shop.",
        )
    return variants


def _price(variant: VariantItem, price_list: str) -> PriceItem | None:
    return next((each for each in variant.prices if each.price_list == price_list and each.min_quantity == 1), None)


def _price_and_stock(variant: VariantItem, price: PriceItem, settings: Settings) -> dict[str, Any]:
    """Oversold is sold out: the index takes no stock below zero."""
    stock = max(sum((each.quantity for each in variant.stock), Decimal(0)), Decimal(0))
    return {
        "stock": number(stock) if variant.stock else settings.untracked_stock,
        "sellingPrice": number(price.amount),
        "listPrice": number(price.amount if price.list_amount is None else price.list_amount),
    }


def number(value: Decimal) -> int | float:
    """As JSON has it, whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    return int(value) if value == value.to_integral_value() else float(value)


def incremental_change(previous: dict[str, Any] | None, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What an update of a group that was sent must say, which is nothing where only names of ids changed; None if the
    group goes whole."""
    if not previous:
        return None
    before = previous.get("names", {})
    renamed = any(before.get(label) != names for label, names in payload.get("names", {}).items())
    changed = difference(previous["productGroup"], payload["productGroup"])
    return changed if changed or renamed else None


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    """What must be said to turn one into the other; None if that takes more than setting attributes.

    An attribute cannot be taken away so, and a product or variant that is new comes with its whole group (F5).
    """
    if before.keys() != after.keys():
        return None
    changed: dict[str, Any] = {}
    for name, value in after.items():
        if value == before[name]:
            continue
        if isinstance(value, dict) and isinstance(before[name], dict):
            inner = difference(before[name], value)
            if inner is None:
                return None
            changed[name] = inner
        else:
            changed[name] = value
    return changed
