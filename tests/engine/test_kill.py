"""Workers killed or suspended at any point: nothing is lost or duplicated, and the newest content wins."""

import random
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from hub import lanes
from hub.kinds import Kind
from hub.models import Change, Connection, Lane, Link, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from synccenter.processes import Processes
from synclog.models import Issue, SyncLog
from tests.engine.products import change, hub_titles, one_lane, products_job, sent, titles, writes
from tests.engine.worker import CrashingWorkers, last_run, skip_delays, wait_until, work_until_idle
from tests.factories import make_products

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]


def assert_in_sync(connection: Connection, platform: SandboxProcess) -> None:
    """Both sides are equal, the queue is empty, no lane is leased, and the sync log agrees."""
    assert titles(platform) == hub_titles(connection)
    assert not Change.objects.filter(job__connection=connection).exists()
    assert not Lane.objects.exclude(lease_until=None).exists()
    assert not Run.objects.filter(state__in=Run.OPEN).exists()


@pytest.mark.parametrize(
    ("points", "most_writes"),
    [
        (["claim", "compare", "plan", "before_call", "before_call:2"], 1),
        # What was sent but not settled is sent again by the next worker, with the same key.
        (["after_call", "before_commit", "after_commit", "after_call:2"], 4),
    ],
)
def test_killed_at_every_point_of_an_export(
    custom: Connection,
    custom_platform: SandboxProcess,
    crashing_workers: CrashingWorkers,
    points: list[str],
    most_writes: int,
) -> None:
    one_lane(custom)
    make_products(custom.seller, 240)
    run, _ = start_run(job=products_job(custom), trigger="button")
    assert crashing_workers(*points) == len(points)
    assert_in_sync(custom, custom_platform)
    assert max(writes(custom_platform).values()) <= most_writes
    run.refresh_from_db()
    assert (run.state, run.remaining) == (Run.State.DONE, 0)
    assert run.log.filter(text__regex="^Run (succeeded|completed)").count() == 1
    assert SyncLog.objects.get(connection=custom).last_full_sync == run.finished_at


def test_killed_at_every_point_of_an_import(
    shop: Connection, shop_platform: SandboxProcess, crashing_workers: CrashingWorkers
) -> None:
    points = ["claim", "page", "page:2", "page:3", "close"]
    assert crashing_workers(*points) == len(points)
    there = {str(product["id"]) for product in shop_platform.state("products")}
    here = set(Link.objects.filter(connection=shop, kind=Kind.PRODUCT).values_list("external_id", flat=True))
    problems = Issue.objects.filter(resolved_at=None, external_id__startswith="product:", severity="error")
    rejected = {ref.removeprefix("product:") for ref in problems.values_list("external_id", flat=True)}
    assert here | rejected == there
    assert not Run.objects.filter(state__in=[*Run.OPEN, Run.State.FAILED]).exists()


def test_killed_at_random_while_items_keep_changing(
    custom: Connection, custom_platform: SandboxProcess, crashing_workers: CrashingWorkers
) -> None:
    chance = random.Random(7)
    products = sent(custom, 300)
    for step in range(3):
        change(chance.sample(products, 120), title=f"Title {step}")
        change(chance.sample(products, 20), status="discontinued")
        change(chance.sample(products, 30), status="live")
        points = chance.choices(["claim", "before_call", "after_call", "before_commit", "after_commit"], k=4)
        crashing_workers(*(f"{point}:{chance.randint(1, 3)}" for point in points))
        assert_in_sync(custom, custom_platform)


def test_an_item_that_crashes_workers_is_held_after_a_limited_number_of_crashes(
    custom: Connection, custom_platform: SandboxProcess, crashing_workers: CrashingWorkers
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 130)
    start_run(job=products_job(custom), trigger="button")
    crashes = crashing_workers("poison", products[77].pk)
    assert 1 < crashes <= 10
    held = Change.objects.get()
    assert (held.item_id, held.state, held.failure_kind) == (products[77].pk, Change.State.HELD, "worker_lost")
    assert titles(custom_platform).keys() == {str(p.pk) for p in products if p is not products[77]}
    assert Issue.objects.get(resolved_at=None).item_id == products[77].pk
    assert last_run(products_job(custom)).state == Run.State.DONE_WITH_ERRORS


def test_a_worker_suspended_in_a_call_past_its_lease_and_resumed(
    custom: Connection,
    custom_platform: SandboxProcess,
    processes: Processes,
    process_environment: dict[str, str],
) -> None:
    """The old content even arrives after the new one: the late worker finds that its epoch is outdated and marks the
    item as in doubt."""
    one_lane(custom)
    products = sent(custom, 2)
    custom_platform.clear_calls()
    custom_platform.fault("slow", method="PUT", delay=4, times=1)
    change(products, title="Old")
    processes.start(
        "sleeper",
        [sys.executable, "-m", "tests.engine.crashing_workers", "stop", "after_call"],
        process_environment,
        cwd=ROOT,
    )
    wait_until(lambda: bool(custom_platform.calls()))
    processes.signal("sleeper", signal.SIGSTOP)
    change(products, title="New")
    assert lanes.sweep(now=timezone.now() + timedelta(hours=1)) == 1
    work_until_idle()
    assert set(titles(custom_platform).values()) == {"New"}
    wait_until(lambda: set(titles(custom_platform).values()) == {"Old"})
    processes.signal("sleeper", signal.SIGCONT)  # runs until after its call, and is suspended there
    wait_until(lambda: is_stopped(processes.pid("sleeper")))
    processes.signal("sleeper", signal.SIGCONT)
    processes.wait_for("sleeper", "idle after")
    assert "lost to another worker" in processes.log("sleeper")
    skip_delays()
    assert set(titles(custom_platform).values()) == {"New"}
    assert_in_sync(custom, custom_platform)


def test_a_worker_suspended_in_a_transaction_loses_its_locks(
    custom: Connection,
    custom_platform: SandboxProcess,
    processes: Processes,
    process_environment: dict[str, str],
) -> None:
    one_lane(custom)
    products = sent(custom, 2)
    change(products, title="Newer")
    short = process_environment | {"LEASE_SECONDS": "1"}
    argv = [sys.executable, "-m", "tests.engine.crashing_workers", "stop", "before_commit"]
    processes.start("sleeper", argv, short, cwd=ROOT)
    processes.wait_for("sleeper", "life")
    wait_until(lambda: is_stopped(processes.pid("sleeper")))
    lanes.sweep(now=timezone.now() + timedelta(hours=1))
    work_until_idle()
    assert_in_sync(custom, custom_platform)
    processes.signal("sleeper", signal.SIGCONT)
    wait_until(lambda: not processes.running("sleeper"))
    assert_in_sync(custom, custom_platform)


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
