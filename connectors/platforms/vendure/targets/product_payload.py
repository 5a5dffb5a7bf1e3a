"""The payload of a product."""

from collections.abc import Sequence

from catalog.items import ProductItem, VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.graphql import Data
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number, variant_label

TITLE_LENGTH = 255


def product_payload(item: ProductItem, price_list: str) -> Data | None:
    """`{"product", "variants"}`, None for discontinued products.

    Only variants with a SKU are included, because they are matched by SKU. SkipRecord if Vendure cannot represent the
    product.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    sent = [each for each in sold if each.sku]
    if not sent:
        names = ", ".join(map(variant_label, sold[:5]))
        raise SkipRecord(issues.SKU_MISSING(count=len(sold), names=names) if sold else issues.VARIANTS_MISSING())
    if not 0 < len(item.title) <= TITLE_LENGTH:
        raise SkipRecord(issues.TITLE_LENGTH(length=len(item.title), limit=TITLE_LENGTH))
    _check_options(sent)
    return {
        "product": {
            "name": item.title,
            "slug": item.slug or f"synccenter-{item.id}",
            "description": item.description,
            "enabled": item.status == "live",
        },
        "variants": [_variant(each, item.title, price_list) for each in sent],
    }


def _check_options(sent: Sequence[VariantItem]) -> None:
    """All variants of a product have values for the same options."""
    names = {tuple(sorted(option["name"] for option in each.options)) for each in sent}
    if len(names) > 1 or (len(sent) > 1 and () in names):
        raise SkipRecord(issues.OPTIONS_MISSING())


def _variant(item: VariantItem, title: str, price_list: str) -> Data:
    price = default_price(item, price_list)
    values = " ".join(each["value"] for each in item.options)
    payload: Data = {
        "id": item.id,
        "sku": item.sku,
        "name": f"{title} {values}".strip(),
        "enabled": item.status == "live",
        "options": item.options,
    }
    return payload if price is None else payload | {"price": json_number(price.amount), "currency": price.currency}


def comparable_content(row: Data) -> Data:
    """The content of the shop's product in the format of `product_payload`. The shop may change the slug, to make it
    unique."""
    return {"product": {name: row[name] for name in ("name", "description", "enabled")}}
