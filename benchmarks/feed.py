"""Outgoing feeds of a large catalog: full as JSON Lines and XML, gzipped, paged, and without changes."""

import argparse
import os
import socket
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import requests
from django.db import connection as database

from accounts.services import create_api_key
from benchmarks import sample_data
from benchmarks.reporting import Figure
from synccenter import roles
from synccenter.processes import Processes

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
POLLS = 200
_FILL = """
INSERT INTO catalog_variant (seller_id, product_id, sku, barcode, weight_in_grams, position, cart_image_url, options,
                             status, settings, updated_at)
SELECT seller_id, product_id, sku || '-L', '', 120, 1, '', '[{"name": "Size", "value": "L"}]', 'live', '{}', now()
FROM catalog_variant;
WITH list AS (
    INSERT INTO catalog_pricelist (seller_id, slug, name, currency)
    SELECT id, 'shop-price', 'Shop Price', 'EUR' FROM accounts_seller RETURNING id, seller_id
)
INSERT INTO catalog_price (seller_id, price_list_id, variant_id, min_quantity, amount)
SELECT seller_id, list.id, variant.id, 1, 10 + variant.id % 90 + 0.95
FROM list JOIN catalog_variant AS variant USING (seller_id);
VACUUM ANALYZE
"""


def run(argv: list[str]) -> list[Figure]:
    """Fetches over HTTP from one real web server process; the best of three rounds counts.

    Products have two variants with a price each. The client reads the raw bytes and does not decompress them.
    """
    parser = argparse.ArgumentParser(prog="./dev bench feed")
    parser.add_argument("--groups", type=int, default=100_000)
    options = parser.parse_args(argv)
    seller = sample_data.catalog("seller", options.groups)
    with database.cursor() as cursor:
        for statement in _FILL.split(";"):
            cursor.execute(statement)
    _, key = create_api_key(name="bench", scopes=["feeds:read"], seller=seller)
    with Processes() as processes, requests.Session() as session:
        session.headers.update({"Authorization": f"Bearer {key}", "Accept-Encoding": "gzip"})
        address = f"{_serve(processes)}/api/v1/feeds/products"
        figures = []
        for form, name in (("jsonl", "JSON Lines"), ("xml", "XML")):
            fetch = lambda form=form: _full_feed(session, f"{address}/full?format={form}")  # noqa: E731 (bound to its form)
            seconds = min(_seconds(fetch) for _ in range(ROUNDS))
            figures.append(Figure.at_least(f"full feed, {name}, gzip", options.groups / seconds, "groups/s", 10_000))
        cursor_at_end, seconds = _paged(session, address, options.groups)
        figures.append(Figure.at_least("in pages of 1,000, gzip", options.groups / seconds, "groups/s", 10_000))
        poll = lambda: session.get(address, params={"cursor": cursor_at_end}, timeout=60)  # noqa: E731
        waits = sorted(_seconds(poll) for _ in range(POLLS))
        return [
            *figures,
            Figure("no changes since the cursor, p50", statistics.median(waits) * 1000, "ms"),
            Figure.at_most("memory of the web server process", _peak(processes.pid("web")), "MiB", 150),
        ]


def _serve(processes: Processes) -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    processes.start("web", roles.web(port=port, workers=1), dict(os.environ), cwd=ROOT)
    processes.wait_for("web", "Listening at", timeout=120)
    return f"http://127.0.0.1:{port}"


def _seconds(action: Callable[[], object]) -> float:
    started = perf_counter()
    action()
    return perf_counter() - started


def _full_feed(session: requests.Session, address: str) -> int:
    with session.get(address, stream=True, timeout=60) as answer:
        assert answer.headers["Content-Encoding"] == "gzip", answer.text
        return sum(len(piece) for piece in answer.raw.stream(1 << 16, decode_content=False))


def _paged(session: requests.Session, address: str, expected: int) -> tuple[str, float]:
    """The final cursor, and the seconds to reach it."""
    cursor = ""
    met, more, seconds = 0, True, 0.0
    while more:
        started = perf_counter()
        answer = session.get(address, params={"cursor": cursor, "limit": "1000"}, timeout=60)
        seconds += perf_counter() - started
        page = answer.json()
        met += len(page["items"])
        cursor, more = page["next"], page["more"]
    assert met == expected, (met, expected)
    return cursor, seconds


def _peak(pid: int) -> float:
    """The highest peak memory of the server and its child processes, in MiB. Linux only."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]
    return max(_high_water(each) for each in (pid, *children))


def _high_water(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
