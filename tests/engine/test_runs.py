"""Runs: one at a time whatever starts them, closed exactly once, with correct results if they end early, started when
due."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from connectors.engine import exporting, maintenance, turn, turn_loop
from connectors.platforms.rest.targets.base import RestTargetStream
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub import lanes, queue, runs
from hub.models import Change, Connection, Job, JobState, Lane, Run
from hub.services import cancel_run, recompute_next_runs, start_due_runs, start_run
from sandbox.process import SandboxProcess
from synclog.models import SyncLog
from tests.engine.products import calls, change, hub_titles, one_lane, products_job, sent, titles, writes
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*functions: Any) -> list[Any]:
    """Call the functions concurrently, each with its own database connection."""
    gate = threading.Barrier(len(functions))

    def run(function: Any) -> Any:
        try:
            gate.wait()
            return function()
        finally:
            database.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(run, function) for function in functions]]


def test_a_button_a_schedule_and_an_import_join_the_open_run(custom: Connection) -> None:
    job = products_job(custom)
    starts = in_threads(
        *(
            lambda trigger=trigger: start_run(job=job, trigger=trigger)
            for trigger in ("button", "schedule", "import", "api")
        )
    )
    assert len({run.pk for run, _ in starts}) == 1
    assert sorted(created for _, created in starts) == [False, False, False, True]


def test_a_requested_resend_is_kept_when_joining_a_queued_run(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    sent(custom, 3)
    start_run(job=products_job(custom), trigger="schedule")
    start_run(job=products_job(custom), trigger="button", resend=True)
    work_until_idle()
    assert set(writes(custom_platform).values()) == {2}


def test_many_workers_close_a_run_once(custom: Connection, custom_platform: SandboxProcess) -> None:
    make_products(custom.seller, 900)
    run, _ = sync(connection=custom, data_type="products", trigger="button")
    seconds_after: list[bool] = []

    def work() -> None:
        deadline = timezone.now() + timedelta(seconds=60)
        while timezone.now() < deadline:
            if not turn_loop.serve_one_lane() and not Run.objects.filter(pk=run.pk, state__in=Run.OPEN).exists():
                seconds_after.append(True)
                return

    in_threads(work, work, work)
    run.refresh_from_db()
    assert len(seconds_after) == 3
    assert (run.state, run.remaining, run.total) == (Run.State.DONE, 0, 900)
    assert run.log.filter(text__regex="^Run (succeeded|completed)").count() == 1
    assert run.counters.get().created == 900 and sum(calls(custom_platform)) == 900
    log = SyncLog.objects.get(connection=custom)
    assert log.last_full_sync == run.finished_at == JobState.objects.get(job=run.job).last_full_sync_at
    assert log.started_full_sync < log.last_full_sync


def test_a_later_retry_does_not_keep_the_run_open(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    make_products(custom.seller, 1)
    custom_platform.fault("status", method="PUT", status=500, times=1)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    run.refresh_from_db()
    assert (run.state, run.counters.get().failed) == (Run.State.DONE_WITH_ERRORS, 1)
    skip_delays()
    assert titles(custom_platform) == hub_titles(custom)
    assert run.log.last().text == "Run completed with errors.", "definitive once it ended"


def test_the_log_grows_during_the_run(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    make_products(custom.seller, 3)
    custom_platform.fault("status", method="PUT", status=503, times=1)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    run.refresh_from_db()
    assert run.state == Run.State.PREPARED
    compared, waits = [line.text for line in run.log.order_by("id")][-2:]
    assert compared == "3 compared, 3 may have changed since the last export."
    assert waits.startswith("Waiting ") and "returned 503" in waits
    skip_delays()
    skip_delays()
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert run.log.last().text == "Run succeeded."


def test_a_run_cancelled_while_it_compares_stays_cancelled(custom: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_CHUNK", 10)
    make_products(custom.seller, 60)
    run, _ = start_run(job=products_job(custom), trigger="button")
    hold, seen = runs.lock_preparing, []

    def cancel_before_the_third(*, run: Run) -> None:
        seen.append(run)
        if len(seen) == 3:
            in_threads(lambda: cancel_run(run=run, by=None))
        hold(run=run)

    monkeypatch.setattr(runs, "lock_preparing", cancel_before_the_third)
    work_until_idle()
    run.refresh_from_db()
    assert (run.state, len(seen)) == (Run.State.CANCELLED, 3)
    assert not Change.objects.exists()
    assert JobState.objects.get(job=run.job).last_full_sync_at is None


def test_cancelling_drops_unstarted_changes_but_keeps_those_from_events(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 250)
    custom_platform.fault("status", method="PUT", status=503, after=1, times=1)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    change(products[-1:])
    assert cancel_run(run=run, by=None) and not cancel_run(run=run, by=None)
    for _ in range(8):
        skip_delays()
    # The first hundred were sent, the second may have been, and of the rest only one had changed on its own.
    assert titles(custom_platform).keys() == {str(product.pk) for product in products[:200] + products[-1:]}
    assert SyncLog.objects.get(connection=custom).last_full_sync is None


def test_a_run_without_remaining_changes_is_closed_by_the_sweeper(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    custom_platform.fault("status", method="PUT", status=503)
    make_products(custom.seller, 4)
    run, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    Change.objects.all().delete()
    for _ in range(2):
        maintenance.close_stuck_runs(now=timezone.now())
        run.refresh_from_db()
        assert run.state == Run.State.DONE and SyncLog.objects.get(connection=custom).last_full_sync
        assert run.log.filter(text__regex="^Run (succeeded|completed)").count() == 1


def test_changes_from_events_form_a_partial_run_that_finishes(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    products = sent(custom, 3)
    change(products, title="Newer")
    work_until_idle()
    run = last_run(products_job(custom))
    assert (run.scope, run.trigger, run.state) == (Run.Scope.PARTIAL, Run.Trigger.EVENT, Run.State.DONE)
    assert run.counters.get().updated == 3 and run.api_calls >= 1


@pytest.mark.parametrize("beats", [1, 2, 4])
def test_due_jobs_are_started_once_by_any_number_of_beats(custom: Connection, beats: int) -> None:
    job = products_job(custom)
    job.full_schedule = "1d"
    job.save()
    recompute_next_runs(job=job, now=timezone.now() - timedelta(days=2))
    now = timezone.now()
    in_threads(*[lambda: maintenance.sweep(now=now)] * beats)
    assert Run.objects.filter(job=job, scope="full", trigger="schedule").count() == 1
    assert JobState.objects.get(job=job).next_full_at == now + timedelta(days=1)


def test_a_crontab_fires_in_its_own_time_zone(custom: Connection) -> None:
    job = products_job(custom)
    job.full_schedule, job.time_zone = "0 3 * * *", "Europe/Berlin"
    job.save()
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    recompute_next_runs(job=job, now=summer)
    assert JobState.objects.get(job=job).next_full_at == datetime(2026, 7, 2, 1, tzinfo=UTC)
    assert start_due_runs(now=datetime(2026, 7, 2, 0, 59, tzinfo=UTC)) == 0
    assert start_due_runs(now=datetime(2026, 7, 2, 1, tzinfo=UTC)) == 1
    assert JobState.objects.get(job=job).next_full_at == datetime(2026, 7, 3, 1, tzinfo=UTC)


def test_a_job_with_an_invalid_schedule_stops_and_no_other(custom: Connection) -> None:
    now = timezone.now()
    broken, other = products_job(custom), make_job(make_connection(make_seller("other")), full_schedule="1h")
    Job.objects.filter(pk=broken.pk).update(full_schedule="0 3 * * *", time_zone="Mars/Olympus")
    JobState.objects.filter(job__in=(broken, other)).update(next_full_at=now)
    assert start_due_runs(now=now) == 1
    broken.refresh_from_db()
    assert broken.paused and "Mars/Olympus" in JobState.objects.get(job=broken).attention
    assert Run.objects.get(trigger="schedule").job == other


def test_work_without_a_notification_is_found(custom: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between commit and notification; the lane even has a much later wake-up time."""
    job = one_lane(custom)
    Lane.objects.filter(pk__in=job.lane_ids).update(wake_at=timezone.now() + timedelta(hours=1))
    with monkeypatch.context() as patch:
        patch.setattr(lanes, "wake", lambda lane_ids: None)
        queue.enqueue_for_job(job=job, kind=job.item_kind, item_ids=[1])
    assert not Lane.objects.filter(due=True).exists()
    assert lanes.wake_missed_lanes() == 1
    job.paused = True
    job.save()
    Lane.objects.update(due=False)
    assert lanes.wake_missed_lanes() == 0


