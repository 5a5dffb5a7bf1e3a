"""A preview of an import reports what the import would do, and imports nothing; the import then does that (N13)."""

from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Product, Variant
from catalog.records import StockLevelsRecord, StockRecord
from connectors.engine.applying import apply_page, import_context_for
from connectors.services.checks import start_preview, start_previewed_sync
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Run, SeenExternalId
from sandbox.process import SandboxProcess
from synclog.models import Issue, ItemEvent
from tests.engine.checks import counts, item, verdicts
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def preview(job: Job) -> Run:
    run, _ = start_preview(job=job, by=None)
    work_until_idle()
    run.refresh_from_db()
    assert run.state == Run.State.DONE, run.reason
    return run


def stored() -> list[object]:
    """Everything that an import writes."""
    rows = (Product, Link, Issue, ItemEvent, Change)
    return [list(model.objects.order_by("pk").values()) for model in rows]


def test_a_preview_counts_what_the_import_does_afterwards(shop: Connection, shop_platform: SandboxProcess) -> None:
    Run.objects.filter(job__connection=shop).exclude(job__data_type__in=("categories", "brands")).delete()
    work_until_idle()
    job = Job.objects.get(connection=shop, data_type="products")
    before = stored()
    first = preview(job)
    assert stored() == before and not Product.objects.exists()
    assert counts(first)["created"] == len(verdicts(first)["create"]) > 50
    assert all(each.changes["title"][0] is None for each in first.items.filter(verdict="create"))

    run, _ = start_previewed_sync(preview=first, by=None)
    work_until_idle()
    run.refresh_from_db()
    assert counts(run) == counts(first)
    linked = Link.objects.filter(connection=shop, kind=Kind.PRODUCT).order_by("pk")
    changed, gone = linked.values_list("external_id", flat=True)[:2]
    shop_platform.control("PATCH", f"products/shop/{changed}", json={"name": "A new name"})
    shop_platform.control("DELETE", f"products/shop/{gone}")
    before = stored()
    second = preview(job)
    assert stored() == before and not SeenExternalId.objects.exists()
    assert item(second, "update").changes["title"][1] == "A new name"
    assert item(second, "remove").external_id == gone
    assert (counts(second)["updated"], counts(second)["removed"]) == (1, 1) and "1 removed" in second.reason
    assert len(verdicts(second)["skip"]) == counts(second)["skipped"]


def test_a_source_that_refuses_fails_the_preview_only(shop: Connection, shop_platform: SandboxProcess) -> None:
    Run.objects.filter(job__connection=shop).delete()
    job = Job.objects.get(connection=shop, data_type="products")
    shop_platform.fault("status", path="/v3/catalog/products", status=401)
    run, _ = start_preview(job=job, by=None)
    work_until_idle()
    run.refresh_from_db()
    assert run.state == Run.State.FAILED and run.reason
    assert not Job.objects.get(pk=job.pk).paused


def test_changed_stock_is_shown() -> None:
    job = make_job(make_connection(make_seller("acme")), DataType.STOCK, Direction.IMPORT)
    make_products(job.connection.seller, 1)
    variant = Variant.objects.get()
    Link.objects.create(connection=job.connection, kind=Kind.VARIANT, external_id="v1", item_id=variant.pk)
    context = import_context_for(job, run_id=None, now=timezone.now())
    context.results = []
    levels = [StockRecord(location="Main", quantity=Decimal(4))]
    apply_page(context, [StockLevelsRecord(external_id="v1", stock=levels)])
    assert [(each.item_id, bool(each.changes)) for each in context.results] == [(variant.pk, True)]
