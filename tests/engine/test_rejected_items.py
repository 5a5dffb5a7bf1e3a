"""What was rejected is kept as it was received, can be found, and is fetched again when somebody asks for it (C8)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from catalog.models import Price, PriceList, Product
from catalog.records import PriceRecord, ProductRecord, VariantRecord
from connectors.models import WebhookEvent
from connectors.sdk import issues
from connectors.services.connections import install_connection
from connectors.services.rejected_items import check_again
from hub.kinds import DataType, Direction
from hub.models import Job
from sandbox.process import SandboxProcess
from synclog import rejected_items
from synclog.models import Issue, RejectedItem
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import import_records


@pytest.fixture
def job(db: None) -> Job:
    seller = make_seller("acme")
    shop = make_connection(seller, platform="rest_shop", role="shop")
    PriceList.objects.create(seller=seller, connection=shop, slug="shop", name="Shop", currency="EUR")
    return make_job(shop, DataType.PRODUCTS, Direction.IMPORT)


def lamp(external_id: str = "1", sku: str = "L-1", **fields: Any) -> ProductRecord:
    variant = VariantRecord(external_id=f"{external_id}-1", sku=sku)
    raw = {"key": external_id, "variants": [{"sku": sku, "ean": 4006381333931}]}
    return ProductRecord(**{"external_id": external_id, "title": "Lamp", "variants": [variant], "raw": raw} | fields)


def test_a_rejected_item_is_found_by_its_values_until_it_is_imported(job: Job) -> None:
    seller = job.connection.seller
    assert seller is not None
    import_records(job, lamp(problems=[issues.PRICE_MISSING(count=1, names="L-1", fatal=True)]), lamp("2", "L-2"))
    for text in ("1", "l-1", "4006381333931", "lam", ""):
        assert [item.external_id for item in rejected_items.find(seller=seller, text=text)] == ["1"]
    assert not rejected_items.find(seller=seller, text="L-2") and not rejected_items.find(
        seller=make_seller("other"), text="L-1"
    )
    item, open_issues = rejected_items.show(seller=seller, pk=RejectedItem.objects.get().pk)
    assert item.payload["variants"][0]["sku"] == "L-1"
    assert [issue.code for issue in open_issues] == ["price_missing"]
    with pytest.raises(RejectedItem.DoesNotExist):
        rejected_items.show(seller=make_seller("third"), pk=item.pk)
    import_records(job, lamp())
    assert not RejectedItem.objects.exists()


@pytest.mark.parametrize(
    "record",
    [
        # The SKU is in use by another product of the page.
        lamp(
            "3",
            "L-1",
            variants=[VariantRecord(external_id="3-1", sku="L-1"), VariantRecord(external_id="3-2", sku="L-1")],
        ),
        lamp("3", "L-3", variants=[VariantRecord(external_id="1-1", sku="L-3")]),
        lamp("3", "L-3", title="Lamp \x00"),
        lamp("3", "L-3", variants=[VariantRecord(external_id="3-1", price=PriceRecord(amount=Decimal(-1)))]),
    ],
)
def test_whatever_the_reason_it_is_kept(job: Job, record: ProductRecord) -> None:
    import_records(job, lamp())
    import_records(job, record)
    assert RejectedItem.objects.get().external_id == "3"
    assert Product.objects.count() == 1


def test_an_item_of_a_page_that_was_rejected_as_a_whole_keeps_its_price(job: Job) -> None:
    """Of two items with one product of another source, the second is rejected, and the first one's price list stays."""
    import_records(job, lamp(variants=[VariantRecord(external_id=sku, sku=sku) for sku in ("L-1", "L-2")]))
    seller = job.connection.seller
    assert seller is not None
    erp = make_job(make_connection(seller, platform="rest", slug="erp"), DataType.PRODUCTS, Direction.IMPORT)
    price = PriceRecord(amount=Decimal(5))
    items = [
        lamp(
            external_id,
            variants=[
                VariantRecord(external_id=f"{external_id}-{sku}", sku=sku, price=price) for sku in ("L-1", "L-2")
            ],
        )
        for external_id in ("e-1", "e-2")
    ]
    import_records(erp, *items)
    connection.check_constraints()
    assert [item.external_id for item in RejectedItem.objects.all()] == ["e-2"]
    assert {price.price_list.connection for price in Price.objects.all()} == {erp.connection}


@pytest.mark.django_db(transaction=True)
def test_checking_again_fetches_the_item_from_its_source(custom_platform: SandboxProcess) -> None:
    seller = make_seller("acme")
    shop = install_connection(
        seller=seller,
        platform="rest_shop",
        name="Shop",
        slug="shop",
        base_url=custom_platform.url,
        credentials={"token": "token"},
        start=False,
    )
    job = Job.objects.get(connection=shop, data_type="products")
    user = User.objects.create_user("ada@example.com")
    import_records(job, lamp("gone", problems=[issues.PRICE_MISSING(count=1, names="L-1", fatal=True)]))
    assert check_again(items=rejected_items.find(seller=seller), by=user) == 1
    work_until_idle()
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    # The source does not have it any more.
    assert not RejectedItem.objects.exists() and not Issue.objects.filter(resolved_at=None).exists()
