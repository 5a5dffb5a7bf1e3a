"""The waiting time of a small seller's item while another seller's 200,000 items occupy all workers."""

import argparse
import statistics
from pathlib import Path
from threading import Event
from time import monotonic

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.models import Product
from hub.kinds import Kind
from hub.models import Change
from hub.queue import enqueue
from sandbox.process import SandboxProcess, start
from synccenter import roles
from synccenter.processes import Processes

ROOT = Path(__file__).resolve().parent.parent


def run(argv: list[str]) -> list[Figure]:
    """The heavy seller has four lanes. The small seller changes single items; measures the time until the target has
    them. Uses real workers, beat and broker.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--backlog", type=int, default=200_000)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    accounts = {"erp": "heavy-token", "small": "small-token"}
    with start("rest", accounts=accounts, latency_ms=20, contract="off") as system, Processes() as processes:
        heavy = sample_data.target(sample_data.catalog("heavy", options.backlog), system, shards=4)
        little = sample_data.target(sample_data.catalog("little", options.changes), system, account="small")
        ids = list(Product.objects.filter(seller=heavy.connection.seller).values_list("pk", flat=True))
        enqueue(seller_id=heavy.connection.seller_id, kind=Kind.PRODUCT, item_ids=ids)
        names = [f"worker-{n}" for n in range(options.workers)]
        for name in names:
            processes.start(name, roles.worker(name), cwd=ROOT)
        processes.start("beat", roles.beat(), cwd=ROOT)
        for name in names:
            processes.wait_for(name, " ready.", timeout=120)
        waited = [
            _wait(system, little.connection.seller_id, product.pk)
            for product in Product.objects.filter(seller=little.connection.seller).order_by("pk")
        ]
        left = Change.objects.filter(job=heavy).count()
        assert left, "the backlog was finished before the benchmark"
    return [
        Figure.at_most("small seller's change to target, p99", _p99(waited), "s", 5),
        Figure("p50", statistics.median(waited), "s"),
        Figure("busy seller's items sent meanwhile", options.backlog - left, "items"),
    ]


def _wait(system: SandboxProcess, seller_id: int | None, pk: int) -> float:
    """The seconds from the commit of a change to its write in the target."""
    pause = Event()
    started = monotonic()
    enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=[pk])
    while str(pk) not in {item["key"] for item in system.state("products", "small")}:
        pause.wait(0.02)
    return monotonic() - started


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
