"""Comparisons (N9): changes made directly at the target are found, and repaired on request."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from catalog.models import Product
from connectors.engine.maintenance import prune
from connectors.services.checks import repair, repairable, start_comparison
from connectors.services.connections import install_connection
from hub import alerts
from hub.models import Alert, Change, Connection, JobState, Lane, Link, Run, RunItem, SeenExternalId
from hub.services import start_due_runs, start_run
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.checks import counts, edit_at_target, give_prices, item, run_check, verdicts, written
from tests.engine.products import change, hub_titles, one_lane, products_job, sent, titles, writes
from tests.engine.worker import CrashingWorkers, last_run, skip_delays, work_until_idle
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def products(custom: Connection) -> list[Product]:
    return sent(custom, 240)


def drift(platform: SandboxProcess, products: list[Product]) -> dict[str, set[str]]:
    """At the target, remove three products, change the titles of two, and add one that the hub does not have."""
    edit_at_target(platform, "DELETE", [str(one.pk) for one in products[:3]])
    edit_at_target(platform, "PUT", [{"key": str(one.pk), "title": "Meddled"} for one in products[3:5]])
    edit_at_target(platform, "PUT", [{"key": "foreign", "title": "Not from here"}])
    return {
        "missing": {str(one.pk) for one in products[:3]},
        "different": {str(one.pk) for one in products[3:5]},
        "unknown": {"foreign"},
    }


def test_no_differences_are_reported_without_a_write(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    custom_platform.clear_calls()
    Product.objects.create(seller=products[0].seller, title="Deleted before it was ever sent", status="deleted")
    run = run_check(custom, "proof")
    assert (run.state, verdicts(run), counts(run)) == (Run.State.DONE, {}, {"read": 240, "unchanged": 240})
    assert run.total == 240, "of the catalog, only what the target should have"
    assert "no differences" in run.reason and run.api_calls == 3
    assert not written(custom_platform)
    assert not SeenExternalId.objects.exists() and not Change.objects.exists()


def test_differences_are_reported_by_kind_and_by_field(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    expected = drift(custom_platform, products)
    custom_platform.clear_calls()
    run = run_check(custom, "proof")
    assert run.state == Run.State.DONE_WITH_ERRORS and verdicts(run) == expected
    assert "3 missing, 2 different, 1 not from SyncCenter" in run.reason
    one = run.items.filter(verdict="different").order_by("item_id").first()
    assert one is not None and one.changes == {"title": ["Meddled", products[3].title]}
    assert not written(custom_platform) and not Change.objects.exists()


def test_items_no_longer_exported_are_reported(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    """As if a removal had been lost, and neither an event nor a full sync had detected it yet."""
    Product.objects.filter(pk=products[0].pk).update(status="discontinued")
    Product.objects.filter(pk=products[1].pk).delete()
    run = run_check(custom, "proof")
    assert run.state == Run.State.DONE_WITH_ERRORS and verdicts(run) == {
        "gone": {str(products[0].pk), str(products[1].pk)}
    }


def test_items_with_pending_changes_are_not_compared(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    drift(custom_platform, products)
    change(products[:5], title="Newer")
    Change.objects.update(state=Change.State.HELD)
    run = run_check(custom, "proof")
    assert verdicts(run) == {"unknown": {"foreign"}} and counts(run)["skipped"] == 5


def test_repairing_everything_makes_both_sides_equal(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    drift(custom_platform, products)
    Product.objects.filter(pk=products[9].pk).update(status="discontinued")
    run = run_check(custom, "proof")
    assert repair(run=run, items=repairable(run=run), by=None) == 6
    work_until_idle()
    there = titles(custom_platform)
    # Products that are not from the hub are never changed.
    assert there.pop("foreign") == "Not from here" and writes(custom_platform)["foreign"] == 1
    assert there == hub_titles(custom)
    again = run_check(custom, "proof")
    assert (again.state, verdicts(again)) == (Run.State.DONE, {"unknown": {"foreign"}})
    # A second repair finds no differences.
    assert repair(run=run, items=repairable(run=run), by=None) == 0 and not Change.objects.exists()


def test_repair_by_kind_of_difference_and_by_item(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    drift(custom_platform, products)
    run = run_check(custom, "proof")
    assert not repairable(run=run, verdict="unknown").exists()
    assert not repairable(run=run, ids=[item(run, "unknown").pk]).exists()
    one = run.items.filter(verdict="missing").order_by("item_id").first()
    assert one is not None and repair(run=run, items=repairable(run=run, ids=[one.pk]), by=None) == 1
    work_until_idle()
    assert str(one.item_id) in titles(custom_platform) and len(titles(custom_platform)) == 239
    assert repair(run=run, items=repairable(run=run, verdict="different"), by=None) == 2
    work_until_idle()
    assert "Meddled" not in titles(custom_platform).values()
    assert repairable(run=run).count() == 2


def test_items_sent_after_the_comparison_are_not_recreated(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    edit_at_target(custom_platform, "DELETE", [str(products[0].pk)])
    run = run_check(custom, "proof")
    change(products[:1], title="Fixed itself")
    work_until_idle()
    repair(run=run, items=repairable(run=run), by=None)
    assert not Link.objects.filter(item_id=products[0].pk, missing=True).exists()


def test_items_left_out_of_an_incomplete_list_are_not_missing(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    """The target's list ends early, but its products can be fetched one by one."""
    first = {"items": [{"key": str(products[0].pk), "title": products[0].title}], "next": None}
    custom_platform.fault("status", status=200, body=first, method="GET", path="/v1/products$")
    run = run_check(custom, "proof")
    assert verdicts(run) == {}
    assert "it left out 239 existing items" in run.reason


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 500, "method": "GET", "path": "/v1/products$", "after": 1},
        {"fault": "half_body", "when": "after", "method": "GET", "path": "/v1/products$", "after": 1},
        {"fault": "status", "status": 503, "path": "/v1/products/"},
    ],
    ids=["list", "half a page", "lookup"],
)
def test_items_that_cannot_be_read_are_not_missing(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product], fault: dict[str, object]
) -> None:
    """The read is retried and finally fails. No differences are reported, and the job continues to send."""
    edit_at_target(custom_platform, "DELETE", [str(products[0].pk)])
    custom_platform.fault(**fault)  # type: ignore[arg-type]
    run = run_check(custom, "proof")
    assert run.is_open and run.not_before is not None and not run.items.filter(verdict="missing").exists()
    assert not Lane.objects.filter(connection=custom, failures__gt=0).exists()
    change(products[5:6], title="Goes through meanwhile")
    work_until_idle()
    assert titles(custom_platform)[str(products[5].pk)] == "Goes through meanwhile"
    for _ in range(10):
        Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(not_before=timezone.now())
        skip_delays()
    run.refresh_from_db()
    assert run.state == Run.State.FAILED and "There is no partial result" in run.reason
    prune(now=timezone.now())
    assert not SeenExternalId.objects.exists()
    products_job(custom).refresh_from_db()
    assert not products_job(custom).paused and not Issue.objects.filter(code="drift").exists()


