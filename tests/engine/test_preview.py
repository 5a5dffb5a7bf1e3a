"""A preview (N13) says what a sync would do, writes nothing, and the sync then does just that."""

import random

import pytest

from catalog.models import Category, Product
from connectors.inspections import go_ahead, start_preview
from hub.models import Change, Connection, Job, JobState, Run
from hub.services import set_read_only, start_run
from sandbox.process import SandboxProcess
from tests.engine.driving import Mortal, last_run, let_time_pass, work_until_idle
from tests.engine.goods import change, one_lane, products_job, sent, titles, titles_here
from tests.engine.inspecting import counts, inspect, item, verdicts
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)


def silently(products: list[Product], **fields: object) -> None:
    """The products become something else, and nobody is told, so that a full sync finds it."""
    change(products, **fields)
    Change.objects.all().delete()


@pytest.mark.parametrize("seed", range(4))
def test_a_preview_counts_what_the_sync_then_does(
    custom: Connection, custom_platform: SandboxProcess, seed: int
) -> None:
    dice = random.Random(seed)
    products = sent(custom, dice.randrange(20, 200))
    some = {name: dice.sample(products, dice.randrange(0, 15)) for name in ("changed", "touched", "gone")}
    silently(some["changed"] or products[:1], title="Newer")
    silently(some["touched"] or products[:1])
    silently(some["gone"] or products[:1], status="discontinued")
    make_products(custom.seller, dice.randrange(1, 30), prefix="NEW")
    custom_platform.forget_calls()
    preview = inspect(custom, "preview")
    assert not custom_platform.calls(), "not even a read"
    assert not Change.objects.exists() and not JobState.objects.filter(last_full_sync_at=None, job=preview.job).exists()
    run, _ = go_ahead(preview=preview, by=None)
    work_until_idle()
    run.refresh_from_db()
    assert counts(preview) == counts(run)
    found = verdicts(preview)
    assert len(found.get("create", ())) == counts(run)["created"]
    assert len(found.get("update", ())) == counts(run)["updated"]
    assert len(found.get("remove", ())) == counts(run)["removed"]
    assert titles(custom_platform) == titles_here(custom)
    assert counts(inspect(custom, "preview")) == {
        "read": len(Product.objects.all()),
        "unchanged": Product.objects.count(),
    }


def test_a_change_is_shown_field_by_field(custom: Connection) -> None:
    products = sent(custom, 3)
    silently(products[:1], title="Newer", description="Longer")
    preview = inspect(custom, "preview")
    assert item(preview, "update").changes == {"title": [products[0].title, "Newer"], "description": ["", "Longer"]}
    assert preview.reason == "A sync would leave 2 as they are; 1 changed."


def test_what_would_be_skipped_is_explained(store: Connection) -> None:
    make_products(store.seller, 3)
    preview = inspect(store, "preview")
    assert counts(preview) == {"read": 3, "skipped": 3}
    assert {each.message for each in preview.items.all()} == {
        "Not all of its variants have a price. Enter a price for every variant."
    }


def test_the_preview_of_a_search_feed_equals_its_import(search: Connection) -> None:
    job = Job.objects.filter(connection=search)
    job.update(enabled=False)  # until the shop has been read
    work_until_idle()
    job.update(enabled=True)
    preview = inspect(search, "preview")
    run, _ = go_ahead(preview=preview, by=None)
    while run.is_open:
        let_time_pass()
        run.refresh_from_db()
    assert counts(run)["created"] and counts(preview) == counts(run)


def test_it_looks_at_read_only_targets_too(custom: Connection, custom_platform: SandboxProcess) -> None:
    make_products(custom.seller, 5)
    set_read_only(connection=custom, read_only=True, by=None)
    custom.refresh_from_db()
    assert counts(inspect(custom, "preview")) == {"read": 5, "created": 5}
    assert not custom_platform.calls()


def test_changed_settings_are_compared_by_payload(custom: Connection) -> None:
    job = products_job(custom)
    sent(custom, 20)
    job.filters = {"brands": ["None has this"]}
    job.save()
    preview = inspect(custom, "preview")
    start_run(job=job, trigger="button")
    work_until_idle()
    assert counts(preview) == counts(last_run(job)) == {"read": 20, "removed": 20}


def test_killed_midway_it_goes_on(custom: Connection, mortal: Mortal) -> None:
    one_lane(custom)
    make_products(custom.seller, 1200)
    run, _ = start_run(job=products_job(custom), scope="preview", trigger="button")
    assert mortal("foreseen", "foreseen:2", "foreseen:2") == 3
    run.refresh_from_db()
    assert run.state == Run.State.DONE and counts(run) == {"read": 1200, "created": 1200} and run.items.count() == 1200


def test_a_second_start_joins_the_first(custom: Connection) -> None:
    job = products_job(custom)
    first, started = start_preview(job=job, by=None)
    assert started and start_preview(job=job, by=None) == (first, False)


def test_an_import_has_no_preview(shop: Connection) -> None:
    with pytest.raises(ValueError, match="nothing is sent there"):
        start_preview(job=shop.jobs.get(data_type="products"), by=None)


def test_a_hidden_category_is_foreseen_as_disabled(custom: Connection) -> None:
    job = Job.objects.get(connection=custom, data_type="categories")
    shown, hidden = (Category.objects.create(seller=custom.seller, name=name, path=name) for name in ("A", "B"))
    start_run(job=job, trigger="button")
    work_until_idle()
    Category.objects.filter(pk=hidden.pk).update(visible=False)
    Category.objects.filter(pk=shown.pk).update(position=7)
    preview, _ = start_preview(job=job, by=None)
    work_until_idle()
    run, _ = go_ahead(preview=preview, by=None)
    work_until_idle()
    preview.refresh_from_db()
    assert counts(preview) == counts(run) == {"read": 2, "updated": 1, "disabled": 1}
    assert verdicts(preview) == {"update": {str(shown.pk)}, "disable": {str(hidden.pk)}}
