"""Kills workers at random while items change; afterwards, no item may be lost, stale or left over in the target."""

import argparse
import random
from pathlib import Path
from threading import Event
from time import monotonic

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.models import Product
from hub.models import Change, Job, Lane, Run
from hub.services import start_run
from sandbox.process import SandboxProcess, start
from synccenter import roles
from synccenter.processes import Processes
from tests.engine.products import change, hub_titles, titles, writes

ROOT = Path(__file__).resolve().parent.parent
LEASE = 3


def run(argv: list[str]) -> list[Figure]:
    """Kills Celery workers with SIGKILL at random moments and restarts them immediately.

    Leases are 3 s instead of 90 s, for more recoveries. Also measures the time from a kill until the lane is recovered.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    rng = random.Random(options.seed)
    with (
        start("rest", accounts={"erp": "token"}, latency_ms=100, contract="off") as system,
        Processes() as processes,
    ):
        job = sample_data.target(sample_data.catalog("acme", options.items), system, shards=2)
        products = list(Product.objects.filter(seller=job.connection.seller).order_by("pk"))
        environment = {"LEASE_SECONDS": str(LEASE)}
        for name in ("worker-1", "worker-2"):
            processes.start(name, roles.worker(name), environment, cwd=ROOT)
        processes.start("beat", roles.beat(), environment, cwd=ROOT)
        for name in ("worker-1", "worker-2"):
            processes.wait_for(name, " ready.", timeout=120)
        start_run(job=job, trigger="button")
        recoveries = [_kill(job, products, processes, rng, environment) for _ in range(options.kills)]
        pause = Event()
        while Change.objects.exclude(state="held").exists() or Run.objects.filter(state__in=Run.OPEN).exists():
            pause.wait(0.5)
        return _compare(job, system, options.items, recoveries)


def _kill(
    job: Job, products: list[Product], processes: Processes, rng: random.Random, environment: dict[str, str]
) -> float:
    """Changes items, then kills and replaces a worker that holds a lane.

    Returns the seconds until another worker holds the lane or the lane is finished.
    """
    pause = Event()
    worker_id = ""
    while not worker_id:
        change(rng.sample(products, 200), title=f"Title {rng.random()}")
        change(rng.sample(products, 20), status=rng.choice(["live", "discontinued"]))
        pause.wait(rng.uniform(0, 1.5))
        alive = {str(processes.pid(name)): name for name in ("worker-1", "worker-2")}
        for held in Lane.objects.filter(connection=job.connection).exclude(lease_until=None).order_by("?"):
            if worker_id := alive.get(held.leased_by.split(":")[1], ""):
                break
    started = monotonic()
    processes.kill(worker_id)
    processes.start(worker_id, roles.worker(worker_id), environment, cwd=ROOT)
    while Lane.objects.filter(pk=held.pk, epoch=held.epoch).exclude(lease_until=None).exists():
        pause.wait(0.05)
    return monotonic() - started


def _compare(job: Job, system: SandboxProcess, items: int, recoveries: list[float]) -> list[Figure]:
    expected, actual = hub_titles(job.connection), titles(system)
    stale = sum(actual[key] != expected[key] for key in expected.keys() & actual.keys())
    held = Change.objects.filter(state="held").count()
    return [
        Figure("killed workers that held a lane", len(recoveries), "kills"),
        Figure.at_most("missing items in the target", len(expected.keys() - actual.keys()), "items", 0),
        Figure.at_most("extra items in the target", len(actual.keys() - expected.keys()), "items", 0),
        Figure.at_most("stale items in the target", stale, "items", 0),
        Figure.at_most("items that need review", held, "items", 0),
        Figure.at_most("longest recovery after a kill", max(recoveries, default=0.0), "s", LEASE + 10),
        Figure("average writes per item", sum(writes(system).values()) / items, "writes"),
    ]
