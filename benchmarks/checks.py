"""Previews and comparisons of a large catalog, relative to a tenth of it, with a few differences to find."""

import argparse
import resource
from collections.abc import Callable
from time import perf_counter
from typing import Any

import requests
from django.db import connection

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.models import Product
from hub.models import Job, Run, SeenExternalId
from hub.services import start_run
from sandbox.process import SandboxProcess, start

DIFFERENT = 50


def run(argv: list[str]) -> list[Figure]:
    """Sends all products, then changes some in the target and some locally without enqueuing them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=50_000)
    options = parser.parse_args(argv)
    few, many = options.products // 10, options.products
    with start("rest", accounts={"few": "token", "many": "other"}, contract="off") as system:
        small, large = (_synced_job(system, name, number) for name, number in (("few", few), ("many", many)))
        _, small_comparison_seconds = _run_check(small, "proof")
        _, small_preview_seconds = _run_check(small, "preview")
        ids = list(Product.objects.filter(seller__slug="many").order_by("pk").values_list("pk", flat=True))
        _edit_at_target(system, ids[:DIFFERENT])
        before, calls = _memory(), len(system.calls())
        comparison, large_comparison_seconds = _run_check(large, "proof")
        comparison_calls = len(system.calls()) - calls
        sample_data.change_unnoticed(large, ids[-DIFFERENT:])
        calls = len(system.calls())
        preview, large_preview_seconds = _run_check(large, "preview")
        preview_calls = len(system.calls()) - calls
        grown = _memory() - before
    found = [run.items.count() for run in (comparison, preview)]
    assert found == [DIFFERENT, DIFFERENT] and not SeenExternalId.objects.exists()
    return [
        Figure("comparison of all fields", many / large_comparison_seconds, "items/s"),
        Figure("API calls of the comparison", comparison_calls, "calls"),
        Figure("preview", many / large_preview_seconds, "items/s"),
        Figure.at_most("API calls of the preview", preview_calls, "calls", 0),
        Figure.at_most(
            "comparison, 10 × the items", large_comparison_seconds / small_comparison_seconds, "× the time", 11
        ),
        Figure.at_most("preview, 10 × the items", large_preview_seconds / small_preview_seconds, "× the time", 11),
        Figure.at_most("additional memory for both", grown, "MiB", 32),
    ]


def _synced_job(system: SandboxProcess, account: str, number: int) -> Job:
    job = sample_data.target(sample_data.catalog(account, number), system, account=account)
    sent, _ = sample_data.sync(job)
    assert sent.counters.get().created == number
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would have done by then
    return job


def _run_check(job: Job, scope: str) -> tuple[Run, float]:
    """Runs the check in this process; returns the run and its duration in seconds."""
    started = perf_counter()
    run, _ = start_run(job=job, scope=scope, trigger="button")
    sample_data.work(_is_finished(run))
    run.refresh_from_db()
    return run, perf_counter() - started


def _is_finished(run: Run) -> Callable[[], bool]:
    return lambda: not Run.objects.filter(pk=run.pk, state__in=Run.OPEN).exists()


def _edit_at_target(system: SandboxProcess, ids: list[int]) -> None:
    """Changes products in the target, bypassing the hub."""
    body: list[dict[str, Any]] = [{"key": str(pk), "title": "Changed elsewhere"} for pk in ids]
    headers = {"Authorization": f"Bearer {system.accounts['many']}"}
    requests.put(f"{system.url}/v1/products", json=body, headers=headers, timeout=30).raise_for_status()


def _memory() -> float:
    """The peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
