"""The payload of a product. Weights are in grams until they are sent."""

from collections.abc import Sequence

from catalog.items import ProductItem, VariantItem
from connectors.platforms.bigcommerce.client import Row
from connectors.platforms.bigcommerce.settings import TargetProductMap
from connectors.platforms.bigcommerce.values import URL_LENGTH, full_and_sale, names
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import Kind

TITLE_LENGTH = 250
# Codes of a variant, and of a product without options: the store's field → ours and the most characters. An empty code
# keeps the store's, except for the first.
CODES = {"upc": ("barcode", 14), "mpn": ("mpn", 255)}
# The product's own fields that a store returns exactly as they were sent.
COMPARED_FIELDS = ("name", "type", "description", "is_visible", "price", "sale_price")


def product_payload(item: ProductItem, refs: References, price_list: str, mapped: TargetProductMap) -> Row | None:
    """`{"product", "variants", "images", "weight_in_grams", "metafields"}`, None for discontinued products;
    `metafields`: `namespace.key` → value, if any are mapped.

    Only variants with a SKU are included, because they are matched by SKU. SkipRecord if the store cannot represent the
    product.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    sent = [each for each in sold if each.sku]
    if not sent:
        raise SkipRecord(issues.SKU_MISSING(count=len(sold), names=names(sold)) if sold else issues.VARIANTS_MISSING())
    variants = [_variant(each, price_list) for each in sent]
    weight = next((each["weight_in_grams"] for each in variants if each["weight_in_grams"] is not None), None)
    _validate(item, sent, price_list, weight)
    categories = [int(key) for pk in item.category_ids if (key := refs.get(Kind.CATEGORY, pk))]
    body: Row = {
        "name": item.title,
        "type": item.product_type if item.product_type in ("physical", "digital") else "physical",
        "description": item.description,
        "is_visible": item.status == "live",
        "price": variants[0]["price"],
        "sale_price": variants[0]["sale_price"],
    }
    # A brand or category that is not at the store yet does not clear the store's value; the product is sent again once
    # it is linked.
    if brand_key := refs.get(Kind.BRAND, item.brand_id):
        body["brand_id"] = int(brand_key)
    if categories:
        body["categories"] = categories
    return {
        "product": body,
        "variants": variants,
        "images": [image.url for image in item.images if len(image.url) <= URL_LENGTH],
        "weight_in_grams": weight or 0,
        **({"metafields": metafields} if (metafields := mapped.values(item, sent[0])) else {}),
    }


def comparable_content(row: Row) -> Row:
    """The content of a store's product in the format of `product_payload`.

    Variants, images, brand and categories are left out: the store changes their format and order.
    """
    reported = {name: row[name] for name in COMPARED_FIELDS if name in row}
    # The store treats zero and null alike.
    return {"product": reported | {"sale_price": reported.get("sale_price") or 0}}


def _validate(item: ProductItem, sent: Sequence[VariantItem], price_list: str, weight: float | None) -> None:
    if unpriced := [each for each in sent if default_price(each, price_list) is None]:
        raise SkipRecord(issues.PRICE_MISSING(count=len(unpriced), names=names(unpriced)))
    if weight is None and item.product_type != "digital":
        raise SkipRecord(issues.WEIGHT_MISSING(count=len(sent), names=names(sent)))
    if not 0 < len(item.title) <= TITLE_LENGTH:
        raise SkipRecord(issues.TITLE_LENGTH(length=len(item.title), limit=TITLE_LENGTH))
    if len(sent) > 1 and not all(each.options for each in sent):
        raise SkipRecord(issues.OPTIONS_MISSING())


def _variant(item: VariantItem, price_list: str) -> Row:
    """`id` is our ID."""
    price = default_price(item, price_list)
    full, sale = (None, None) if price is None else full_and_sale(price)
    return {
        "id": item.id,
        "sku": item.sku,
        "price": json_number(full),
        "sale_price": json_number(sale) or 0,
        "weight_in_grams": json_number(item.weight_in_grams),
        **_codes(item),
        "purchasing_disabled": item.status != "live",
        "options": item.options,
    }


def _codes(item: VariantItem) -> Row:
    found: Row = {"upc": ""}
    for name, (ours, length) in CODES.items():
        code = getattr(item, ours)
        if code and len(code) <= length:
            found[name] = code
    return found
