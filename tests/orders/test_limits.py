"""A value that does not fit costs at most that value, never the item (M11)."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Image, Product, Variant
from catalog.records import ImageRecord, PriceRecord, ProductRecord, StockRecord, VariantRecord
from connectors.engine.applying.limits import LIMITS
from connectors.sdk.values import cut
from hub.kinds import DataType, Direction
from hub.models import Connection, Job
from orders.models import Address, Customer, Order, OrderLine, Shipment
from orders.records import ShipmentRecord
from synclog.models import Issue
from tests.factories import make_job
from tests.orders.importing import address, customer, import_records, line, order


def issues() -> dict[str, str]:
    """Code → severity and message of the open issue of the only item."""
    return {issue.code: f"{issue.severity}: {issue.message}" for issue in Issue.objects.filter(resolved_at=None)}


def test_a_long_phone_number_postcode_and_vendor_name(orders: Job) -> None:
    long_address = address(phone="+47 " + "12 34 " * 10, postcode="N-" + "0" * 38)
    vendor = (
        "Nordic Furniture and Lamps, Branch Office for Wholesale Customers in the Northern Districts and Islands AS"
    )
    import_records(orders, order("5", "N-5", line("1", vendor=vendor * 2), addresses=[long_address]))
    stored, row = Address.objects.get(), OrderLine.objects.get()
    assert (len(stored.phone), stored.postcode) == (48, "N-" + "0" * 28)
    assert (
        row.vendor == "Nordic Furniture and Lamps, Branch Office for Wholesale Customers in the Northern Districts and"
    )
    (text,) = issues().values()
    assert text.startswith("warning:")
    for part in ("phone (shipping) has 64", "postcode (shipping) has 40", "vendor (OAK-1) has"):
        assert part in text
    # Never the value itself: it may be personal.
    assert "12 34" not in text


def test_numbers_that_the_tables_do_not_allow(orders: Job, customers: Job) -> None:
    import_records(orders, order("5", "N-5", line("1", quantity="-1")))
    assert not Order.objects.exists() and "quantity (OAK-1) is" in issues()["number_out_of_range"]
    import_records(customers, customer("7", discount_percentage=Decimal(-5)))
    assert Customer.objects.get().discount_percentage is None
    nothing = ShipmentRecord(external_id="s", lines={"6-1": Decimal(-1)})
    import_records(orders, order("6", shipments=[nothing]))
    assert Shipment.objects.get().lines.count() == 0


def test_tracking_numbers_are_a_list_without_a_limit(orders: Job) -> None:
    numbers = ["9400111202555" + f"{number:09}" for number in range(7)]
    import_records(orders, order("5", shipments=[ShipmentRecord(external_id="s", tracking_numbers=numbers)]))
    assert Shipment.objects.get().tracking_numbers == numbers and not issues()


def test_identifying_values_are_never_cut(orders: Job) -> None:
    import_records(orders, order("5", "N-5", line("1", "S" * 300), addresses=[address(email="a@" + "b" * 400)]))
    assert (OrderLine.objects.get().sku, Address.objects.get().email) == ("", "")
    assert "SKU" in issues()["identifier_too_long"] and "300" in issues()["identifier_too_long"]
    import_records(orders, order("6", "N" * 101))
    assert Order.objects.count() == 1
    issue = Issue.objects.get(external_id="order:6")
    assert (issue.severity, issue.code) == ("error", "identifier_too_long") and "number has 101" in issue.message


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"total": Decimal("12345678901234")}, "number_out_of_range"),
        ({"tax": Decimal("Infinity")}, "number_out_of_range"),
        ({"currency": "EURO"}, "identifier_too_long"),
    ],
    ids=["total", "tax", "currency"],
)
def test_an_order_without_a_total_or_currency_is_refused_by_name(
    orders: Job, fields: dict[str, Any], code: str
) -> None:
    import_records(orders, order("5", **fields))
    (name,) = fields
    assert not Order.objects.exists()
    assert issues()[code].startswith("error:") and name in issues()[code]


def test_an_odd_amount_that_is_not_needed_is_left_out(orders: Job) -> None:
    import_records(orders, order("5", paid=Decimal("1e20"), exchange_rate=Decimal("NaN")))
    assert (Order.objects.get().paid, Order.objects.get().exchange_rate) == (None, None)
    assert issues()["number_out_of_range"].startswith("warning:")


def test_customers(customers: Job) -> None:
    good = customer("1", first_name="A" * 200, tax_id="T" * 60, sales_agent_groups=["north", "g" * 101])
    import_records(customers, good, customer("2", email="a" * 400))
    stored = Customer.objects.get()
    assert (stored.first_name, stored.tax_id, stored.sales_agent_groups) == ("A" * 150, "", ["north"])
    assert [issue.severity for issue in Issue.objects.order_by("external_id")] == ["warning", "error"]


def test_products(shop: Connection) -> None:
    job = make_job(shop, DataType.PRODUCTS, Direction.IMPORT)
    variant = VariantRecord(
        external_id="v1",
        sku="S" * 300,
        barcode="4" * 70,
        weight_in_grams=Decimal("1e15"),
        cart_image_url="https://images.example/" + "a" * 1100,
        price=PriceRecord(amount=Decimal(5)),
        stock=[StockRecord(quantity=Decimal(1), location="l" * 101), StockRecord(quantity=Decimal(2))],
    )
    images = [ImageRecord(external_id=str(n), url="https://images.example/" + "a" * n) for n in (10, 1100)]
    record = ProductRecord(external_id="1", title="Lamp", slug="a-" * 200, variants=[variant], images=images)
    import_records(job, record)
    stored, product = Variant.objects.get(), Product.objects.get()
    assert (stored.sku, stored.barcode, stored.weight_in_grams, stored.cart_image_url) == ("", "", None, "")
    assert (len(product.slug), Image.objects.count()) == (300, 1)
    assert [str(stock.location) for stock in stored.stock.all()] == ["default"]
    assert {issue.severity for issue in Issue.objects.all()} == {"warning"}
    # What fits after it was shortened at the source resolves the issue.
    import_records(
        job, replace(record, slug="lamp", variants=[VariantRecord(external_id="v1", sku="S")], images=[], problems=[])
    )
    assert not issues()


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("one two", 7, "one two"),
        ("one two three", 7, "one two"),
        ("one two three", 9, "one two"),
        ("one twothreefour", 9, "one twoth"),
        ("Storgata 1, Oslo", 12, "Storgata 1"),
        ("ab", 1, "a"),
    ],
)
def test_text_is_cut_at_the_end_of_a_word(text: str, length: int, kept: str) -> None:
    assert cut(text, length) == kept


def test_every_text_of_a_record_that_has_a_column_with_a_size_is_listed() -> None:
    """A new field of a record needs a line in the table, unless its column has no size."""
    unlisted = {
        f"{record.__name__}.{field.name}"
        for record, limits in LIMITS.items()
        for field in fields(record)
        if field.name not in limits and field.type in (str, "str") and field.name not in ("link", "external_id")
    }
    assert unlisted == {
        "AdjustmentRecord.kind",
        "AddressRecord.use",
        "CategoryRecord.parent_id",
        "CategoryRecord.tree",
        "CustomerRecord.note",
        "CustomerRecord.parent_id",
        "OrderLineRecord.kind",
        "OrderLineRecord.parent_id",
        "OrderLineRecord.status",
        "OrderLineRecord.title",
        "OrderLineRecord.variant_id",
        "OrderRecord.customer_note",
        "OrderRecord.internal_note",
        "OrderRecord.shop_cart",
        "OrderRecord.status",
        "ProductRecord.brand_id",
        "ProductRecord.description",
        "ProductRecord.status",
        "ProductRecord.title",
        "RefundLineRecord.line_id",
        "VariantRecord.status",
    }
