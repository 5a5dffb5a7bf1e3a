"""IDs that a target reports for items that it had queued: an ID belongs to one item, whoever claims it."""

import pytest
from django.utils import timezone

from catalog.models import Variant
from connectors.engine.callbacks import process_receipts
from connectors.engine.settling.results import Held
from connectors.sdk.webhooks import Receipt
from hub import links, queue
from hub.kinds import DataType, Kind
from hub.models import Change, Job
from tests.factories import make_connection, make_job, make_products, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    """Two products of the job were sent, and the target has queued them."""
    job = make_job(make_connection(make_seller()))
    products = make_products(job.connection.seller, 2)
    queue.enqueue_for_job(job=job, kind=Kind.PRODUCT, item_ids=[product.pk for product in products])
    Change.objects.update(sent_at=timezone.now(), failure_kind=Change.FailureKind.QUEUED)
    return job


def receipt(sku: str, external_id: str, product_id: str) -> Receipt:
    return Receipt(DataType.PRODUCTS, timezone.now(), sku, external_id, product_id)


def test_the_second_of_two_items_with_the_same_id_is_held(job: Job) -> None:
    batch = process_receipts(job, [receipt("SKU-1", "v1", "p1"), receipt("SKU-2", "v1", "p2")])
    first, second = Variant.objects.order_by("pk")
    assert links.item_ids(job.connection_id, Kind.VARIANT, ["v1"]) == {"v1": first.pk}
    assert links.item_ids(job.connection_id, Kind.PRODUCT, ["p1", "p2"]) == {"p1": first.product_id}
    [held] = batch.results
    assert isinstance(held, Held) and held.change.item_id == second.product_id
    assert held.failure.kind is Change.FailureKind.ID_IN_USE and held.issue.code == "id_in_use"


def test_variants_of_one_product_claim_its_id_together(job: Job) -> None:
    first = Variant.objects.order_by("pk")[0]
    Variant.objects.create(seller_id=first.seller_id, product_id=first.product_id, sku="SKU-1-L")
    batch = process_receipts(job, [receipt("SKU-1", "v1", "p1"), receipt("SKU-1-L", "v2", "p1")])
    assert batch.results == []
    assert links.item_ids(job.connection_id, Kind.PRODUCT, ["p1"]) == {"p1": first.product_id}
    assert set(links.item_ids(job.connection_id, Kind.VARIANT, ["v1", "v2"])) == {"v1", "v2"}
