"""What the log of a run says while it goes on and at its end (B8), over real runs; and that it stays short."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product
from connectors.platforms.rest import RestTarget
from connectors.platforms.rest.targets.products import ProductTarget
from connectors.sdk.account import Rate
from hub import runlog, runs
from hub.models import Connection, Job, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.products import change, one_lane, products_job
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)


def lines(run: Run) -> list[str]:
    return [line.text for line in run.log.all()]


def export(connection: Connection) -> Run:
    run, _ = start_run(job=products_job(connection), trigger="button")
    work_until_idle()
    for _ in range(8):
        skip_delays()
    run.refresh_from_db()
    return run


def test_an_import_says_what_it_held_back_where_the_rest_goes_and_the_totals(
    shop: Connection, search: Connection
) -> None:
    work_until_idle()
    run = last_run(Job.objects.get(connection=shop, direction="import", data_type="products"))
    counter, told = run.counters.get(), lines(run)
    assert told[0] == "Reading products from Acme shop."
    assert any("(product:" in line and line.endswith("It has no weight.") for line in told)
    changed = f"{counter.created:,} changed here and wait to be sent to Acme search (products)."
    totals = f"In all {counter.read} looked at: {counter.created} created, {counter.skipped} skipped;"
    assert told[-3] == changed and told[-2].startswith(totals)
    assert told[-1] == "The run ended with some errors."


def test_reading_is_reported_while_it_goes_on(shop: Connection) -> None:
    Connection.objects.filter(pk=shop.pk).update(settings={"page_size": 20})
    work_until_idle()
    run = last_run(Job.objects.get(connection=shop, direction="import", data_type="products"))
    progress = [line for line in lines(run) if "looked at so far: " in line]
    assert progress[0].startswith("20 of ") and "20 created; 1 call to" in progress[0]
    assert progress[1].startswith("40 of ")


def test_a_partial_import_says_since_when(shop: Connection) -> None:
    work_until_idle()
    job = Job.objects.get(connection=shop, direction="import", data_type="products")
    run, _ = start_run(job=job, scope=Run.Scope.PARTIAL, trigger="schedule")
    work_until_idle()
    assert lines(run)[0].startswith("Reading products from Acme shop, changed since 20")


def test_progress_is_reported_by_doublings_however_many_batches_there_are(custom: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(ProductTarget, "batch_size", 5)
    one_lane(custom)
    make_products(custom.seller, 400)
    run = export(custom)
    assert run.api_calls == 80
    progress = [line for line in lines(run) if "so far" in line]
    assert [line.split(";")[0] for line in progress] == [
        f"{number} of 400 looked at so far: {number} created" for number in (5, 10, 20, 35, 65, 130, 260)
    ]
    assert lines(run)[-2:] == [
        "In all 400 looked at: 400 created; 80 calls to the platform.",
        "The run ended well.",
    ]


def test_a_slow_run_is_logged_every_minute(custom: Connection) -> None:
    run, _ = start_run(job=products_job(custom), trigger="button")
    began = timezone.now()
    for seconds in (0, 30, 59, 61, 90, 119, 122):
        read = 1 if seconds else 2**20
        runs.count(run_id=run.pk, kind="product", now=began + timedelta(seconds=seconds), read=read)
    assert [line.at - began for line in run.log.all()] == [timedelta(seconds=each) for each in (0, 61, 122)]


def test_waits_are_reported_one_by_one_and_then_counted(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    make_products(custom.seller, 20)
    custom_platform.fault("status", method="PUT", status=503, times=14)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    for _ in range(14):
        skip_delays()
    waits = [line for line in lines(run) if "waits" in line.lower()]
    assert "answered 503. Failure 3 in a row; then one item is tried." in waits[2]
    assert waits[runlog.LOGGED_IN_FULL :] == ["11 waits, so far.", "In all 14 waits."]


def test_a_wait_for_the_rate_budget_is_reported(custom: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RestTarget, "rate", Rate(2, 3600))
    monkeypatch.setattr(ProductTarget, "batch_size", 1)
    one_lane(custom)
    make_products(custom.seller, 5)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    assert lines(run)[-1].endswith("The rate budget of this account is used up.")


def test_refused_batches_and_their_culprits_are_reported(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 6)
    Product.objects.filter(pk=products[2].pk).update(title="")
    custom_platform.fault("status", method="PUT", status=400, times=1)
    told = lines(export(custom))
    assert any(line.startswith("6 were refused together, so each is sent alone: ") for line in told)
    assert any(f"product:{products[2].pk}: " in line and "title" in line for line in told)


def test_a_lost_worker_is_reported(custom: Connection) -> None:
    """What cannot be settled is to the queue the same as a lost worker: the batch is halved."""
    one_lane(custom)
    products = make_products(custom.seller, 4)
    original = ProductTarget.payload

    def with_nul(self: ProductTarget, item: Any, refs: Any) -> Any:
        made = original(self, item, refs)
        return made | {"note": "\x00"} if item.id == products[1].pk else made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProductTarget, "payload", with_nul)
        told = lines(export(custom))
    lost = [line for line in told if line.startswith("A worker was lost")]
    assert lost[0].startswith("A worker was lost with 4 in hand") and len(lost) <= runlog.LOGGED_IN_FULL


def test_what_events_change_is_reported_in_a_log_of_its_own(custom: Connection) -> None:
    one_lane(custom)
    change(make_products(custom.seller, 3))
    work_until_idle()
    run = last_run(products_job(custom))
    assert (run.scope, run.state) == ("partial", "done")
    assert lines(run) == [
        "Sending what events changed to Acme ERP.",
        "3 looked at so far: 3 created; 1 call to the platform.",
        "In all 3 looked at: 3 created; 1 call to the platform.",
        "The run ended well.",
    ]


def test_a_feed_import_is_followed_from_file_to_answer(search: Connection) -> None:
    work_until_idle()
    skip_delays()
    run = last_run(products_job(search))
    told = lines(run)
    built = next(number for number, line in enumerate(told) if line.startswith("Import ") and "everything" in line)
    assert any(line.endswith(": accepted") for line in told[built:])
    assert told[-1] == "The run ended well.", "nothing is told after the end"


def test_a_million_held_items_make_a_short_log(custom: Connection) -> None:
    run, _ = start_run(job=products_job(custom), trigger="button")
    now = timezone.now()
    for batch in range(100):
        texts = [f"Vase {batch}-{number}: It has no price." for number in range(100)]
        runlog.log_repeated(run_id=run.pk, event=runlog.RepeatedEvent.ASIDE, texts=texts, now=now)
    runs.close(run=run, now=now, failed="gone")
    told = lines(run)
    assert told[: runlog.LOGGED_IN_FULL] == [
        f"Vase 0-{number}: It has no price." for number in range(runlog.LOGGED_IN_FULL)
    ]
    assert told[-2:] == ["In all 10,000 items set aside; the issues tell them all.", "The run failed: gone"]
    assert len(told) < 25
