"""Each field of the registry gets from a source to the hub, and from there to feeds, targets and pages."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.items import load_products
from catalog.models import Product, Status
from catalog.records import ProductRecord, VariantRecord
from connectors.adapters.factory import open_adapter
from connectors.sdk.operations import References
from hub.field_registry import FieldType, HubField, stored_fields
from hub.kinds import DataType, Direction
from hub.models import Job
from tests.factories import make_connection, make_job, make_seller, make_user
from tests.orders.importing import import_records
from tests.two_sellers import key_for

pytestmark = pytest.mark.django_db

VALUES: dict[FieldType, list[Any]] = {
    FieldType.TEXT: ["{name} Ö1", "{name} 2"],
    FieldType.INTEGER: [3, 4],
    FieldType.DECIMAL: [Decimal("12.500"), Decimal("7")],
    FieldType.LIST: [[{"name": "Size", "value": "M"}], [{"name": "Size", "value": "L"}]],
    FieldType.OBJECT: [{"Pack": 6}, {"Pack": 7}],
}
# Fields that do not take any value of their type.
SPECIAL: dict[str, list[Any]] = {
    "status": [Status.SUSPENDED, Status.LIVE],
    "parts": [[{"sku": "P-1", "quantity": "2"}], [{"sku": "P-2", "quantity": "1"}]],
    "cart_image_url": ["https://img.example/1.jpg", "https://img.example/2.jpg"],
}


def sample(field: HubField, number: int) -> Any:
    value = (SPECIAL.get(field.name) or VALUES[field.type])[number]
    return value.format(name=field.name) if isinstance(value, str) else value


def samples(record_class: type, number: int = 0) -> dict[str, Any]:
    return {field.name: sample(field, number) for field in stored_fields(record_class)}


def product(number: int = 0) -> ProductRecord:
    variant = VariantRecord(external_id="v1", **samples(VariantRecord, number))
    return ProductRecord(external_id="p1", variants=[variant], **samples(ProductRecord, number))


@pytest.fixture
def job() -> Job:
    seller = make_seller("acme", members=(make_user("owner@acme.example"),))
    return make_job(make_connection(seller, role="shop"), DataType.PRODUCTS, Direction.IMPORT)


@pytest.fixture
def imported(job: Job) -> Product:
    import_records(job, product())
    return Product.objects.get()


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return float(value) if isinstance(value, Decimal) else value


def assert_documented(document: dict[str, Any], record_class: type) -> None:
    for field in stored_fields(record_class):
        if field.feed_name:
            assert document[field.feed_name] == plain(sample(field, 0)), field.name


def test_fields_are_stored_and_loaded(imported: Product) -> None:
    item = load_products([imported.pk])[imported.pk]
    for loaded, record_class in ((item, ProductRecord), (item.variants[0], VariantRecord)):
        for name, value in samples(record_class).items():
            assert getattr(loaded, name) == value, name


def test_changed_fields_are_saved_and_recorded(job: Job, imported: Product) -> None:
    import_records(job, product(1))
    item = load_products([imported.pk])[imported.pk]
    for name, value in samples(VariantRecord, 1).items():
        assert getattr(item.variants[0], name) == value, name
    for name, value in samples(ProductRecord, 1).items():
        assert getattr(item, name) == value, name


def test_fields_are_in_the_outgoing_feed(imported: Product) -> None:
    document = json.loads(key_for(imported.seller).get("/api/v1/feeds/products/full").getvalue())
    assert_documented(document, ProductRecord)
    assert_documented(document["variants"][0], VariantRecord)


def test_fields_are_sent_to_a_custom_system(imported: Product) -> None:
    target = open_adapter(make_connection(imported.seller, credentials={"token": "t"})).target(DataType.PRODUCTS)
    payload = target.payload(load_products([imported.pk])[imported.pk], References({}, {}))
    assert_documented(payload, ProductRecord)
    assert_documented(payload["variants"][0], VariantRecord)


def test_empty_fields_of_later_versions_are_not_sent(job: Job) -> None:
    """So a new field does not cause items without it to be sent again."""
    import_records(job, ProductRecord(external_id="p1", title="Lamp", variants=[VariantRecord(external_id="v1")]))
    [item] = load_products(Product.objects.values_list("pk", flat=True)).values()
    target = open_adapter(make_connection(job.connection.seller, credentials={"token": "t"})).target(DataType.PRODUCTS)
    [variant] = target.payload(item, References({}, {}))["variants"]
    assert "barcode" in variant and "mpn" not in variant


def test_the_products_page_shows_fields_and_labels_of_changes(job: Job, imported: Product, client: Client) -> None:
    import_records(job, product(1))
    client.force_login(imported.seller.memberships.get().user)
    page = client.get(reverse("dashboard:product", args=["acme", imported.pk])).content.decode()
    for label, value in (("Barcode", "barcode 2"), ("Manufacturer part number", "mpn 2"), ("B2B settings", "Pack 7")):
        assert f"{label}: {value}" in page
    assert '<th scope="row">sku 2: Recommended retail price</th>' in page
    assert '<th scope="row">Title</th>' in page
