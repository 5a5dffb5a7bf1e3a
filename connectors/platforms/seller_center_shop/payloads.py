"""Items of the hub as the shop's entries (`productsInfo`), one for each SKU."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.contract import Operation, References
from connectors.errors import SkipRecord
from hub.kinds import Kind

STATUSES = {"live": "active", "suspended": "inactive"}
_IDS = frozenset(("product_id", "config_id"))
_INITIAL_VALUES = frozenset(("price", "special_price", "stock"))

Entry = dict[str, Any]


def product(
    item: ProductItem, refs: References, seller: str, price_list: str, attribute_names: Mapping[str, str]
) -> dict[str, Any] | None:
    """`{"products": entries, "images": addresses}`.

    A variant that is not linked yet carries its first price and stock, since a shop may take no product without them.
    `attribute_names`: our name of an attribute or option → the shop's id of it (S5).
    """
    if item.status not in STATUSES:
        return None
    shared = {
        "product_set": str(item.id),
        "title": item.title,
        "description": item.description,
        "brand": refs.get(Kind.BRAND, item.brand_id),
        "categories": [each for pk in item.category_ids if (each := refs.get(Kind.CATEGORY, pk))],
    }
    if seller:
        shared["seller"] = seller
    entries = []
    for variant in item.variants:
        entry = _identity(variant, refs) if variant.status in STATUSES or refs.get(Kind.VARIANT, variant.id) else None
        if entry is None:
            continue
        variation = {option["name"]: option["value"] for option in variant.options}
        entry |= shared | {
            "id_catalog_product": str(variant.id),
            "product_identifier": variant.barcode,
            "status": STATUSES.get(variant.status, "deleted"),
            "attributes": {attribute_names.get(name, name): value for name, value in item.attributes.items()},
            "variation": {attribute_names.get(name, name): value for name, value in variation.items()},
        }
        if "product_id" not in entry:
            entry |= _amounts(variant, price_list) | _quantity(variant)
        entries.append(entry)
    if not entries:
        raise SkipRecord("It has no variants to be sold.", code="no_variants", fix="Give it a variant with an SKU.")
    return {"products": entries, "images": [image.url for image in item.images]}


def stock(variant: VariantItem, refs: References) -> Entry | None:
    """None where nothing is counted."""
    if variant.status not in STATUSES or not variant.stock:
        return None
    return _identity(variant, refs) | _quantity(variant)


def prices(variant: VariantItem, refs: References, price_list: str) -> Entry | None:
    """The default price, of the list named or else of the first."""
    amounts = _amounts(variant, price_list)
    if variant.status not in STATUSES or not amounts:
        return None
    return _identity(variant, refs) | amounts


def pictures(entry: Entry, images: list[str]) -> Entry:
    """The product's pictures in their order, for the product of one SKU."""
    return {name: entry[name] for name in ("seller_sku", *sorted(_IDS)) if name in entry} | {"images": images}


def without_initial_values(entry: Entry) -> Entry:
    """What the shop has already gets price and stock by calls of their own."""
    return {name: value for name, value in entry.items() if name not in _INITIAL_VALUES}


def has_changed(operation: Operation, part: str) -> bool:
    """Whether this part of the payload is to be sent: it is not as it was sent before, or nobody knows.

    That an entry carries the shop's ids once it is linked, and no first values any more, is no difference.
    """
    if operation.previous is None:
        return True
    before, after = operation.previous[part], operation.payload[part]
    return bool(
        before != after
        if part == "images"
        else list(map(_comparable_content, before)) != list(map(_comparable_content, after))
    )


def _comparable_content(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if name not in _IDS | _INITIAL_VALUES}


def _identity(variant: VariantItem, refs: References) -> Entry:
    """What the shop knows a variant by. SkipRecord without an SKU: the shop's answers name nothing else."""
    if not variant.sku:
        raise SkipRecord(
            "A variant has no SKU, by which the shop could tell it from others.",
            code="sku_missing",
            fix="Give every variant an SKU of its own.",
        )
    product_id, config_id = refs.get(Kind.VARIANT, variant.id), refs.get(Kind.PRODUCT, variant.product_id)
    linked = {"product_id": product_id, "config_id": config_id} if product_id and config_id else {}
    return {"seller_sku": variant.sku} | linked


def _quantity(variant: VariantItem) -> Entry:
    """Whole pieces over all locations; nothing where nothing is counted."""
    return {"stock": int(sum((each.quantity for each in variant.stock), Decimal(0)))} if variant.stock else {}


def _amounts(variant: VariantItem, price_list: str) -> Entry:
    """`price` stands before a reduction, `special_price` after it. Nothing without a price."""
    single = (each for each in variant.prices if each.min_quantity == 1)
    default = next((each for each in single if price_list in ("", each.price_list)), None)
    if default is None:
        return {}
    if default.list_amount is None or default.list_amount <= default.amount:
        return {"price": _money(default.amount), "special_price": None}
    return {"price": _money(default.list_amount), "special_price": _money(default.amount)}


def _money(amount: Decimal) -> str:
    """As the vendor writes amounts: text with two decimals, more where they count."""
    rounded = round(amount, 2)
    return f"{rounded:.2f}" if rounded == amount else f"{amount.normalize():f}"
