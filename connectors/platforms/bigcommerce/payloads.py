"""Products, stock and prices of the hub as a store is to hold them. Weights stay in grams until they are sent."""

from decimal import Decimal
from typing import Any

from catalog.items import BrandItem, CategoryItem, PriceItem, ProductItem, VariantItem
from connectors.contract import References
from connectors.errors import SkipRecord
from hub.kinds import Kind

SOLD_STATUSES = ("live", "suspended")
TITLE_LENGTH = 250
CODE_LENGTH = 14
URL_LENGTH = 255
BRAND_LENGTH = 255
CATEGORY_LENGTH = 50
CATEGORY_DEPTH = 8
# The product's own fields that a store gives back as they were sent.
COMPARED_FIELDS = ("name", "type", "description", "is_visible", "price", "sale_price")


def product(item: ProductItem, refs: References, price_list: str) -> dict[str, Any] | None:
    """`{"product", "variants", "images", "weight_in_grams"}`, None for what is discontinued.

    Only variants with an SKU go, since by it they are found again. SkipRecord if the store could not hold the product.
    """
    if item.status not in SOLD_STATUSES:
        return None
    variants = [_variant(each, price_list) for each in item.variants if each.sku and each.status in SOLD_STATUSES]
    weight = next((each["weight_in_grams"] for each in variants if each["weight_in_grams"] is not None), None)
    _validate(item, variants, weight)
    categories = [int(key) for pk in item.category_ids if (key := refs.get(Kind.CATEGORY, pk))]
    body = {
        "name": item.title,
        "type": item.product_type if item.product_type in ("physical", "digital") else "physical",
        "description": item.description,
        "is_visible": item.status == "live",
        "price": variants[0]["price"],
        "sale_price": variants[0]["sale_price"],
    }
    # What the store does not know of is no reason to clear what it has; the product goes again once it is linked.
    if brand_key := refs.get(Kind.BRAND, item.brand_id):
        body["brand_id"] = int(brand_key)
    if categories:
        body["categories"] = categories
    return {
        "product": body,
        "variants": variants,
        "images": [image.url for image in item.images if len(image.url) <= URL_LENGTH],
        "weight_in_grams": weight or 0,
    }


def comparable_content(row: dict[str, Any]) -> dict[str, Any]:
    """What a store's product says of itself, as `product` would. Variants, images, brand and categories are left out:
    the store keeps them in forms and in an order of its own."""
    reported = {name: row[name] for name in COMPARED_FIELDS if name in row}
    # Zero and null are the same to a store.
    return {"product": reported | {"sale_price": reported.get("sale_price") or 0}}


def _validate(item: ProductItem, variants: list[dict[str, Any]], weight: float | None) -> None:
    if not variants:
        raise SkipRecord("None of its variants has an SKU.", code="sku_missing", fix="Give its variants SKUs.")
    if any(each["price"] is None for each in variants):
        raise SkipRecord(
            "Not all of its variants have a price.", code="price_missing", fix="Enter a price for every variant."
        )
    if weight is None and item.product_type != "digital":
        raise SkipRecord("It has no weight.", code="weight_missing", fix="Enter a weight; zero is allowed.")
    if not 0 < len(item.title) <= TITLE_LENGTH:
        raise SkipRecord(
            f"Its title has {len(item.title)} characters; BigCommerce takes 1 to {TITLE_LENGTH}.",
            code="title_length",
            fix="Change the title.",
        )
    if len(variants) > 1 and not all(each["options"] for each in variants):
        raise SkipRecord(
            "It has several variants, and not all of them have options to tell them apart.",
            code="options_missing",
            fix="Give every variant its options, such as size or colour.",
        )


def _variant(item: VariantItem, price_list: str) -> dict[str, Any]:
    """`id` is ours."""
    price = default_price(item, price_list)
    full, sale = (None, None) if price is None else _full_and_sale(price)
    return {
        "id": item.id,
        "sku": item.sku,
        "price": number(full),
        "sale_price": number(sale) or 0,
        "weight_in_grams": number(item.weight_in_grams),
        "upc": item.barcode if len(item.barcode) <= CODE_LENGTH else "",
        "purchasing_disabled": item.status != "live",
        "options": item.options,
    }


def brand(item: BrandItem) -> dict[str, Any] | None:
    """None for what is gone. SkipRecord for a name that the store could not hold."""
    if item.status != "live":
        return None
    _check_name(item.name, BRAND_LENGTH)
    image = {"image_url": item.image_url} if 0 < len(item.image_url) <= URL_LENGTH else {}
    return {"name": item.name, **image}


def category(item: CategoryItem) -> dict[str, Any] | None:
    """With the names of all above it, by which it is found and made."""
    if item.status != "live":
        return None
    for name in item.names:
        _check_name(name, CATEGORY_LENGTH)
    if len(item.names) > CATEGORY_DEPTH:
        raise SkipRecord(
            f"It stands {len(item.names)} levels deep; BigCommerce takes {CATEGORY_DEPTH}.",
            code="category_depth",
            fix="Move it further up.",
        )
    return {"path": item.names, "sort_order": item.position, "is_visible": item.visible}


def _check_name(name: str, longest: int) -> None:
    if not 0 < len(name) <= longest:
        raise SkipRecord(
            f"The name {name!r} has {len(name)} characters; BigCommerce takes 1 to {longest}.",
            code="name_length",
            fix="Change the name.",
        )


def stock(item: VariantItem, refs: References) -> dict[str, Any] | None:
    """All locations together; oversold is sold out. None where nothing is counted."""
    if item.status not in SOLD_STATUSES or not item.stock:
        return None
    total = sum((each.quantity for each in item.stock), Decimal(0))
    return {"variant_id": _remote_variant_id(item, refs), "quantity": max(0, int(total))}


def price(item: VariantItem, refs: References, price_list: str) -> dict[str, Any] | None:
    """A record of a price list of the store, with a tier for each larger quantity."""
    default = default_price(item, price_list)
    if item.status not in SOLD_STATUSES or default is None:
        return None
    full, sale = _full_and_sale(default)
    tiers = [each for each in item.prices if each.price_list == default.price_list and each.min_quantity > 1]
    record: dict[str, Any] = {
        "variant_id": _remote_variant_id(item, refs),
        "currency": default.currency.lower(),
        "price": number(full),
        "bulk_pricing_tiers": [
            {"quantity_min": each.min_quantity, "type": "fixed", "amount": number(each.amount)} for each in tiers
        ],
    }
    return record if sale is None else record | {"sale_price": number(sale)}


def default_price(item: VariantItem, price_list: str) -> PriceItem | None:
    """For a single piece, of the list named or else of the first."""
    single = (each for each in item.prices if each.min_quantity == 1)
    return next((each for each in single if price_list in ("", each.price_list)), None)


def _full_and_sale(price: PriceItem) -> tuple[Decimal, Decimal | None]:
    """A price before a reduction is the store's price, and the reduced one its sale price."""
    if price.list_amount is None or price.list_amount <= price.amount:
        return price.amount, None
    return price.list_amount, price.amount


def _remote_variant_id(item: VariantItem, refs: References) -> int:
    number = refs.get(Kind.VARIANT, item.id)
    if number is None:
        raise SkipRecord(
            f"The store does not have the variant {item.sku or item.id} yet.",
            code="not_there_yet",
            fix="Sync its product first, then retry.",
        )
    return int(number)


def number(value: Decimal | None) -> int | float | None:
    """As JSON has it, whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
