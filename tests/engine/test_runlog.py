"""The log of a run, during the run and at its end (B8), and its limited length."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product
from connectors.platforms.rest import RestTarget
from connectors.platforms.rest.targets.products import ProductTarget
from connectors.sdk.account import Rate
from hub import runlog, runs
from hub.models import Connection, Job, Run, RunCounter
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.products import change, one_lane, products_job
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)


def lines(run: Run) -> list[str]:
    return [line.text for line in run.log.order_by("id")]


def export(connection: Connection) -> Run:
    run, _ = start_run(job=products_job(connection), trigger="button")
    work_until_idle()
    for _ in range(8):
        skip_delays()
    run.refresh_from_db()
    return run


def test_an_import_logs_skipped_items_targets_and_totals(shop: Connection, search: Connection) -> None:
    work_until_idle()
    run = last_run(Job.objects.get(connection=shop, direction="import", data_type="products"))
    counter, logged = run.counters.get(), lines(run)
    assert logged[0] == "Reading products from Acme shop."
    assert any("(product:" in line and "1 variant has no weight" in line for line in logged)
    changed = f"{counter.created:,} changed; queued for export to Acme search (products)."
    totals = f"Total: {counter.read} items, {counter.created} created, {counter.skipped} skipped;"
    assert logged[-3] == changed and logged[-2].startswith(totals)
    assert logged[-1] == "Run completed with errors."


def test_reading_is_reported_as_it_progresses(shop: Connection) -> None:
    Connection.objects.filter(pk=shop.pk).update(settings={"page_size": 20})
    work_until_idle()
    run = last_run(Job.objects.get(connection=shop, direction="import", data_type="products"))
    progress = [line for line in lines(run) if line.startswith("Processed ")]
    assert progress[0].startswith("Processed 20 of ") and "20 created; 1 API call" in progress[0]
    assert progress[1].startswith("Processed 40 of ")


def test_a_comparison_reports_nothing_as_created(shop: Connection) -> None:
    """What the target lacks is counted as created, though nothing is."""
    job = Job.objects.get(connection=shop, direction="import", data_type="products")
    run = Run.objects.create(job=job, scope=Run.Scope.COMPARISON, trigger="button", total=40)
    counts = dict.fromkeys(RunCounter.Outcome, 0) | {RunCounter.Outcome.READ: 20, RunCounter.Outcome.CREATED: 4}
    runlog.log_progress(run_id=run.pk, kind="product", before=0, counts=counts, logged_at=None, now=timezone.now())
    assert lines(run) == ["Processed 20 of 40 items: 0 API calls."]


def test_an_incremental_import_logs_its_cut_date(shop: Connection) -> None:
    work_until_idle()
    job = Job.objects.get(connection=shop, direction="import", data_type="products")
    run, _ = start_run(job=job, scope=Run.Scope.PARTIAL, trigger="schedule")
    work_until_idle()
    assert lines(run)[0].startswith("Reading products from Acme shop, changed since 20")


def test_progress_is_reported_at_doubling_counts(custom: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(ProductTarget, "batch_size", 5)
    one_lane(custom)
    make_products(custom.seller, 400)
    run = export(custom)
    assert run.api_calls == 80
    progress = [line for line in lines(run) if line.startswith("Processed ")]
    assert [line.split(";")[0] for line in progress] == [
        f"Processed {number} of 400 items: {number} created" for number in (5, 10, 20, 35, 65, 130, 260)
    ]
    assert lines(run)[-2:] == [
        "Total: 400 items, 400 created; 80 API calls.",
        "Run succeeded.",
    ]


def test_a_slow_run_is_logged_every_minute(custom: Connection) -> None:
    run, _ = start_run(job=products_job(custom), trigger="button")
    began = timezone.now()
    for seconds in (0, 30, 59, 61, 90, 119, 122):
        read = 1 if seconds else 2**20
        runs.count(
            run_id=run.pk,
            kind="product",
            now=began + timedelta(seconds=seconds),
            outcomes={RunCounter.Outcome.READ: read},
        )
    assert [line.at - began for line in run.log.order_by("id")] == [timedelta(seconds=each) for each in (0, 61, 122)]


def test_waits_are_logged_one_by_one_and_then_counted(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    make_products(custom.seller, 20)
    custom_platform.fault("status", method="PUT", status=503, times=14)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    for _ in range(14):
        skip_delays()
    waits = [line for line in lines(run) if "waiting" in line.lower() or "delays" in line]
    assert "returned 503. Failure 3 in a row; next, one item is sent as a test." in waits[2]
    assert waits[runlog.LOGGED_IN_FULL :] == ["11 delays so far.", "Total: 14 delays."]


def test_a_wait_for_the_rate_limit_is_logged(custom: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RestTarget, "rate", Rate(2, 3600))
    monkeypatch.setattr(ProductTarget, "batch_size", 1)
    one_lane(custom)
    make_products(custom.seller, 5)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    assert lines(run)[-1].endswith("The rate budget of this account is used up.")


def test_rejected_batches_and_the_rejected_items_are_logged(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 6)
    Product.objects.filter(pk=products[2].pk).update(title="")
    custom_platform.fault("status", method="PUT", status=400, times=1)
    logged = lines(export(custom))
    assert any(line.startswith("A batch of 6 items was rejected (sending each item alone): ") for line in logged)
    assert any(f"product:{products[2].pk}: " in line and "title" in line for line in logged)


def test_a_lost_worker_is_logged(custom: Connection) -> None:
    """The queue treats a batch that cannot be settled like a lost worker: the batch is halved."""
    one_lane(custom)
    products = make_products(custom.seller, 4)
    original = ProductTarget.payload

    def with_nul(self: ProductTarget, item: Any, refs: Any) -> Any:
        created = original(self, item, refs)
        return created | {"note": "\x00"} if item.id == products[1].pk else created

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProductTarget, "payload", with_nul)
        logged = lines(export(custom))
    lost = [line for line in logged if line.startswith("A worker was lost")]
    assert lost[0].startswith("A worker was lost while sending 4 items") and len(lost) <= runlog.LOGGED_IN_FULL


def test_event_driven_changes_have_their_own_log(custom: Connection) -> None:
    one_lane(custom)
    change(make_products(custom.seller, 3))
    work_until_idle()
    run = last_run(products_job(custom))
    assert (run.scope, run.state) == ("partial", "done")
    assert lines(run) == [
        "Sending changed items to Acme ERP.",
        "Processed 3 items: 3 created; 1 API call.",
        "Total: 3 items, 3 created; 1 API call.",
        "Run succeeded.",
    ]


def test_a_feed_import_is_logged_from_file_to_response(search: Connection) -> None:
    work_until_idle()
    skip_delays()
    run = last_run(products_job(search))
    logged = lines(run)
    built = next(
        number for number, line in enumerate(logged) if line.startswith("Import ") and "full replacement" in line
    )
    assert any(line.endswith(": accepted") for line in logged[built:])
    assert logged[-1] == "Run succeeded.", "nothing is logged after the end"


def test_many_held_items_make_a_short_log(custom: Connection) -> None:
    run, _ = start_run(job=products_job(custom), trigger="button")
    now = timezone.now()
    for batch in range(100):
        texts = [f"Vase {batch}-{number}: It has no price." for number in range(100)]
        runlog.log_repeated(run_id=run.pk, event=runlog.RepeatedEvent.ITEM_ISSUES, texts=texts, now=now)
    runs.close(run=run, now=now, failed="gone")
    logged = lines(run)
    assert logged[: runlog.LOGGED_IN_FULL] == [
        f"Vase 0-{number}: It has no price." for number in range(runlog.LOGGED_IN_FULL)
    ]
    assert logged[-2:] == ["Total: 10,000 items with issues (see the Inbox for the full list).", "Run failed: gone"]
    assert len(logged) < 25
