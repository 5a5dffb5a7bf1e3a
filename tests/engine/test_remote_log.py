"""A target with its own sync log gets ours: first the start, items as they are processed, finally the end, once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Product, Variant
from connectors.engine.sync_log_push import push_due
from connectors.services.connections import install_connection, uninstall_connection
from connectors.webhooks.registration import check_due
from hub.models import Connection, Run
from hub.services import pause_connection, set_read_only, start_run
from sandbox.process import SandboxProcess
from synclog import remote
from synclog.models import Issue, PendingLogEntry, RemoteLog, SyncLog
from synclog.services import resolve_issues
from tests.engine.products import change, one_lane, products_job
from tests.engine.worker import CrashingWorkers, last_run, work_until_idle
from tests.factories import make_products, make_seller, make_user

pytestmark = pytest.mark.django_db(transaction=True)

LOG = "/api/v1/sync-log/synccenter/products"


@pytest.fixture
def site(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("sparklayer", accounts={"acme": "client-word"})


@pytest.fixture
def storefront(transactional_db: None, site: SandboxProcess) -> Connection:
    """A B2B storefront to which nothing has been sent yet."""
    return install_connection(
        seller=make_seller("acme"),
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url=site.url,
        settings={"site_id": "acme", "client_id": "sandbox-client"},
        credentials={"client_secret": "client-word"},
        start=False,
    )


@pytest.fixture
def products(storefront: Connection) -> list[Product]:
    """Thirty products, one of which has no SKU."""
    products = make_products(storefront.seller, 30)
    Variant.objects.filter(product=products[7]).update(sku="")
    return products


def sync_all(storefront: Connection) -> Run:
    start_run(job=products_job(storefront), trigger="button")
    work_until_idle()
    return last_run(products_job(storefront))


def push_log(*, after: timedelta = timedelta()) -> None:
    push_due(now=timezone.now() + after, seconds=30)


def log_methods(site: SandboxProcess) -> list[str]:
    """The HTTP methods of the calls to the products' log."""
    return [call["method"] for call in site.calls() if call["path"] == LOG and call["status"] < 300]


def remote_log(site: SandboxProcess) -> dict[str, Any]:
    [log] = [each for each in site.state("logs") if each["key"] == "synccenter/products"]
    return log


