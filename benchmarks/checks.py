"""Previews and comparisons of a large catalogue: against a tenth of it, with what differs among them."""

import argparse
import resource
from collections.abc import Callable
from time import perf_counter
from typing import Any

import requests
from django.db import connection

from benchmarks import goods
from benchmarks.frame import Figure
from catalog.models import Product
from hub.models import Job, MetId, Run
from hub.services import start_run
from sandbox.process import SandboxProcess, start

DIFFERENT = 50


def run(argv: list[str]) -> list[Figure]:
    """Everything is sent first; then some of it is changed at the target, and some here, with nobody told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=50_000)
    options = parser.parse_args(argv)
    few, many = options.products // 10, options.products
    with start("rest", accounts={"few": "token", "many": "other"}) as system:
        small, large = (_agreeing(system, name, number) for name, number in (("few", few), ("many", many)))
        _, small_proof = _inspect(small, "proof")
        _, small_preview = _inspect(small, "preview")
        ids = list(Product.objects.filter(seller__slug="many").order_by("pk").values_list("pk", flat=True))
        _meddle(system, ids[:DIFFERENT])
        before, calls = _memory(), len(system.calls())
        proof, large_proof = _inspect(large, "proof")
        asked = len(system.calls()) - calls
        goods.revise(large, ids[-DIFFERENT:])
        calls = len(system.calls())
        preview, large_preview = _inspect(large, "preview")
        silent = len(system.calls()) - calls
        grown = _memory() - before
    found = [run.items.count() for run in (proof, preview)]
    assert found == [DIFFERENT, DIFFERENT] and not MetId.objects.exists()
    return [
        Figure("comparison, field by field", many / large_proof, "items/s"),
        Figure("calls of the comparison", asked, "calls"),
        Figure("preview", many / large_preview, "items/s"),
        Figure.at_most("calls of the preview", silent, "calls", 0),
        Figure.at_most("comparison, 10 × the items", large_proof / small_proof, "× the time", 11),
        Figure.at_most("preview, 10 × the items", large_preview / small_preview, "× the time", 11),
        Figure.at_most("memory that both took more", grown, "MiB", 32),
    ]


def _agreeing(system: SandboxProcess, account: str, number: int) -> Job:
    job = goods.target(goods.catalogue(account, number), system, account=account)
    sent, _ = goods.sync(job)
    assert sent.counters.get().created == number
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would have done by the time that somebody compares
    return job


def _inspect(job: Job, scope: str) -> tuple[Run, float]:
    """Seconds from its start to its end, worked on by this process alone."""
    begun = perf_counter()
    run, _ = start_run(job=job, scope=scope, trigger="button")
    goods.work(_ended(run))
    run.refresh_from_db()
    return run, perf_counter() - begun


def _ended(run: Run) -> Callable[[], bool]:
    return lambda: not Run.objects.filter(pk=run.pk, state__in=Run.OPEN).exists()


def _meddle(system: SandboxProcess, ids: list[int]) -> None:
    """Somebody else writes there."""
    body: list[dict[str, Any]] = [{"key": str(pk), "title": "Meddled"} for pk in ids]
    headers = {"Authorization": f"Bearer {system.accounts['many']}"}
    requests.put(f"{system.url}/v1/products", json=body, headers=headers, timeout=30).raise_for_status()


def _memory() -> float:
    """The most that this process has held so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
