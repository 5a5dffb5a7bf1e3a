"""The time from a change in a shop, by webhook, to the target during another seller's full sync of 100,000 items."""

import argparse
import os
import socket
import statistics
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic

from benchmarks import sample_data
from benchmarks.reporting import Figure
from connectors.models import WebhookSubscription
from connectors.services.connections import install_connection
from hub.kinds import Kind
from hub.models import Change, Connection, Link, Run
from hub.services import start_run
from sandbox.process import SandboxProcess, start
from synccenter import roles
from synccenter.processes import Processes

ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT = 60.0
_pause = Event()  # never set; used to wait between polls


def run(argv: list[str]) -> list[Figure]:
    """Uses a real web server, workers, beat and broker; the shop signs and delivers its webhooks."""
    parser = argparse.ArgumentParser(prog="./dev bench latency")
    parser.add_argument("--items", type=int, default=100_000, help="of the other seller")
    parser.add_argument("--changes", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    with (
        start(
            "bigcommerce", accounts={"shop": "token"}, products=40, dirty=False, quota=1_000_000, contract="off"
        ) as shop,
        start("rest", accounts={"erp": "token", "small": "small-token"}, latency_ms=20, contract="off") as system,
        Processes() as processes,
    ):
        heavy = sample_data.target(sample_data.catalog("heavy", options.items), system, shards=4)
        little = sample_data.target(sample_data.catalog("little", 0), system, account="small").connection
        source = _connect(little, shop)
        _serve(processes, options.workers)
        _until(lambda: WebhookSubscription.objects.filter(connection=source, healthy=True).exists())
        _until(lambda: not Run.objects.filter(state__in=Run.OPEN).exists() and not Change.objects.exists())
        start_run(job=heavy, trigger=Run.Trigger.BUTTON)
        _until(lambda: Change.objects.filter(job=heavy).exists())
        links = list(Link.objects.filter(connection=source, kind=Kind.PRODUCT).order_by("pk"))
        waited = [
            _time(shop, system, links[number % len(links)], f"Change {number}") for number in range(options.changes)
        ]
        left = Change.objects.filter(job=heavy).count()
        assert left, "the full sync was finished before the benchmark"
    return [
        Figure.at_most("change in shop to target, p50", statistics.median(waited), "s", 1),
        Figure.at_most("p99", statistics.quantiles(waited, n=100)[98], "s", 5),
        Figure("other seller's items sent meanwhile", options.items - left, "items"),
    ]


def _connect(target: Connection, shop: SandboxProcess) -> Connection:
    return install_connection(
        seller=target.seller,
        platform="bigcommerce",
        name="Little shop",
        slug="little-shop",
        base_url=f"{shop.url}/stores/shop",
        credentials={"access_token": "token"},
    )


def _serve(processes: Processes, workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    processes.start("web", roles.web(port=port), environment, cwd=ROOT)
    names = [f"worker-{number}" for number in range(workers)]
    for name in names:
        processes.start(name, roles.worker(name), environment, cwd=ROOT)
    processes.start("beat", roles.beat(), environment, cwd=ROOT)
    processes.wait_for("web", "Listening at", timeout=120)
    for name in names:
        processes.wait_for(name, " ready.", timeout=120)


def _time(shop: SandboxProcess, system: SandboxProcess, link: Link, name: str) -> float:
    """The seconds from the change in the shop to its arrival in the target."""
    started = monotonic()
    shop.control("PATCH", f"products/shop/{link.external_id}", json={"name": name})
    _until(lambda: name in {item["title"] for item in system.state("products", "small")})
    return monotonic() - started


def _until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + _TIMEOUT
    while not condition():
        assert monotonic() < deadline, "it took longer than a minute"
        _pause.wait(0.02)