def utc(moment: Any) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_full_sync_is_reported_from_start_to_end(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    run = sync_all(storefront)
    push_log()
    assert log_methods(site) == ["PUT", "PATCH"]
    log = remote_log(site)
    assert log["started_full_sync"] == utc(run.started_at)
    assert log["last_full_sync"] == utc(run.finished_at)
    [(ref, error)] = log["errors"].items()
    assert ref == f"product:{products[7].pk}" and "SKU" in error["message"]
    assert not PendingLogEntry.objects.exists()
    push_log()
    assert log_methods(site) == ["PUT", "PATCH"], "everything is reported once"


def test_the_start_is_reported_during_the_run_and_the_end_only_afterwards(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    former = sync_all(storefront)
    push_log()
    one_lane(storefront)
    site.fault("status", status=503, method="PATCH", path="/products/", after=10)
    start_run(job=products_job(storefront), trigger="button", resend=True)
    work_until_idle()
    push_log()
    log = remote_log(site)
    assert last_run(products_job(storefront)).remaining > 0
    assert log["started_full_sync"] == utc(last_run(products_job(storefront)).started_at) != utc(former.started_at)
    assert log["last_full_sync"] == utc(former.finished_at), "of the sync before, until this one has ended"


def test_event_driven_syncs_are_reported_by_item_in_batches(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    push_log()
    ended = remote_log(site)["last_full_sync"]
    site.clear_calls()
    Variant.objects.filter(product=products[7]).update(sku="SKU-now")
    Variant.objects.filter(product=products[8]).update(sku="")
    change(products[5:12], title="New")
    work_until_idle()
    assert PendingLogEntry.objects.count() == 7
    push_log()
    log = remote_log(site)
    assert log_methods(site) == ["PATCH"]
    assert log["errors"].keys() == {f"product:{products[8].pk}"}
    assert log["last_full_sync"] == ended


def test_an_issue_resolved_by_a_person_is_resolved_remotely(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    push_log()
    resolve_issues(issues=Issue.objects.all(), by=make_user())
    push_log()
    assert remote_log(site)["errors"] == {}


@pytest.mark.system
def test_killed_at_every_point_of_a_full_sync_it_is_reported_once(
    storefront: Connection, products: list[Product], site: SandboxProcess, crashing_workers: CrashingWorkers
) -> None:
    start_run(job=products_job(storefront), trigger="button")
    points = ["claim", "compare", "plan", "before_commit", "after_commit", "before_commit:2"]
    assert crashing_workers(*points) == len(points)
    push_log()
    run = last_run(products_job(storefront))
    assert run.state == Run.State.DONE_WITH_ERRORS
    assert log_methods(site) == ["PUT", "PATCH"]
    log = remote_log(site)
    assert (log["started_full_sync"], log["last_full_sync"]) == (utc(run.started_at), utc(run.finished_at))
    assert log["errors"].keys() == {f"product:{products[7].pk}"}


def test_a_failed_run_does_not_count(storefront: Connection, products: list[Product], site: SandboxProcess) -> None:
    site.fault("status", status=401)
    run = sync_all(storefront)
    site.clear_faults()
    assert run.state == Run.State.FAILED
    push_log()
    assert log_methods(site)[0] == "PUT" and remote_log(site)["last_full_sync"] is None


def test_a_crash_between_push_and_commit_repeats_the_push(
    storefront: Connection, products: list[Product], site: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_all(storefront)

    def die(*_: Any, **__: Any) -> None:
        raise SystemExit

    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(remote, "mark_delivered", die)
            push_log(after=timedelta(minutes=10))
        RemoteLog.objects.update(next_attempt_at=timezone.now())
    push_log()
    assert log_methods(site) == ["PUT", "PUT", "PUT", "PATCH"]
    assert remote_log(site)["errors"].keys() == {f"product:{products[7].pk}"}
    assert not PendingLogEntry.objects.exists()


def test_a_push_that_resumes_after_another_one_is_ignored(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    now = timezone.now()
    kept = {"sparklayer": ["products"]}
    slow_log = remote.claim_next_log(supported=kept, now=now, until=now)
    assert slow_log is not None
    late_report = remote.build_update(slow_log)
    push_log()
    remote.mark_delivered(slow_log, late_report, now=now)
    push_log()
    assert log_methods(site) == ["PUT", "PATCH", "PUT", "PATCH"]
    assert remote_log(site)["errors"].keys() == {f"product:{products[7].pk}"}


def test_entries_marked_again_during_the_push_stay_pending(storefront: Connection, products: list[Product]) -> None:
    sync_all(storefront)
    now = timezone.now()
    log = SyncLog.objects.get(data_type="products")
    RemoteLog.objects.create(sync_log=log, delivered_start=log.started_full_sync)
    taken = remote.claim_next_log(supported={"sparklayer": ["products"]}, now=timezone.now(), until=now)
    assert taken is not None
    report = remote.build_update(taken)
    remote.mark_pending(log=log, external_ids=[f"product:{products[7].pk}"])
    remote.mark_delivered(taken, report, now=now)
    assert [each.external_id for each in PendingLogEntry.objects.all()] == [f"product:{products[7].pk}"]


def test_a_target_that_is_down_is_reported_later(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    site.fault("status", status=503, path="sync-log")
    push_log()
    waiting = RemoteLog.objects.get(sync_log__data_type="products")
    assert (waiting.failures, waiting.reason != "") == (1, True) and waiting.next_attempt_at > timezone.now()
    site.clear_faults()
    push_log(after=timedelta(minutes=10))
    assert log_methods(site) == ["PUT", "PATCH"]
    waiting.refresh_from_db()
    assert (waiting.failures, waiting.reason) == (0, "")


def test_a_log_deleted_at_the_target_starts_over(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    push_log()
    site.reset()
    change(products[:1], title="New")
    work_until_idle()
    push_log()
    log = remote_log(site)
    assert log["errors"].keys() == {f"product:{products[7].pk}"} and log["last_full_sync"] is not None


def test_a_large_report_is_split_and_the_last_part_has_the_end(
    storefront: Connection, products: list[Product], site: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "MAX_ENTRIES", 12)
    run = sync_all(storefront)
    push_log()
    assert log_methods(site) == ["PUT", "PATCH", "PATCH", "PATCH"]
    assert remote_log(site)["last_full_sync"] == utc(run.finished_at)


@pytest.mark.parametrize("state", ["paused", "read only"])
def test_nothing_is_pushed_to_a_paused_or_read_only_connection(
    storefront: Connection, products: list[Product], site: SandboxProcess, state: str
) -> None:
    sync_all(storefront)
    if state == "paused":
        pause_connection(connection=storefront, by=None)
    else:
        set_read_only(connection=storefront, read_only=True, by=None)
    site.clear_calls()
    push_log()
    assert site.calls() == []


def test_uninstalling_deletes_the_logs_at_the_target(
    storefront: Connection, products: list[Product], site: SandboxProcess
) -> None:
    sync_all(storefront)
    push_log()
    storefront.refresh_from_db()
    uninstall_connection(connection=storefront, by=None)
    site.fault("status", status=503, method="DELETE", times=1)
    check_due(now=timezone.now(), seconds=30)
    assert list(site.state("logs")) != [], "SparkLayer was down"
    check_due(now=timezone.now() + timedelta(minutes=11), seconds=30)
    assert list(site.state("logs")) == []
    assert not RemoteLog.objects.exists() and not PendingLogEntry.objects.exists()
    push_log()
    assert list(site.state("logs")) == []