def test_a_failed_full_run_never_counts_as_a_full_sync(custom: Connection, custom_platform: SandboxProcess) -> None:
    custom_platform.fault("status", status=403)
    make_products(custom.seller, 2)
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    log = SyncLog.objects.get(connection=custom)
    assert (log.last_full_sync, log.last_full_sync_succeeded) == (None, False)


def test_a_long_comparison_lets_events_through(custom: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison runs in slices, and changes caused by events are sent in between."""
    monkeypatch.setattr(exporting, "_CHUNK", 10)
    monkeypatch.setattr(exporting, "SLICE_SECONDS", 0.0)
    one_lane(custom)
    products = sent(custom, 60)
    compare, order = exporting._compare_chunk, []

    def compared(job: Any, run: Run, *, recheck: bool) -> bool:
        if len(order) == 2:
            in_threads(lambda: change(products[-1:], title="Urgent"))
        order.append("compared")
        return compare(job, run, recheck=recheck)

    send = RestTargetStream.send
    monkeypatch.setattr(exporting, "_compare_chunk", compared)
    monkeypatch.setattr(RestTargetStream, "send", lambda *args: order.append("sent") or send(*args))
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    assert "compared" in order[order.index("sent") :]


def test_a_long_comparison_yields_to_other_sellers_and_resumes(
    custom: Connection, custom_platform: SandboxProcess, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """B2: when its slice is over and other lanes are waiting, the turn ends; nothing is compared twice."""
    settings.TURN_SECONDS = 0
    monkeypatch.setattr(turn, "CHECK_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr(exporting, "_CHUNK", 10)
    monkeypatch.setattr(exporting, "SLICE_SECONDS", 0.0)
    other = install_connection(
        seller=make_seller("other"),
        platform="rest",
        name="Other ERP",
        slug="other-erp",
        base_url=custom_platform.url,
        credentials={"token": "token"},
        start=False,
    )
    make_products(custom.seller, 60)
    make_products(other.seller, 60, prefix="OTHER")
    compare, order = exporting._compare_chunk, []

    def compared(job: Any, run: Run, *, recheck: bool) -> bool:
        order.append((job.connection.slug, run.cursor["after"]))
        return compare(job, run, recheck=recheck)

    monkeypatch.setattr(exporting, "_compare_chunk", compared)
    for connection in (custom, other):
        one_lane(connection)
        start_run(job=products_job(connection), trigger="button")
    work_until_idle()
    served = [slug for slug, _ in order]
    assert served[:4] in (["acme-erp", "other-erp"] * 2, ["other-erp", "acme-erp"] * 2)
    assert len(order) == len(set(order)) == 14  # six chunks each, and one query that finds no more
    assert {last_run(products_job(each)).state for each in (custom, other)} == {Run.State.DONE}
