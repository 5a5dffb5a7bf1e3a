"""Counts the calls that 1,000 products take: `.venv/bin/python -m tests.adapters.call_counts`.

It calls the simulated platforms and prints a line for each data type of each platform, or of those that are named. The
figures stand on the platforms' pages in docs/platforms/. A product has one variant. Targets get new products, then
stock and prices of these. The time is ours and the simulated platform's on one machine; at a vendor, its answers and
its rate limit take longer.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import django

if __name__ == "__main__":  # the rest needs the applications
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    os.environ.setdefault("ENVIRONMENT", "development")
    django.setup()

from connectors.adapters.registry import adapter_for
from connectors.sdk.adapter import Adapter
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess, start
from tests.adapters.cases import CASES, Case, adapter_of
from tests.adapters.samples import product, variant
from tests.adapters.writing import write

NUMBER = 1000
READ = (DataType.PRODUCTS, DataType.STOCK)
WRITTEN = (DataType.PRODUCTS, DataType.STOCK, DataType.PRICES)


def main(names: list[str]) -> None:
    for key, case in CASES.items():
        if not names or key in names:
            _measure(key, case)


def _measure(key: str, case: Case) -> None:
    options = case.options | {"products": NUMBER, "customers": 0, "orders": 0}
    options = {name: value for name, value in options.items() if name in case.options or name == "quota"}
    with start(case.sandbox, accounts=dict([case.account]), **options) as process:
        adapter = adapter_of(key, process, **_defaults(key, case))
        for data_type in (each for each in READ if each in adapter.sources()):
            _report(key, "read", data_type, process, partial(_read, adapter, data_type))
        links: dict[tuple[str, int], str] = {}
        for data_type in (each for each in WRITTEN if each in adapter.targets()):
            _report(key, "write", data_type, process, partial(_write, adapter, data_type, links))
        adapter.http.close()


def _defaults(key: str, case: Case) -> dict[str, Any]:
    """The settings that a connection has, where the tests' are smaller."""
    fields = adapter_for(key).Settings.model_fields
    return {"page_size": fields["page_size"].default} if "page_size" in case.settings else {}


def _report(key: str, action: str, data_type: DataType, process: SandboxProcess, work: Any) -> None:
    process.clear_calls()
    started = monotonic()
    items = work()
    seconds = monotonic() - started
    calls = len(process.calls())
    print(f"{key:22} {action:6} {data_type:10} {items:6} items {calls:6} calls {seconds:7.1f} s", flush=True)


def _read(adapter: Adapter[Any], data_type: DataType) -> int:
    cursor, count = None, 0
    while True:
        page = adapter.source(data_type).read_page(since=None, cursor=cursor)
        count, cursor = count + len(page.records), page.cursor
        if cursor is None:
            return count


def _write(adapter: Adapter[Any], data_type: DataType, links: dict[tuple[str, int], str]) -> int:
    target = adapter.target(data_type)
    products = [
        product(n, title=f"Lamp {n}", variants=[variant(n, n, sku=f"NEW-{n}", options=[])], images=[])
        for n in range(10_000, 10_000 + NUMBER)
    ]
    items: list[Any] = products if data_type == DataType.PRODUCTS else [v for each in products for v in each.variants]
    refs = References(links)
    payloads = [(item, target.payload(item, refs)) for item in items]
    operations = [Operation(Action.CREATE, item.id, "", payload) for item, payload in payloads if payload is not None]
    size = len(operations) if isinstance(target, FeedTarget) else target.batch_size
    done = 0
    with TemporaryDirectory() as folder:
        for begin in range(0, len(operations), size):
            batch = [replace(each) for each in operations[begin : begin + size]]
            for operation, outcome in zip(batch, write(adapter, data_type, batch, Path(folder)), strict=True):
                done += outcome.error is None
                links |= {(kind, pk): number for (kind, pk), number in outcome.links.items()}
                if data_type == DataType.PRODUCTS and outcome.external_id:
                    links[Kind.PRODUCT, operation.item_id] = outcome.external_id
    return done


if __name__ == "__main__":
    main(sys.argv[1:])
