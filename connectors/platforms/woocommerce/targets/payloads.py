"""The payload of a product. Weights are in grams until they are sent."""

import re
from collections.abc import Sequence
from decimal import Decimal

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.platforms.woocommerce.client import Row
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, variant_label
from hub.kinds import Kind


def product_payload(item: ProductItem, refs: References, price_list: str) -> Row | None:
    """`{"product", "variants", "images"}`, None for discontinued products.

    Only variants with a SKU are included, because they are matched by SKU. SkipRecord if the shop cannot represent the
    product.
    """
    if item.status not in SOLD_STATUSES:
        return None
    sold = [each for each in item.variants if each.status in SOLD_STATUSES]
    sent = [each for each in sold if each.sku]
    if not sent:
        names = ", ".join(map(variant_label, sold[:5]))
        raise SkipRecord(issues.SKU_MISSING(count=len(sold), names=names) if sold else issues.VARIANTS_MISSING())
    if not item.title:
        raise SkipRecord(issues.TITLE_MISSING())
    if len(sent) > 1 and not all(each.options for each in sent):
        raise SkipRecord(issues.OPTIONS_MISSING())
    unpriced = [each.sku for each in sent if default_price(each, price_list) is None]
    if unpriced:
        raise SkipRecord(issues.PRICE_MISSING(count=len(unpriced), names=", ".join(unpriced[:5])))
    body: Row = {
        "name": item.title,
        "type": "variable" if sent[0].options else "simple",
        "status": "publish" if item.status == "live" else "draft",
        "description": item.description,
        "virtual": item.product_type == "digital",
        "attributes": _attributes(item, sent),
    }
    # A category that is not at the shop yet does not clear the shop's.
    if categories := [int(key) for pk in item.category_ids if (key := refs.get(Kind.CATEGORY, pk))]:
        body["categories"] = [{"id": number} for number in categories]
    variants = [_variant(each, price_list) for each in sent]
    return {"product": body, "variants": variants, "images": [image.url for image in item.images]}


def _attributes(item: ProductItem, sent: Sequence[VariantItem]) -> list[Row]:
    """The options of the variants with all their values, which the product has to list first; then its attributes."""
    options: dict[str, list[str]] = {}
    for variant in sent:
        for option in variant.options:
            values = options.setdefault(option["name"], [])
            if option["value"] not in values:
                values.append(option["value"])
    found = [
        {"name": name, "position": place, "visible": True, "variation": True, "options": values}
        for place, (name, values) in enumerate(options.items())
    ]
    for name, value in sorted(item.attributes.items()):
        if name not in options and value not in (None, "", []):
            texts = [str(each) for each in (value if isinstance(value, list) else [value])]
            place = len(found)
            found.append({"name": name, "position": place, "visible": True, "variation": False, "options": texts})
    return found


def _variant(item: VariantItem, price_list: str) -> Row:
    """`id` is our ID."""
    price = default_price(item, price_list)
    found: Row = {
        "id": item.id,
        "sku": stored_sku(item.sku),
        "status": "publish" if item.status == "live" else "private",
        "weight_in_grams": None if item.weight_in_grams is None else amount_text(item.weight_in_grams),
        "attributes": [{"name": each["name"], "option": each["value"]} for each in item.options],
    }
    return found | ({} if price is None else price_fields(price))


def stored_sku(sku: str) -> str:
    """As the shop stores a SKU, by which it is found: without extra spaces and percent-encoded octets. Seen in public
    code (`wc_clean`, WordPress's `sanitize_text_field`)."""
    found = sku
    while (cut := re.sub(r"%[0-9a-fA-F]{2}", "", found)) != found:
        found = cut
    return re.sub(r"[\r\n\t ]+", " ", found).strip()


def price_fields(price: PriceItem) -> Row:
    """Regular and sale price as text. Which price applies when is decided here, so the shop's dates are cleared."""
    regular, sale = amount_text(price.amount), ""
    if price.list_amount is not None and price.list_amount > price.amount:
        regular, sale = amount_text(price.list_amount), regular
    return {"regular_price": regular, "sale_price": sale, "date_on_sale_from": "", "date_on_sale_to": ""}


def amount_text(amount: Decimal) -> str:
    """Without an exponent or trailing zeros, so that 5 and 5.00 are the same payload."""
    return f"{amount.normalize():f}"
