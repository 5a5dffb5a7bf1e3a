"""The rows that payloads and feeds are made of, as data: table by table, with fixed ids, in the order of their keys.

They hold what tends to go wrong: texts in many scripts and with markup, variants that are gone, prices by quantity and
in several lists or in none, stock that is counted nowhere, oversold or in fractions, and items that a target must skip.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

SELLER, VENDOR, SHOP, TARGET = 9001, 9002, 9001, 9100
_MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)

# The ids of what is exported, by data type.
ITEMS = {
    "settings": [SHOP],
    "categories": [11, 12, 13, 14],
    "brands": [21, 22, 23],
    "products": [101, 102, 103, 104, 105, 106, 107, 108, 109],
    "stock": [1011, 1012, 1013, 1014, 1015, 1021, 1031, 1041, 1051, 1061, 1071, 1091],
    "prices": [1011, 1012, 1013, 1014, 1015, 1021, 1031, 1041, 1051, 1061, 1071, 1091],
    "customers": [201, 202, 203, 204, 205, 206],
    "orders": [301, 302, 303, 304, 305, 306, 307, 308],
}


def _category(pk: int, name: str, path: str, parent: int | None = None, **more: Any) -> Row:
    return {"id": pk, "seller_id": SELLER, "parent_id": parent, "name": name, "path": path, "slug": f"c-{pk}"} | more


def _product(pk: int, title: str, **more: Any) -> Row:
    times = {"created_at": _MOMENT, "updated_at": _MOMENT}
    return {"id": pk, "seller_id": SELLER, "title": title, "slug": f"lamp-{pk}", "revision": pk} | times | more


def _variant(pk: int, product: int, **more: Any) -> Row:
    usual = {"sku": f"SKU-{pk}", "weight_in_grams": Decimal("250.000"), "position": pk % 10, "updated_at": _MOMENT}
    return {"id": pk, "seller_id": SELLER, "product_id": product} | usual | more


def _size(value: str, colour: str = "") -> list[dict[str, str]]:
    return [{"name": "Size", "value": value}, *([{"name": "Colour", "value": colour}] if colour else [])]


def _stock(variant: int, location: int, quantity: str, **more: Any) -> Row:
    where = {"variant_id": variant, "location_id": location, "updated_at": _MOMENT}
    return {"seller_id": SELLER, "quantity": Decimal(quantity)} | where | more


def _price(variant: int, price_list: int, amount: str, *, least: int = 1, before: str | None = None) -> Row:
    amounts = {"amount": Decimal(amount), "list_amount": None if before is None else Decimal(before)}
    return {"seller_id": SELLER, "variant_id": variant, "price_list_id": price_list, "min_quantity": least} | amounts


def _customer(pk: int, **more: Any) -> Row:
    times = {"created_at": _MOMENT, "updated_at": _MOMENT}
    return {"id": pk, "seller_id": SELLER, "email": f"buyer{pk}@example.com", "revision": pk} | times | more


def _address(**more: Any) -> Row:
    usual = {"first_name": "Zoë", "last_name": "Łukasz", "street": "1 High Street", "city": "Leeds", "country": "GB"}
    return {"seller_id": SELLER, "postcode": "LS1 1AA", "phone": "+44 113 496 0000"} | usual | more


def _order(pk: int, status: str, **more: Any) -> Row:
    usual = {"number": f"10{pk}", "currency": "GBP", "total": Decimal("25.0000"), "placed_at": _MOMENT}
    of = {"id": pk, "seller_id": SELLER, "source_id": SHOP, "status": status, "revision": pk, "updated_at": _MOMENT}
    return of | usual | more


def _line(pk: int, order: int, status: str = "pending", **more: Any) -> Row:
    usual = {"sku": "SKU-1011", "variant_id": 1011, "title": "Lamp “Öl”", "quantity": Decimal("2.000")}
    of = {"id": pk, "seller_id": SELLER, "order_id": order, "position": pk % 10, "status": status}
    return of | usual | {"unit_price": Decimal("12.5000")} | more


def _shipment(pk: int, order: int, key: str, carrier: str, number: str, **more: Any) -> Row:
    of = {"id": pk, "seller_id": SELLER, "order_id": order, "external_id": key}
    return of | {"carrier": carrier, "tracking_number": number} | more


def _shipped(shipment: int, line: int, quantity: str) -> Row:
    return {"seller_id": SELLER, "shipment_id": shipment, "order_line_id": line, "quantity": Decimal(quantity)}


ROWS: dict[str, list[Row]] = {
    "accounts.Seller": [
        {"id": SELLER, "slug": "north", "name": "North & Söhne", "currency": "GBP", "time_zone": "Europe/London"},
        {"id": VENDOR, "slug": "south", "name": "Südwerk"},
    ],
    "accounts.DropshipAgreement": [
        {
            "seller_id": SELLER,
            "vendor_id": VENDOR,
            "name_on_lines": "Südwerk",
            "since": datetime(2025, 1, 1, tzinfo=UTC),
        }
    ],
    "hub.Connection": [
        {
            "id": SHOP,
            "seller_id": SELLER,
            "slug": "north-shop",
            "name": "North's shop",
            "platform": "bigcommerce",
            "role": "shop",
            "base_url": "https://shop.example/stores/north",
            "state": "active",
        }
    ],
    "hub.Job": [{"connection_id": SHOP, "direction": "import", "data_type": "products", "item_kind": "product"}],
    "catalog.Category": [
        _category(11, "Home", "Home"),
        _category(12, "Lämpchen", "Home / Lämpchen", 11, position=3),
        _category(13, "Secret", "Home / Secret", 11, visible=False),
        _category(14, "Old", "Old", status="discontinued"),
    ],
    "catalog.Brand": [
        {"id": 21, "seller_id": SELLER, "name": "Acmé", "image_url": "https://images.example.com/acme.png"},
        {"id": 22, "seller_id": SELLER, "name": "東芝"},
        {"id": 23, "seller_id": SELLER, "name": "Gone", "status": "discontinued"},
    ],
    "catalog.Product": [
        _product(
            101,
            "Lámpara “Öl” & <b>☀</b>",
            description="<p>Bright &amp; warm&nbsp;light.</p><style>p { margin: 0 }</style>\n\t<em>ö 🙂</em>",
            product_type="physical",
            brand_id=21,
            attributes={
                "Material": "Oak",
                "Rooms": ["Küche", "Bad", ""],
                "room_names": ["Kitchen", "Bath", "None"],
                "Watt": 7.5,
                "Dimmable": True,
                "Deep": {"a": [1, None, "x"], "b": {}},
                "Nothing": None,
                "Whole": 5,
            },
        ),
        _product(102, "Without a price", product_type="physical", brand_id=22),
        _product(103, "Manual (PDF)", product_type="digital", status="suspended", slug=""),
        _product(104, "Discontinued", status="discontinued", brand_id=21),
        _product(105, "Without an SKU", product_type="physical"),
        _product(106, "Deleted", status="deleted"),
        _product(107, "x" * 251, brand_id=23, attributes={"Watt": 10**15}),
        _product(108, "Without options", product_type="gift"),
        _product(
            109,
            "Whole: “Stuhl”",
            product_type="physical",
            brand_id=22,
            description="<p>è &lt; é</p>",
            attributes={"A": 1},
        ),
    ],
    "catalog.ProductCategory": [
        *({"product_id": 101, "category_id": pk} for pk in (12, 13, 14)),
        {"product_id": 103, "category_id": 11},
        {"product_id": 109, "category_id": 12},
    ],
    "catalog.Variant": [
        _variant(1011, 101, barcode="4006381333931", options=_size("S", "Weiß"), rrp=Decimal("20.0000")),
        _variant(
            1012,
            101,
            options=_size("M", "Rot"),
            weight_in_grams=Decimal("0.125"),
            cart_image_url="https://images.example.com/1012.jpg",
            settings={"pack": 6, "Minimum": "2", "nested": {"a": [1]}},
            rrp=Decimal("19.9900"),
        ),
        _variant(1013, 101, options=_size("L"), status="suspended", weight_in_grams=None, barcode="1" * 20),
        _variant(1014, 101, options=_size("XL"), status="discontinued"),
        _variant(1015, 101, options=_size("XXL"), sku="ÄÖÜ/é 1"),
        _variant(1021, 102, options=[]),
        _variant(1031, 103, weight_in_grams=None),
        _variant(1041, 104),
        _variant(1051, 105, sku="", options=_size("S")),
        _variant(1061, 106, status="deleted"),
        _variant(1071, 107, weight_in_grams=Decimal("1234567.500")),
        _variant(1081, 108),
        _variant(1082, 108),
        _variant(1091, 109, options=_size("S", "Weiß"), barcode="4006381333948", rrp=Decimal("9.9500")),
        _variant(1092, 109, options=_size("M", "Weiß"), status="suspended", weight_in_grams=Decimal("1.500")),
        _variant(1093, 109, options=_size("L", "Weiß"), status="discontinued"),
    ],
    "catalog.Image": [
        {"seller_id": SELLER, "product_id": 101, "url": "https://images.example.com/2.jpg", "position": 2},
        {"seller_id": SELLER, "product_id": 101, "url": "https://images.example.com/1.jpg?a=1&b=ü", "alt": "Öl “1”"},
        {"seller_id": SELLER, "product_id": 101, "url": f"https://images.example.com/{'l' * 300}.jpg", "position": 3},
        {"seller_id": SELLER, "product_id": 109, "url": "https://images.example.com/109.jpg", "alt": "Stuhl"},
        {"seller_id": SELLER, "product_id": 107, "url": "https://images.example.com/107.jpg", "external_id": "i1"},
    ],
    "catalog.StockLocation": [
        {"id": 31, "seller_id": SELLER, "code": "default"},
        {"id": 32, "seller_id": SELLER, "code": "warehouse-2", "name": "Lager 2"},
    ],
    "catalog.Stock": [
        _stock(1011, 31, "3.000", min_level=Decimal("1.000"), restock_date=date(2026, 3, 1)),
        _stock(1011, 32, "4.500", min_level=Decimal("0.500"), restock_date=date(2026, 2, 1)),
        _stock(1012, 31, "-2.000"),
        _stock(1013, 32, "0.000"),
        _stock(1014, 31, "8.000"),
        _stock(1021, 31, "1000000.000"),
        _stock(1051, 31, "5.000"),
        _stock(1071, 31, "0.750"),
        _stock(1091, 31, "2.000"),
        _stock(1092, 32, "6.250"),
    ],
    "catalog.PriceList": [
        {"id": 41, "seller_id": SELLER, "connection_id": SHOP, "slug": "shop", "name": "Shop’s", "currency": "GBP"},
        {"id": 42, "seller_id": SELLER, "slug": "trade", "name": "Händler", "currency": "EUR"},
        {"id": 43, "seller_id": SELLER, "slug": "zero", "name": "No currency yet"},
    ],
    "catalog.Price": [
        _price(1011, 41, "12.5000", before="15.0000"),
        _price(1011, 41, "11.0000", least=10),
        _price(1011, 41, "9.9999", least=100, before="10.0000"),
        _price(1011, 42, "10.0000"),
        _price(1012, 41, "7.0000", before="6.0000"),
        _price(1012, 42, "6.6000", least=5),
        _price(1013, 41, "0.0000"),
        _price(1014, 41, "1.0000"),
        _price(1015, 41, "1234567.8900"),
        _price(1015, 42, "0.0001"),
        _price(1031, 42, "5.0000"),
        _price(1051, 41, "5.0000"),
        _price(1061, 41, "5.0000"),
        _price(1071, 41, "99.9900", before="99.9900"),
        _price(1071, 43, "3.0000"),
        _price(1081, 41, "5.0000"),
        _price(1082, 41, "6.0000"),
        _price(1091, 41, "8.0000", before="9.5000"),
        _price(1091, 42, "7.2500", before="8.0000"),
        _price(1092, 41, "8.5000"),
        _price(1092, 42, "7.7500"),
        _price(1092, 42, "7.0000", least=10),
    ],
    "orders.CustomerGroup": [{"id": 51, "seller_id": SELLER, "name": "Händler"}],
    "orders.Customer": [
        _customer(
            201,
            first_name="Zoë",
            last_name="O’Neill",
            company_name="Bücher & Co",
            phone="+49 30 123",
            tax_id="DE123",
            group_id=51,
            accounting_id="A-201",
            sales_agent_groups=["north", "süd"],
            price_lists=["shop", "trade"],
            discount_percentage=Decimal("2.500"),
            payment_on_account=True,
            b2b_enabled=True,
            note="Rings before noon.",
        ),
        _customer(202, first_name="Sam", last_name="Lee", payment_on_account=False),
        _customer(203, last_name="Child", parent_id=201, b2b_enabled=True, status="disabled"),
        _customer(204, last_name="Gone", b2b_enabled=True, status="deleted"),
        _customer(205, email="", b2b_enabled=True),
        _customer(206, company_name="Gaps Ltd", b2b_enabled=True, discount_percentage=Decimal("0.000")),
    ],
    "orders.Order": [
        _order(
            301,
            "partly_shipped",
            source_status="Partially Shipped",
            customer_id=201,
            total=Decimal("92.3400"),
            tax=Decimal("3.9900"),
            shipping_cost=Decimal("4.9500"),
            placed_through_b2b=True,
            cart_id="cart-1",
            customer_note="Bitte klingeln 🙂",
            internal_note="VIP",
            ip_address="192.0.2.7",
        ),
        _order(302, "pending", placed_through_b2b=True),
        _order(303, "cancelled", customer_id=202),
        _order(304, "shipped", customer_id=202),
        _order(305, "delivered", customer_id=203, placed_through_b2b=True),
        _order(306, "refunded", customer_id=201, placed_through_b2b=True),
        _order(307, "confirmed", customer_id=201, currency="EUR", placed_at=datetime(2026, 1, 1, 0, 30, tzinfo=UTC)),
        _order(308, "confirmed", customer_id=201),
    ],
    "orders.OrderLine": [
        _line(3011, 301, "shipped"),
        _line(3012, 301, sku="ÄÖÜ/é 1", variant_id=1015, quantity=Decimal("1.500"), unit_price=Decimal("9.9900")),
        _line(3013, 301, vendor="SÜDWERK", sku="V-1", variant_id=None, title="From another"),
        _line(3014, 301, "cancelled", variant_id=1012, sku="SKU-1012"),
        _line(3015, 301, "returned", variant_id=1012, sku="SKU-1012", quantity=Decimal("1.000")),
        _line(3021, 302),
        _line(3031, 303, "cancelled"),
        _line(3041, 304, "shipped"),
        _line(3051, 305, "delivered", vendor="südwerk"),
        _line(3061, 306, "refunded"),
        _line(3071, 307, vendor="Südwerk"),
        _line(3081, 308, sku="", variant_id=None, title="Without an SKU"),
    ],
    "orders.Shipment": [
        _shipment(61, 301, "s1", "royal-mail", "TRACK-1", shipped_at=_MOMENT),
        _shipment(62, 301, "", "UPS", "1Z-2", shipped_at=datetime(2026, 1, 3, 12, tzinfo=UTC)),
        _shipment(63, 301, "magento-9", "dhl", "JD-3"),
        _shipment(64, 304, "s4", "dhl", ""),
        _shipment(65, 305, "s5", "fedex", "F-5", shipped_at=_MOMENT),
        _shipment(66, 307, "", "", ""),
    ],
    "orders.ShipmentLine": [
        _shipped(61, 3011, "1.000"),
        _shipped(62, 3011, "1.000"),
        _shipped(62, 3013, "2.000"),
        _shipped(63, 3012, "0.500"),
        _shipped(64, 3041, "2.000"),
        _shipped(65, 3051, "2.000"),
        _shipped(66, 3071, "1.000"),
    ],
    "orders.Address": [
        _address(customer_id=201, use="billing", external_id="a1", company="Bücher & Co", region="West Yorkshire"),
        _address(customer_id=201, use="shipping", street2="Hinterhof", phone=""),
        _address(customer_id=202, email="sam@example.com"),
        _address(customer_id=206, postcode="", city="", country=""),
        _address(order_id=301, use="billing", company="Bücher & Co", email="bill@example.com"),
        _address(order_id=301, use="shipping", external_id="a9", city="Kraków", country="PL", region="Małopolska"),
        _address(order_id=305, use="shipping"),
        _address(order_id=307, use="billing"),
    ],
}

# What a target that has everything calls it: kind → our id → its own. A category is linked by its storefront.
LINKS: dict[str, dict[int, str]] = {
    "category@1": {pk: str(500 + pk) for pk in (11, 12, 13, 14)},
    "brand": {pk: str(600 + pk) for pk in (21, 22)},
    "product": {pk: str(7000 + pk) for pk in ITEMS["products"]},
    "variant": {row["id"]: str(80000 + row["id"]) for row in ROWS["catalog.Variant"]},
    "customer": {pk: str(9000 + pk) for pk in ITEMS["customers"]},
    "order": {pk: str(4000 + pk) for pk in ITEMS["orders"]},
    "order_line": {row["id"]: str(50000 + row["id"]) for row in ROWS["orders.OrderLine"]},
}
# The seller's shop does not have everything.
SHOP_LINKS: dict[str, dict[int, str]] = {
    "product": {101: "1", 103: "3"},
    "variant": {1011: "11", 1012: "12", 1031: "31"},
    "customer": {201: "21"},
    "order": {301: "31"},
}
