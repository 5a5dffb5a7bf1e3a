"""What WooCommerce prints in its documentation, with other names, is read (V3).

https://github.com/woocommerce/woocommerce-rest-api-docs, source/includes/wp-api-v3/: _orders.md ("Retrieve an order"),
_order-refunds.md ("List all refunds"), _products.md and _product-variations.md ("Retrieve a product variation"),
_webhooks.md.
"""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from connectors.engine.applying.preparing import prepare
from connectors.platforms.woocommerce.settings import FieldMap, Settings
from connectors.platforms.woocommerce.sources.order_records import OrderRecordBuilder
from connectors.platforms.woocommerce.sources.order_rows import OrderRow
from connectors.platforms.woocommerce.sources.product_records import ProductRecordBuilder
from connectors.platforms.woocommerce.sources.product_rows import ProductRow
from connectors.sdk.records import OrderRecord, PriceRecord
from orders.amounts import balance

D = Decimal
CLIENT = cast(
    Any,
    SimpleNamespace(
        settings=Settings.model_validate({}),
        field_map=FieldMap.model_validate({}),
        currency="USD",
        grams_per_unit=D(1000),
        admin_link=lambda page: f"https://shop.example/wp-admin/{page}",
    ),
)
ADDRESS = {
    "first_name": "Ann",
    "last_name": "Buyer",
    "company": "",
    "address_1": "1 Road",
    "address_2": "",
    "city": "San Francisco",
    "state": "CA",
    "postcode": "94103",
    "country": "US",
}


def line(number: int, variation: int, quantity: int, total: str, tax: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": "Mug &ndash; Color: Black",
        "product_id": 93,
        "variation_id": variation,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": tax,
        "total": total,
        "total_tax": tax,
        "taxes": [{"id": 75, "total": tax, "subtotal": tax}],
        "meta_data": [{"id": 2095, "key": "pa_color", "value": "black"}],
        "sku": "",
        "price": 3,
    } | more


ORDER: dict[str, Any] = {
    "id": 727,
    "number": "727",
    "created_via": "rest-api",
    "status": "processing",
    "currency": "USD",
    "date_created": "2017-03-22T16:28:02",
    "date_created_gmt": "2017-03-22T19:28:02",
    "date_modified_gmt": "2017-03-22T19:28:08",
    "discount_total": "0.00",
    "shipping_total": "10.00",
    "shipping_tax": "0.00",
    "cart_tax": "1.35",
    "total": "29.35",
    "total_tax": "1.35",
    "prices_include_tax": False,
    "customer_id": 0,
    "customer_ip_address": "",
    "billing": {**ADDRESS, "email": "ann@example.com", "phone": "(555) 555-5555"},
    "shipping": ADDRESS,
    "date_paid_gmt": "2017-03-22T19:28:08",
    "line_items": [line(315, 0, 2, "6.00", "0.45"), line(316, 23, 1, "12.00", "0.90", sku="Bar3", price=12)],
    "tax_lines": [
        {
            "id": 318,
            "rate_code": "US-CA-STATE TAX",
            "rate_id": 75,
            "label": "State Tax",
            "compound": False,
            "tax_total": "1.35",
            "shipping_tax_total": "0.00",
            "meta_data": [],
        }
    ],
    "shipping_lines": [
        {
            "id": 317,
            "method_title": "Flat Rate",
            "method_id": "flat_rate",
            "total": "10.00",
            "total_tax": "0.00",
            "taxes": [],
            "meta_data": [],
        }
    ],
    "fee_lines": [],
    "coupon_lines": [],
}
# The one without lines is an amount alone; the other one has no taxes.
AMOUNT: dict[str, Any] = {"id": 726, "date_created_gmt": "2017-03-21T20:07:11", "amount": "10.00", "line_items": []}
PIECES: dict[str, Any] = {
    "id": 724,
    "date_created_gmt": "2017-03-21T19:55:37",
    "amount": "3.00",
    "line_items": [
        line(314, 0, -1, "-3.00", "0.00", taxes=[])
        | {"meta_data": [{"id": 2076, "key": "_refunded_item_id", "value": "315"}]}
    ],
}


def read(**changes: Any) -> OrderRecord:
    raw = ORDER | changes
    prepared = prepare(OrderRecordBuilder(CLIENT, raw, ()).build(OrderRow.model_validate(raw)))
    assert isinstance(prepared, OrderRecord)
    return prepared


def test_the_printed_order_adds_up() -> None:
    order = read()
    assert balance(order).reconciliation == "balanced" and (order.total, order.tax) == (D("29.35"), D("1.35"))
    assert order.placed_at == datetime(2017, 3, 22, 19, 28, 2, tzinfo=UTC), "the time in GMT, not the site's"
    assert [(each.unit_price_net, each.total_net, each.total_gross) for each in order.lines] == [
        (D(3), D(6), D("6.45")),
        (D(12), D(12), D("12.90")),
    ]
    assert [(each.variant_id, each.title) for each in order.lines] == [
        ("93", "Mug – Color: Black"),
        ("23", "Mug – Color: Black"),
    ]
    assert (order.status, order.customer_id, order.shipping_cost, order.paid) == ("confirmed", "", D(10), D("29.35"))
    assert [each.tax_rate for each in order.lines] == [None, None], "the printed answer does not tell the rate"


def test_the_printed_refunds() -> None:
    order = read(refund_rows=[AMOUNT, PIECES])
    amount, pieces = order.refunds or []
    assert (amount.gross, amount.adjustment, amount.net, amount.lines) == (D(10), D(10), None, [])
    assert (pieces.gross, pieces.adjustment, pieces.tax) == (D(3), None, D(0))
    assert [(each.line_id, each.quantity, each.gross) for each in pieces.lines] == [("315", D(1), D(3))]
    assert order.refunded == D(13) and [each.quantity_refunded for each in order.lines] == [D(1), D(0)]


def test_the_printed_variation() -> None:
    """Its weight is empty, and so is its SKU; dates of sales are null."""
    variation: dict[str, Any] = {
        "id": 732,
        "sku": "",
        "price": "9.00",
        "regular_price": "9.00",
        "sale_price": "",
        "date_on_sale_from_gmt": None,
        "date_on_sale_to_gmt": None,
        "status": "publish",
        "virtual": False,
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "weight": "",
        "image": {"id": 423, "src": "https://shop.example/front.jpg", "name": "", "alt": ""},
        "attributes": [{"id": 6, "name": "Color", "option": "Black"}],
        "menu_order": 0,
        "meta_data": [],
    }
    attribute = {"id": 6, "name": "Color", "position": 0, "variation": True, "options": ["Black", "Green"]}
    product: dict[str, Any] = {
        "id": 22,
        "name": "Mug",
        "type": "variable",
        "status": "publish",
        "attributes": [attribute],
    }
    record = ProductRecordBuilder(CLIENT, product, [variation]).build(ProductRow.model_validate(product))
    [found] = record.variants or []
    assert (found.price, found.weight_in_grams) == (PriceRecord(amount=D(9)), None)
    assert found.options == [{"name": "Color", "value": "Black"}] and found.stock and found.stock[0].quantity is None
    assert found.cart_image_url == "https://shop.example/front.jpg"
    assert [problem.code for problem in record.problems] == ["sku_missing"]
