"""Items of the hub as the JSON that docs/platforms/rest.md specifies."""

from datetime import UTC
from decimal import Decimal
from typing import Any

from catalog.items import BrandItem, CategoryItem, ProductItem, VariantItem
from connectors.contract import References
from connectors.records import AddressRecord
from hub.kinds import Kind
from orders.items import CustomerItem, OrderItem

SOLD_STATUSES = ("live", "suspended")
ADDRESS_FIELDS = (
    "use", "first_name", "last_name", "company", "street", "street2", "city", "region", "postcode", "country",
    "phone", "email",
)  # fmt: skip


def product(item: ProductItem, refs: References) -> dict[str, Any] | None:
    """Stock and prices are kinds of their own, so that their changes do not carry the whole product."""
    if item.status not in SOLD_STATUSES:
        return None
    return {
        "title": item.title,
        "slug": item.slug,
        "description": item.description,
        "type": item.product_type,
        "status": item.status,
        "brand": reference(refs, Kind.BRAND, item.brand_id),
        "brand_name": item.brand,
        "categories": [reference(refs, Kind.CATEGORY, pk) for pk in item.category_ids],
        "category_paths": item.category_paths,
        "attributes": item.attributes,
        "images": [{"url": image.url, "alt": image.alt} for image in item.images],
        "variants": [
            {
                "key": reference(refs, Kind.VARIANT, variant.id),
                "sku": variant.sku,
                "barcode": variant.barcode,
                "weight_in_grams": number(variant.weight_in_grams),
                "image_url": variant.cart_image_url,
                "options": variant.options,
                "status": variant.status,
                "rrp": number(variant.rrp),
                "settings": variant.settings,
            }
            for variant in item.variants
            if variant.status in SOLD_STATUSES
        ],
    }


def stock(item: VariantItem, refs: References) -> dict[str, Any] | None:
    """None, and so removed, where nothing is counted."""
    if item.status not in SOLD_STATUSES or not item.stock:
        return None
    return {
        "sku": item.sku,
        "product": reference(refs, Kind.PRODUCT, item.product_id),
        "quantity": number(sum((each.quantity for each in item.stock), Decimal(0))),
        "locations": [
            {
                "location": each.location,
                "quantity": number(each.quantity),
                "min_level": number(each.min_level),
                "restock_date": each.restock_date and each.restock_date.isoformat(),
            }
            for each in item.stock
        ],
    }


def prices(item: VariantItem, refs: References, price_list: str) -> dict[str, Any] | None:
    """`amount` is the default price, of the list named or else of the first; all prices of all lists stand below it."""
    single = (each for each in item.prices if each.min_quantity == 1)
    default = next((each for each in single if price_list in ("", each.price_list)), None)
    if item.status not in SOLD_STATUSES or default is None:
        return None
    return {
        "sku": item.sku,
        "product": reference(refs, Kind.PRODUCT, item.product_id),
        "amount": number(default.amount),
        "list_amount": number(default.list_amount),
        "currency": default.currency or None,
        "prices": [
            {
                "price_list": each.price_list,
                "currency": each.currency,
                "min_quantity": each.min_quantity,
                "amount": number(each.amount),
                "list_amount": number(each.list_amount),
            }
            for each in item.prices
        ],
    }


def category(item: CategoryItem, refs: References) -> dict[str, Any] | None:
    if item.status != "live":
        return None
    return {
        "name": item.name,
        "parent": reference(refs, Kind.CATEGORY, item.parent_id),
        "path": item.path,
        "slug": item.slug,
        "position": item.position,
        "visible": item.visible,
    }


def brand(item: BrandItem, refs: References) -> dict[str, Any] | None:
    return {"name": item.name, "image_url": item.image_url} if item.status == "live" else None


def customer(item: CustomerItem, refs: References) -> dict[str, Any] | None:
    if item.status == "deleted":
        return None
    return {
        "email": item.email,
        "first_name": item.first_name,
        "last_name": item.last_name,
        "company": item.company_name,
        "phone": item.phone,
        "tax_id": item.tax_id,
        "group": item.group,
        "accounting_id": item.accounting_id,
        "sales_agent_groups": item.sales_agent_groups,
        "price_lists": item.price_lists,
        "discount_percentage": number(item.discount_percentage),
        "payment_on_account": item.payment_on_account,
        "parent": reference(refs, Kind.CUSTOMER, item.parent_id),
        "b2b_enabled": item.b2b_enabled,
        "status": item.status,
        "addresses": [_address(each) for each in item.addresses],
    }


def order(item: OrderItem, refs: References) -> dict[str, Any]:
    """Orders are never taken back: a cancelled one is sent as cancelled."""
    return {
        "number": item.number,
        "customer": reference(refs, Kind.CUSTOMER, item.customer_id),
        "status": item.status,
        "currency": item.currency,
        "total": number(item.total),
        "tax": number(item.tax),
        "shipping_cost": number(item.shipping_cost),
        "placed_at": item.placed_at.astimezone(UTC).isoformat(),
        "placed_through_b2b": item.placed_through_b2b,
        "note": item.customer_note,
        "lines": [
            {
                "key": reference(refs, Kind.ORDER_LINE, line.id),
                "variant": reference(refs, Kind.VARIANT, line.variant_id),
                "sku": line.sku,
                "title": line.title,
                "vendor": line.vendor,
                "quantity": number(line.quantity),
                "unit_price": number(line.unit_price),
                "status": line.status,
            }
            for line in item.lines
        ],
        "shipments": [
            {
                "key": shipment.external_id,
                "carrier": shipment.carrier,
                "tracking_number": shipment.tracking_number,
                "shipped_at": shipment.shipped_at and shipment.shipped_at.astimezone(UTC).isoformat(),
                "lines": [
                    {"line": reference(refs, Kind.ORDER_LINE, line_id), "quantity": number(quantity)}
                    for line_id, quantity in sorted(shipment.lines.items())
                ],
            }
            for shipment in item.shipments
        ],
        "addresses": [_address(each) for each in item.addresses],
    }


def _address(item: AddressRecord) -> dict[str, str]:
    return {name: getattr(item, name) for name in ADDRESS_FIELDS}


def reference(refs: References, kind: Kind, item_id: int | None) -> str:
    """The key that the other system knows an item by, which is our own id unless it gave one; empty for none."""
    return "" if item_id is None else refs.get(kind, item_id) or str(item_id)


def number(value: Decimal | None) -> int | float | None:
    """As JSON has it, whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
