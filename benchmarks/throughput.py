"""Items per second from enqueued to synced, relative to a bare loop with the same HTTP calls."""

import argparse
from time import perf_counter

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.items import load_products
from catalog.models import Product
from connectors.adapters.factory import open_adapter
from connectors.platforms.rest.client import BATCH_SIZE
from connectors.sdk.http import HttpClient
from connectors.sdk.operations import References
from hub.kinds import DataType, Kind
from hub.models import Change, Job
from hub.queue import enqueue
from sandbox.process import SandboxProcess, start


def run(argv: list[str]) -> list[Figure]:
    """One lane, one process, batches of 100; the target needs `--latency` milliseconds per call.

    The bare loop sends prepared payloads, so all other work counts as the engine's: queue, comparison, links, status,
    history, counters.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--latency", type=int, default=100, help="ms per call; typical for a vendor's batch call")
    options = parser.parse_args(argv)
    with start("rest", accounts={"bare": "bare", "erp": "token"}, latency_ms=options.latency, contract="off") as system:
        job = sample_data.target(sample_data.catalog("acme", options.items), system)
        ids = list(Product.objects.filter(seller=job.connection.seller).order_by("pk").values_list("pk", flat=True))
        bare = _bare(job, system, ids)
        engine = _engine(job, ids)
        assert [item["title"] for item in system.state("products", "erp")] == [
            item["title"] for item in system.state("products", "bare")
        ]
    with start("rest", accounts={"erp": "token"}, contract="off") as instant:
        job.connection.base_url = instant.url
        job.connection.save(update_fields=["base_url"])
        sample_data.change_unnoticed(job, ids)
        baseline = _engine(job, ids)
    return [
        Figure("bare loop", options.items / bare, "items/s"),
        Figure("engine", options.items / engine, "items/s"),
        Figure.at_least(
            f"engine relative to bare loop, {options.latency} ms per call", bare / engine, "of its items/s", 0.8
        ),
        Figure("engine with a target without latency", options.items / baseline, "items/s"),
        Figure("engine overhead", 1000 * (engine - bare) / (options.items / BATCH_SIZE), "ms/batch"),
    ]


def _bare(job: Job, system: SandboxProcess, ids: list[int]) -> float:
    items = load_products(ids)
    target = open_adapter(job.connection).target(DataType.PRODUCTS)
    bodies = [(target.payload(items[pk], References({})) or {}) | {"key": str(pk)} for pk in ids]
    http = HttpClient(system.url, deadline=60, private_hosts={"127.0.0.1"})
    http.headers["Authorization"] = "Bearer bare"
    started = perf_counter()
    for first in range(0, len(bodies), BATCH_SIZE):
        http.request("PUT", "/v1/products", body=bodies[first : first + BATCH_SIZE]).json()
    seconds = perf_counter() - started
    http.close()
    return seconds


def _engine(job: Job, ids: list[int]) -> float:
    enqueue(seller_id=job.connection.seller_id, kind=Kind.PRODUCT, item_ids=ids)
    started = perf_counter()
    sample_data.work(lambda: not Change.objects.filter(job=job).exists())
    return perf_counter() - started
