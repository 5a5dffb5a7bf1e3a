"""Helpers for tests of previews and comparisons: run a check, edit the target directly, read the results."""

from collections import Counter
from typing import Any

import requests

from catalog.models import Price, PriceList, Product, Variant
from hub.models import Connection, Run, RunItem
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.products import products_job
from tests.engine.worker import work_until_idle


def run_check(connection: Connection, scope: str) -> Run:
    """Run a preview or a comparison of the products to its end."""
    run, started = start_run(job=products_job(connection), scope=scope, trigger="button")
    assert started
    work_until_idle()
    run.refresh_from_db()
    return run


def edit_at_target(platform: SandboxProcess, method: str, items: list[Any]) -> None:
    """Write to the target directly, without the hub."""
    [token] = platform.accounts.values()
    address, headers = f"{platform.url}/v1/products", {"Authorization": f"Bearer {token}"}
    requests.request(method, address, json=items, headers=headers, timeout=60).raise_for_status()


def verdicts(run: Run) -> dict[str, set[str]]:
    """Verdict → the items with it: the hub's IDs or, for unknown items, the target's IDs."""
    found: dict[str, set[str]] = {}
    for item in run.items.all():
        found.setdefault(item.verdict, set()).add(str(item.item_id or item.external_id))
    return found


def counts(run: Run) -> Counter[str]:
    """The run's counters that are not zero, for all kinds."""
    names = ("read", "created", "updated", "disabled", "removed", "unchanged", "skipped", "failed")
    total: Counter[str] = Counter()
    for counter in run.counters.all():
        total.update({name: getattr(counter, name) for name in names})
    return +total


def written(platform: SandboxProcess) -> list[dict[str, Any]]:
    """Return the calls that could have changed something at the target."""
    return [call for call in platform.calls() if call["method"] in ("PUT", "DELETE")]


def item(run: Run, verdict: str) -> RunItem:
    return run.items.get(verdict=verdict)


def give_prices(products: list[Product]) -> None:
    """Some targets reject products without a price."""
    seller = products[0].seller
    prices = PriceList.objects.create(seller=seller, slug="retail", name="Retail", currency="EUR")
    Price.objects.bulk_create(
        Price(seller=seller, price_list=prices, variant=variant, amount=10)
        for variant in Variant.objects.filter(product__in=products)
    )
