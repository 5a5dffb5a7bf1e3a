"""Items of a deleted seller are not synced (L13)."""

import pytest
from django.db import transaction
from django.db.models import F

from accounts.models import Seller
from catalog.models import Product
from connectors.services.connections import install_connection
from hub.kinds import Kind
from hub.models import Change, Connection, Lane, Link, Run
from hub.queue import enqueue
from hub.services import set_read_only, start_due_runs, start_run
from sandbox.process import SandboxProcess
from tests.engine.products import change, products_job, sent, writes
from tests.engine.worker import work_until_idle
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def delete(seller: Seller) -> None:
    Seller.objects.filter(pk=seller.pk).update(status=Seller.Status.DELETED)


@pytest.fixture
def marketplace(transactional_db: None, custom_platform: SandboxProcess) -> Connection:
    """An installation-wide target, which gets the products of all sellers."""
    return install_connection(
        seller=None,
        platform="rest",
        name="Marketplace",
        slug="marketplace",
        base_url=custom_platform.url,
        credentials={"token": "token"},
        start=False,
    )


def test_changes_are_not_enqueued(custom: Connection, custom_platform: SandboxProcess) -> None:
    products = sent(custom, 5)
    before = writes(custom_platform)
    delete(custom.seller)
    change(products, title="changed")
    work_until_idle()
    assert not Change.objects.exists()
    assert writes(custom_platform) == before


def test_pending_changes_stay_pending_when_the_seller_is_deleted(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    products = sent(custom, 5)
    before = writes(custom_platform)
    change(products, title="changed")
    Product.objects.filter(pk=products[0].pk).delete()
    delete(custom.seller)
    work_until_idle()
    assert writes(custom_platform) == before
    assert Change.objects.count() == 5
    Seller.objects.update(status=Seller.Status.ACTIVE)
    Lane.objects.update(due=True)
    Lane.objects.first().share.__class__.objects.update(due=True)
    work_until_idle()
    assert not Change.objects.exists()
    assert writes(custom_platform) != before


def test_no_trigger_starts_a_run(custom: Connection) -> None:
    delete(custom.seller)
    job = products_job(custom)
    with pytest.raises(ValueError, match="deleted"):
        start_run(job=job, trigger=Run.Trigger.BUTTON)
    job.state.next_full_at = job.connection.created_at
    job.state.save()
    assert start_due_runs(now=job.connection.created_at) == 0
    set_read_only(connection=custom, read_only=False, by=None)
    assert not Run.objects.exists()


def test_a_target_of_all_sellers_gets_nothing_from_a_deleted_one(
    marketplace: Connection, custom_platform: SandboxProcess
) -> None:
    gone, stays = make_seller("gone"), make_seller("stays")
    leaving, remaining = make_products(gone, 3, prefix="A"), make_products(stays, 2, prefix="B")
    start_run(job=products_job(marketplace), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    held = {item["key"] for item in custom_platform.state("products")}
    assert held == {str(product.pk) for product in [*leaving, *remaining]}
    # Enqueued before the deletion and due after it: neither an update nor a removal is sent.
    change(leaving, title="changed")
    Product.objects.filter(pk=leaving[0].pk).update(status="discontinued")
    delete(gone)
    work_until_idle()
    start_run(job=products_job(marketplace), trigger=Run.Trigger.BUTTON, resend=True)
    work_until_idle()
    found = {item["key"]: item["title"] for item in custom_platform.state("products")}
    assert found.keys() == held
    assert "changed" not in found.values()
    assert not Change.objects.exists()
    # The seller is restored: its missed changes are found.
    Seller.objects.update(status=Seller.Status.ACTIVE)
    start_run(job=products_job(marketplace), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert sum(item["title"] == "changed" for item in custom_platform.state("products")) == 2


def test_links_and_revisions_of_its_items_stay_unchanged(marketplace: Connection) -> None:
    gone = make_seller("gone")
    products = make_products(gone, 2)
    start_run(job=products_job(marketplace), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    before = list(Link.objects.order_by("pk").values())
    with transaction.atomic():
        Product.objects.update(revision=F("revision") + 1)
        enqueue(seller_id=gone.pk, kind=Kind.PRODUCT, item_ids=[product.pk for product in products])
    delete(gone)
    work_until_idle()
    assert list(Link.objects.order_by("pk").values()) == before
