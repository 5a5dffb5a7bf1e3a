"""A preview (N13) reports what a sync would do and writes nothing; the sync then does exactly that."""

import random

import pytest

from catalog.models import Category, Product
from connectors.services.checks import start_comparison, start_preview, start_previewed_sync
from hub.models import Change, Connection, Job, JobState, Run
from hub.services import set_read_only, start_run
from sandbox.process import SandboxProcess
from tests.engine.checks import counts, item, run_check, verdicts
from tests.engine.products import change, hub_titles, one_lane, products_job, sent, titles
from tests.engine.worker import CrashingWorkers, last_run, skip_delays, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)


def change_unnoticed(products: list[Product], **fields: object) -> None:
    """Change the products without enqueuing them, so that only a full sync finds the change."""
    change(products, **fields)
    Change.objects.all().delete()


@pytest.mark.parametrize("seed", range(4))
def test_a_preview_counts_what_the_sync_does_afterwards(
    custom: Connection, custom_platform: SandboxProcess, seed: int
) -> None:
    rng = random.Random(seed)
    products = sent(custom, rng.randrange(20, 200))
    some = {name: rng.sample(products, rng.randrange(0, 15)) for name in ("changed", "touched", "gone")}
    change_unnoticed(some["changed"] or products[:1], title="Newer")
    change_unnoticed(some["touched"] or products[:1])
    change_unnoticed(some["gone"] or products[:1], status="discontinued")
    make_products(custom.seller, rng.randrange(1, 30), prefix="NEW")
    custom_platform.clear_calls()
    preview = run_check(custom, "preview")
    assert not custom_platform.calls(), "not even a read"
    assert not Change.objects.exists() and not JobState.objects.filter(last_full_sync_at=None, job=preview.job).exists()
    run, _ = start_previewed_sync(preview=preview, by=None)
    work_until_idle()
    run.refresh_from_db()
    assert counts(preview) == counts(run)
    found = verdicts(preview)
    assert len(found.get("create", ())) == counts(run)["created"]
    assert len(found.get("update", ())) == counts(run)["updated"]
    assert len(found.get("remove", ())) == counts(run)["removed"]
    assert titles(custom_platform) == hub_titles(custom)
    assert counts(run_check(custom, "preview")) == {
        "read": len(Product.objects.all()),
        "unchanged": Product.objects.count(),
    }


def test_a_change_is_shown_field_by_field(custom: Connection) -> None:
    products = sent(custom, 3)
    change_unnoticed(products[:1], title="Newer", description="Longer")
    preview = run_check(custom, "preview")
    assert item(preview, "update").changes == {"title": [products[0].title, "Newer"], "description": ["", "Longer"]}
    assert preview.reason == "Preview: 2 unchanged, 1 updated."


def test_skipped_items_are_explained(store: Connection) -> None:
    make_products(store.seller, 3)
    preview = run_check(store, "preview")
    assert counts(preview) == {"read": 3, "skipped": 3}
    assert {each.message for each in preview.items.all()} == {
        f"1 variant has no price: SKU-{number}. Add a price in the source system. 0.00 is allowed."
        for number in (1, 2, 3)
    }


def test_the_preview_of_a_search_feed_equals_its_import(search: Connection) -> None:
    job = Job.objects.filter(connection=search)
    job.update(enabled=False)  # until the shop has been imported
    work_until_idle()
    job.update(enabled=True)
    preview = run_check(search, "preview")
    run, _ = start_previewed_sync(preview=preview, by=None)
    while run.is_open:
        skip_delays()
        run.refresh_from_db()
    assert counts(run)["created"] and counts(preview) == counts(run)


def test_read_only_targets_can_be_previewed(custom: Connection, custom_platform: SandboxProcess) -> None:
    make_products(custom.seller, 5)
    set_read_only(connection=custom, read_only=True, by=None)
    custom.refresh_from_db()
    assert counts(run_check(custom, "preview")) == {"read": 5, "created": 5}
    assert not custom_platform.calls()


def test_changed_settings_are_compared_by_payload(custom: Connection) -> None:
    job = products_job(custom)
    sent(custom, 20)
    job.filters = {"brands": ["None has this"]}
    job.save()
    preview = run_check(custom, "preview")
    start_run(job=job, trigger="button")
    work_until_idle()
    assert counts(preview) == counts(last_run(job)) == {"read": 20, "removed": 20}


@pytest.mark.system
def test_it_resumes_after_a_crash(custom: Connection, crashing_workers: CrashingWorkers) -> None:
    one_lane(custom)
    make_products(custom.seller, 1200)
    run, _ = start_run(job=products_job(custom), scope="preview", trigger="button")
    assert crashing_workers("predict", "predict:2", "predict:2") == 3
    run.refresh_from_db()
    assert run.state == Run.State.DONE and counts(run) == {"read": 1200, "created": 1200} and run.items.count() == 1200


def test_a_second_start_joins_the_open_preview(custom: Connection) -> None:
    job = products_job(custom)
    first, started = start_preview(job=job, by=None)
    assert started and start_preview(job=job, by=None) == (first, False)


def test_an_import_has_no_comparison(shop: Connection) -> None:
    with pytest.raises(ValueError, match="only imports products"):
        start_comparison(job=shop.jobs.get(data_type="products"), by=None)


def test_a_hidden_category_is_predicted_as_disabled(custom: Connection) -> None:
    job = Job.objects.get(connection=custom, data_type="categories")
    shown, hidden = (Category.objects.create(seller=custom.seller, name=name, path=name) for name in ("A", "B"))
    start_run(job=job, trigger="button")
    work_until_idle()
    Category.objects.filter(pk=hidden.pk).update(visible=False)
    Category.objects.filter(pk=shown.pk).update(position=7)
    preview, _ = start_preview(job=job, by=None)
    work_until_idle()
    run, _ = start_previewed_sync(preview=preview, by=None)
    work_until_idle()
    preview.refresh_from_db()
    assert counts(preview) == counts(run) == {"read": 2, "updated": 1, "disabled": 1}
    assert verdicts(preview) == {"update": {str(shown.pk)}, "disable": {str(hidden.pk)}}