def test_a_repeating_page_does_not_end_the_list(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    page = {"items": [{"key": str(products[0].pk), "title": "A"}], "next": str(products[0].pk)}
    custom_platform.fault("status", status=200, body=page, method="GET", path="/v1/products$")
    run = run_check(custom, "proof")
    assert run.is_open and run.not_before is not None


def test_overlapping_pages_duplicate_nothing(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    expected = drift(custom_platform, products)
    custom_platform.fault("overlap", items=7, times=None, path="/v1/products$")
    run = run_check(custom, "proof")
    assert verdicts(run) == expected and run.items.count() == 6


@pytest.mark.system
def test_it_resumes_after_a_crash_at_any_point(
    custom: Connection, custom_platform: SandboxProcess, crashing_workers: CrashingWorkers
) -> None:
    one_lane(custom)
    expected = drift(custom_platform, sent(custom, 240))
    run, _ = start_run(job=products_job(custom), scope="proof", trigger="button")
    points = ["compare_page", "compare_page:2", "next_ids", "next_ids:2", "drop_findings"]
    assert crashing_workers(*points) == len(points)
    run.refresh_from_db()
    assert run.state == Run.State.DONE_WITH_ERRORS
    assert verdicts(run) == expected and run.items.count() == 6
    assert sum(counts(run)[name] for name in ("unchanged", "created", "updated")) == 240


def test_it_yields_to_pending_changes(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    """Changes waiting in the lane are sent first."""
    change(products, title="Newer")
    comparison, _ = start_run(job=products_job(custom), scope="proof", trigger="button")
    full, _ = start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    comparison.refresh_from_db()
    full.refresh_from_db()
    assert (
        full.finished_at is not None and comparison.started_at is not None and full.finished_at <= comparison.started_at
    )
    assert comparison.state == Run.State.DONE


def test_it_is_started_by_its_schedule(custom: Connection, products: list[Product]) -> None:
    job = products_job(custom)
    assert job.comparison_schedule == "1w"
    state = JobState.objects.get(job=job)
    assert state.next_comparison_at is not None
    before = state.last_full_sync_at, state.last_success_at
    start_due_runs(now=state.next_comparison_at + timedelta(seconds=1))
    work_until_idle()
    run = Run.objects.get(job=job, scope="proof")
    assert (run.trigger, run.state) == ("schedule", Run.State.DONE)
    state.refresh_from_db()
    assert (state.last_full_sync_at, state.last_success_at) == before


def test_differences_open_one_alert_and_resolve_it_once(
    custom: Connection, custom_platform: SandboxProcess, products: list[Product]
) -> None:
    drift(custom_platform, products)
    for _ in range(2):
        run_check(custom, "proof")
        alerts.update_alerts(findings=alerts.collect_findings(now=timezone.now()), now=timezone.now())
    alert = Alert.objects.get(kind=Alert.Kind.DRIFT)
    issue = Issue.objects.get(code="drift")
    assert "3 missing" in alert.message and "3 missing" in issue.message
    run = last_run(products_job(custom))
    repair(run=run, items=repairable(run=run), by=None)
    work_until_idle()
    run_check(custom, "proof")
    alerts.update_alerts(findings=alerts.collect_findings(now=timezone.now()), now=timezone.now())
    alert.refresh_from_db()
    issue.refresh_from_db()
    assert alert.resolved_at is not None and issue.resolved_at is not None


def test_products_lost_at_a_store_are_recreated(store: Connection, store_platform: SandboxProcess) -> None:
    """A product deleted at the target is created again, under a new ID."""
    own = {str(row["id"]) for row in store_platform.state("products")}
    products = make_products(store.seller, 5)
    give_prices(products)
    start_run(job=products_job(store), trigger="button")
    work_until_idle()
    link = Link.objects.get(connection=store, kind="product", item_id=products[0].pk)
    lost = link.external_id
    address = f"{store.base_url}/v3/catalog/products/{lost}"
    requests.delete(address, headers={"X-Auth-Token": "token"}, timeout=60).raise_for_status()
    other = Link.objects.get(connection=store, kind="product", item_id=products[1].pk).external_id
    body = [{"id": int(other), "name": "Meddled", "price": 7}]
    headers = {"X-Auth-Token": "token"}
    requests.put(f"{store.base_url}/v3/catalog/products", json=body, headers=headers, timeout=60).raise_for_status()
    run = run_check(store, "proof")
    assert verdicts(run) == {"missing": {str(products[0].pk)}, "different": {str(products[1].pk)}, "unknown": own}
    assert item(run, "different").changes == {
        "product.name": ["Meddled", products[1].title],
        "product.price": [7, 10],
    }
    repair(run=run, items=repairable(run=run), by=None)
    work_until_idle()
    link.refresh_from_db()
    assert link.external_id != lost and not link.missing
    assert len(list(store_platform.state("products"))) == len(own) + 5
    assert verdicts(run_check(store, "proof")) == {"unknown": own}


def test_a_comparison_of_unreadable_data_is_rejected(search: Connection) -> None:
    """SparkLayer has no documented list of products."""
    Connection.objects.filter(pk=search.pk).update(platform="sparklayer")
    with pytest.raises(ValueError, match="cannot be read back"):
        start_comparison(job=products_job(search), by=None)


def test_the_number_of_calls_grows_linearly_and_no_rows_are_left(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    """Ten times as many items take ten times as many calls, and none of the rows used while reading are kept."""
    calls = []
    for number in (100, 1000):
        make_products(custom.seller, number - Product.objects.count(), prefix=f"N{number}")
        start_run(job=products_job(custom), trigger="button")
        work_until_idle()
        calls.append(run_check(custom, "proof").api_calls)
    assert calls == [1, 10] and not SeenExternalId.objects.exists() and not RunItem.objects.exists()


def test_a_comparison_is_limited_to_its_own_seller(
    transactional_db: None, sandbox: Callable[..., SandboxProcess]
) -> None:
    """Two sellers with two accounts of one system: differences in one account do not affect the other."""
    both = sandbox("rest", accounts={"north": "n", "south": "s"})
    connections = [
        install_connection(
            seller=make_seller(name),
            platform="rest",
            name=name,
            slug=name,
            base_url=both.url,
            credentials={"token": token},
            start=False,
        )
        for name, token in both.accounts.items()
    ]
    north, _ = [sent(connection, 5) for connection in connections]
    headers = {"Authorization": f"Bearer {both.accounts['north']}"}
    body = [str(north[0].pk)]
    requests.delete(f"{both.url}/v1/products", json=body, headers=headers, timeout=60).raise_for_status()
    assert verdicts(run_check(connections[0], "proof")) == {"missing": set(body)}
    assert verdicts(run_check(connections[1], "proof")) == {}
