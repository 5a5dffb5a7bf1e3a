"""No clock can poison what is read next: a shop's, a worker's, or a date of a single item (C1)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.db.models import QuerySet

from catalog.models import Product
from hub import clock, workers
from hub.alerts import collect_findings
from hub.kinds import DataType, Kind
from hub.models import Alert, Connection, Job, JobState, Link, Run
from hub.services import recompute_next_runs, start_run
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.worker import last_run, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)
IN_2099 = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def job(shop: Connection) -> Job:
    work_until_idle()
    return Job.objects.get(connection=shop, direction="import", data_type=DataType.PRODUCTS)


def sync(job: Job, scope: str = Run.Scope.PARTIAL) -> Run:
    start_run(job=job, scope=scope, trigger="button")
    work_until_idle()
    run = last_run(job)
    assert run.state in (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
    return run


def cut_of(job: Job) -> datetime:
    cut = JobState.objects.get(job=job).cut_at
    assert cut is not None
    return cut


def links(job: Job) -> list[Link]:
    return list(Link.objects.filter(connection=job.connection, kind=Kind.PRODUCT).order_by("item_id"))


def issues() -> QuerySet[Issue]:
    return Issue.objects.filter(code="changed_in_future", resolved_at=None)


def test_a_change_dated_2099_is_read_and_reported_and_blocks_nothing(job: Job, shop_platform: SandboxProcess) -> None:
    odd, other = links(job)[4:6]

    def change(link: Link, **fields: object) -> None:
        shop_platform.control("PATCH", f"products/shop/{link.external_id}", json=fields)

    for attempt, scope in enumerate((Run.Scope.PARTIAL, Run.Scope.FULL, Run.Scope.PARTIAL)):
        change(odd, name=f"Odd {attempt}", date_modified=IN_2099.isoformat())
        change(other, name=f"Other {attempt}")
        sync(job, scope)
        assert Product.objects.get(pk=odd.item_id).title == f"Odd {attempt}"
        assert Product.objects.get(pk=other.item_id).title == f"Other {attempt}"
        assert issues().get().external_id == f"product:{odd.external_id}"
        assert cut_of(job) <= clock.now()
    change(odd, name="Even")
    sync(job, Run.Scope.FULL)
    assert Product.objects.get(pk=odd.item_id).title == "Even"
    assert not issues().exists()


def test_a_date_of_the_future_that_was_stored_earlier_does_not_freeze_the_item(
    job: Job, shop_platform: SandboxProcess
) -> None:
    link = links(job)[3]
    Link.objects.filter(pk=link.pk).update(source_updated_at=IN_2099)
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json={"name": "Newer"})
    sync(job)
    assert Product.objects.get(pk=link.item_id).title == "Newer"


@pytest.mark.parametrize("scope", [Run.Scope.PARTIAL, Run.Scope.FULL])
def test_a_shop_whose_clock_is_behind_loses_no_change(job: Job, shop_platform: SandboxProcess, scope: str) -> None:
    """Its clock is five minutes behind ours; a minute after a sync, by its clock, something changes."""
    behind = datetime.now(UTC) - timedelta(minutes=5)
    shop_platform.fault("rewrite", headers={"Date": format_datetime(behind, usegmt=True)})
    JobState.objects.filter(job=job).update(cut_at=behind - timedelta(hours=1))
    sync(job, scope)
    assert cut_of(job) <= behind
    [alert] = [each for each in collect_findings(now=clock.now()) if each.kind == Alert.Kind.CLOCK]
    assert "Acme shop differs" in alert.message.replace("The clock of ", "") and "-30" in alert.message
    link = links(job)[2]
    changed = behind + timedelta(minutes=1)
    fields = {"name": "A minute later", "date_modified": changed.isoformat(timespec="seconds")}
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json=fields)
    sync(job)
    assert Product.objects.get(pk=link.item_id).title == "A minute later"


@pytest.mark.parametrize("scope", [Run.Scope.PARTIAL, Run.Scope.FULL])
def test_a_cut_date_that_a_wrong_clock_moved_ahead_is_set_back(
    job: Job, shop_platform: SandboxProcess, scope: str
) -> None:
    JobState.objects.filter(job=job).update(cut_at=IN_2099)
    link = links(job)[6]
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json={"name": "Now"})
    sync(job, scope)
    assert Product.objects.get(pk=link.item_id).title == "Now"
    assert cut_of(job) <= clock.now()


def test_a_worker_whose_clock_is_three_years_ahead_uses_the_databases(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FastClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(days=3 * 365)

    monkeypatch.setattr(clock, "datetime", FastClock)
    monkeypatch.setattr(clock, "_reading", None)
    before = datetime.now(UTC)
    workers.record_heartbeat(name="fast:1", now=clock.now())
    recompute_next_runs(job=job)
    sync(job, Run.Scope.FULL)
    state = JobState.objects.get(job=job)
    latest = datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert state.cut_at is not None and before - timedelta(seconds=5) < state.cut_at < latest
    assert state.next_full_at < latest and state.next_partial_at < latest
    assert clock.difference() > timedelta(days=1000)
    monkeypatch.setattr(clock, "_reading", None)
