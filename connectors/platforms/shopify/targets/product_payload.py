"""The payload of a product."""

from collections.abc import Sequence
from typing import Any

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.platforms.shopify.client import Row
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import SOLD_STATUSES, cut, default_price, json_number, variant_label

MAX_TEXT = 255
# https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/productSet
MAX_VARIANTS = 2048
MAX_OPTIONS = 3


def product_payload(item: ProductItem, price_list: str) -> Row | None:
    """`{"product", "handle", "variants", "images"}`, None for discontinued products.

    Only variants with a SKU are included, because they are matched by SKU. The handle is that of a new product. Weights
    are in grams. SkipRecord if Shopify cannot represent the product.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    sent = [each for each in sold if each.sku]
    if not sent:
        names = _names(sold)
        raise SkipRecord(issues.SKU_MISSING(count=len(sold), names=names) if sold else issues.VARIANTS_MISSING())
    _validate(item, sent, price_list)
    return {
        "product": {
            "title": item.title,
            "descriptionHtml": item.description,
            "vendor": cut(item.brand, MAX_TEXT),
            "status": "ACTIVE" if item.status == "live" else "DRAFT",
        },
        "handle": item.slug if len(item.slug) <= MAX_TEXT else "",
        "variants": [_variant(each, price_list, is_shipped=item.product_type != "digital") for each in sent],
        "images": [{"url": each.url, "alt": each.alt} for each in item.images],
    }


def _validate(item: ProductItem, sent: Sequence[VariantItem], price_list: str) -> None:
    if not 0 < len(item.title) <= MAX_TEXT:
        raise SkipRecord(issues.TITLE_LENGTH(length=len(item.title), limit=MAX_TEXT))
    if unpriced := [each for each in sent if default_price(each, price_list) is None]:
        raise SkipRecord(issues.PRICE_MISSING(count=len(unpriced), names=_names(unpriced)))
    skus = [each.sku for each in sent]
    if len(set(skus)) < len(skus):
        raise SkipRecord(issues.SKU_DUPLICATE(sku=next(sku for sku in skus if skus.count(sku) > 1)))
    if len(sent) > MAX_VARIANTS:
        raise SkipRecord(issues.TOO_MANY(field="Variants", count=len(sent), limit=MAX_VARIANTS))
    names = {frozenset(option["name"] for option in each.options) for each in sent}
    if len(names) > 1 or (len(sent) > 1 and frozenset() in names):
        raise SkipRecord(issues.OPTIONS_MISSING())
    if (count := len(next(iter(names)))) > MAX_OPTIONS:
        raise SkipRecord(issues.TOO_MANY(field="Options", count=count, limit=MAX_OPTIONS))


def _names(variants: Sequence[VariantItem]) -> str:
    return ", ".join(each.sku or variant_label(each) for each in variants[:5])


def _variant(item: VariantItem, price_list: str, *, is_shipped: bool) -> Row:
    """`id` is our ID. A variant that is suspended is sold out, as Shopify cannot hide it."""
    suspended = item.status != "live"
    price = default_price(item, price_list)
    return {
        "id": item.id,
        "sku": item.sku,
        "barcode": item.barcode,
        "weight_in_grams": json_number(item.weight_in_grams),
        "is_shipped": is_shipped,
        "is_tracked": bool(item.stock) or suspended,
        "is_suspended": suspended,
        "options": item.options,
        **({} if price is None else price_fields(price)),
    }


def price_fields(price: PriceItem) -> dict[str, Any]:
    """As text, without trailing zeros. A higher price from before a reduction is the one to compare with."""
    full = price.list_amount
    return {
        "currency": price.currency,
        "price": f"{price.amount.normalize():f}",
        "compareAtPrice": f"{full.normalize():f}" if full is not None and full > price.amount else None,
    }
