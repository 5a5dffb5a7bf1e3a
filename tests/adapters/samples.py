"""Sample items of the hub as adapters get them, created without a database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from catalog.items import BrandItem, CategoryItem, ImageItem, PriceItem, ProductItem, StockItem, VariantItem
from connectors.sdk.records import AddressRecord
from hub.kinds import DataType
from orders.items import CustomerItem, OrderItem, OrderLineItem, ShipmentItem

PRICE_LIST = "shop-price"


def variant(
    number: int, product: int = 1, *, price: str | None = "12.5", stock: str | None = "3", **changes: Any
) -> VariantItem:
    item = VariantItem(
        id=number,
        product_id=product,
        seller_id=1,
        sku=f"SKU-{number}",
        barcode="",
        weight_in_grams=Decimal("250.000"),
        position=number,
        cart_image_url="",
        options=[{"name": "Size", "value": f"S{number}"}],
        status="live",
        rrp=Decimal("20.0000"),
        settings={},
        stock=[] if stock is None else [StockItem("default", Decimal(stock), None, None)],
        prices=[] if price is None else [PriceItem(PRICE_LIST, "GBP", 1, Decimal(price), None)],
    )
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def product(number: int, *, variants: list[VariantItem] | None = None, **changes: Any) -> ProductItem:
    """Has two variants by default, with the IDs number × 10 and number × 10 + 1."""
    item = ProductItem(
        id=number,
        seller_id=1,
        title=f"Lamp {number}",
        slug=f"lamp-{number}",
        description="<p>Bright &amp; warm.</p><style>p { margin: 0 }</style>",
        product_type="physical",
        status="live",
        brand_id=5,
        brand="Acme",
        attributes={"Material": "Oak"},
        revision=1,
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
        category_ids=[7],
        category_paths=["Home / Lamps"],
        variants=[variant(number * 10, number), variant(number * 10 + 1, number)] if variants is None else variants,
        images=[ImageItem(f"https://images.example.com/{number}.jpg", "", 0)],
    )
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def category(number: int, **changes: Any) -> CategoryItem:
    name = f"Aisle {number}"
    item = CategoryItem(number, 1, None, name, f"aisle-{number}", name, 0, True, "live", [name])
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def brand(number: int, **changes: Any) -> BrandItem:
    item = BrandItem(number, 1, f"Maker {number}", "", "live")
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def customer(number: int, **changes: Any) -> CustomerItem:
    item = CustomerItem(
        id=number,
        seller_id=1,
        email=f"buyer{number}@example.com",
        first_name="Sam",
        last_name=f"Buyer {number}",
        company_name="Buyers Ltd",
        phone="",
        tax_id="",
        group="Trade",
        accounting_id=f"A-{number}",
        sales_agent_groups=["north"],
        price_lists=[PRICE_LIST],
        discount_percentage=Decimal("2.500"),
        payment_on_account=True,
        parent_id=None,
        b2b_enabled=True,
        status="active",
        note="",
        revision=1,
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
        addresses=[AddressRecord(street="1 High Street", city="Leeds", country="GB")],
    )
    for name, value in changes.items():
        setattr(item, name, value)
    return item


def order(number: int, **changes: Any) -> OrderItem:
    item = OrderItem(
        id=number,
        seller_id=1,
        source_id=1,
        number=f"10{number}",
        customer_id=3,
        status="partly_shipped",
        source_status="Partially Shipped",
        currency="GBP",
        total=Decimal("25.0000"),
        tax=Decimal(0),
        shipping_cost=Decimal(0),
        placed_at=datetime(2026, 1, 2, 8, tzinfo=UTC),
        placed_through_b2b=True,
        cart_id="",
        customer_note="",
        internal_note="",
        ip_address=None,
        revision=1,
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
        lines=[OrderLineItem(number * 10, number, 10, 0, "SKU-10", "Lamp", "", Decimal(2), Decimal("12.5"), "pending")],
        shipments=[
            ShipmentItem(
                external_id="s1",
                carrier="royal-mail",
                tracking_numbers=["TRACK-1"],
                shipped_at=None,
                lines={number * 10: Decimal(1)},
            )
        ],
        addresses=[AddressRecord(use="billing", street="1 High Street", city="Leeds", country="GB")],
    )
    for name, value in changes.items():
        setattr(item, name, value)
    return item


SAMPLES: dict[DataType, list[Any]] = {
    DataType.PRODUCTS: [product(number) for number in range(1, 6)],
    DataType.STOCK: [variant(number) for number in range(1, 6)],
    DataType.PRICES: [variant(number) for number in range(1, 6)],
    DataType.CATEGORIES: [category(number) for number in range(1, 6)],
    DataType.BRANDS: [brand(number) for number in range(1, 6)],
    DataType.CUSTOMERS: [customer(number) for number in range(1, 6)],
    DataType.ORDERS: [order(number) for number in range(1, 6)],
}
