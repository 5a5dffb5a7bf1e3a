"""Queries and processor time of the merchants' and operators' pages, with a million products and 100,000 issues."""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.test import Client

from accounts.models import Membership, Seller, User
from benchmarks.reporting import Figure
from benchmarks.sample_data import catalog, cpu_seconds
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction
from hub.models import Job
from synclog.services import log_for

# Of the types of issues; the sixth is a warning.
_CODES = (
    *("sku_missing", "price_missing", "weight_missing", "title_length", "options_missing", "value_cut"),
    *("rejected:a1", "rejected:b2", "not_sent:c3", "category_too_deep", "images_missing", "item_not_at_target"),
)
_REPEATS = 5
_MAX_QUERIES, _MAX_MILLISECONDS = 20, 150


def run(argv: list[str]) -> list[Figure]:
    """One seller has the whole catalog and half of the issues; the others share the rest. PostgreSQL's time counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5_000)
    parser.add_argument("--sellers", type=int, default=200)
    options = parser.parse_args(argv)
    started = perf_counter()
    heavy = catalog("heavy", options.products)
    jobs = [_connect(heavy)]
    sellers = Seller.objects.bulk_create(Seller(slug=f"s{n}", name=f"Seller {n}") for n in range(options.sellers - 1))
    with transaction.atomic():
        jobs += [_connect(seller) for seller in sellers]
    _add_issues(jobs[0], options.issues // 2)
    for job in jobs[1:]:
        _add_issues(job, options.issues // 2 // max(1, len(jobs) - 1))
    _add_runs(jobs[0], options.runs)
    with database.cursor() as cursor:
        # As autovacuum does soon; until then, index-only scans read the table too.
        cursor.execute("VACUUM ANALYZE synclog_issue")
        cursor.execute("ANALYZE")
    build_time = perf_counter() - started
    merchant = _client(heavy, "merchant@bench.example")
    operator = Client()
    operator.force_login(User.objects.create_user("operator@bench.example", is_staff=True, is_superuser=True))
    product = heavy.products.order_by("-pk").values_list("pk", flat=True)[0]
    pages = {
        "home": (merchant, "/s/heavy/"),
        "inbox": (merchant, "/s/heavy/issues/"),
        "issues of one cause": (merchant, "/s/heavy/issues/?cause=sku_missing"),
        "search by SKU": (merchant, "/s/heavy/search/?q=SKU-77"),
        "products": (merchant, "/s/heavy/products/"),
        "one product": (merchant, f"/s/heavy/products/{product}/"),
        "sync history": (merchant, "/s/heavy/runs/"),
        "console: home": (operator, "/admin/"),
        "console: issues": (operator, "/admin/synclog/issue/"),
        "console: search by SKU": (operator, "/admin/search/?q=SKU-77"),
    }
    figures = [figure for name, (client, address) in pages.items() for figure in _measure(name, client, address)]
    return [Figure("building the data", build_time, "s"), *figures]


def _client(seller: Seller, email: str) -> Client:
    person = User.objects.create_user(email)
    Membership.objects.create(user=person, seller=seller, role=Membership.Role.OWNER)
    client = Client()
    client.force_login(person)
    return client


def _connect(seller: Seller) -> Job:
    """A target of the seller; returns the export of its products."""
    connection = install_connection(
        seller=seller,
        platform="rest",
        name=f"ERP of {seller.slug}",
        slug=f"{seller.slug}-erp",
        base_url="http://127.0.0.1:9",
        credentials={"token": "t"},
        start=False,
    )
    return Job.objects.get(connection=connection, direction=Direction.EXPORT, data_type=DataType.PRODUCTS)


def _add_issues(job: Job, number: int) -> None:
    log = log_for(job=job, seller_id=job.connection.seller_id or 0)
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO synclog_issue (sync_log_id, seller_id, job_id, occurrences, opened_at, seen_at, external_id,
                kind, item_id, severity, code, cause, title, message, mend, link)
            SELECT %s, %s, %s, 1, now() - n * interval '1 minute', now() - n * interval '1 second', 'product:' || n,
                'product', n, CASE n %% 12 WHEN 5 THEN 'warning' ELSE 'error' END,
                split_part((%s::text[])[n %% 12 + 1], ':', 1), (%s::text[])[n %% 12 + 1], 'Product ' || n,
                'Something is wrong with product ' || n || '.', 'Correct the product in the shop.', ''
            FROM generate_series(1, %s) AS n
            """,
            [log.pk, log.seller_id, job.pk, list(_CODES), list(_CODES), number],
        )


def _add_runs(job: Job, number: int) -> None:
    """Incremental runs of the last four weeks, with a counter each."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO hub_run (job_id, scope, trigger, state, resend, created_at, started_at, finished_at, cursor,
                    api_calls, attempts, reason, met)
                SELECT %s, 'partial', 'schedule', CASE n %% 50 WHEN 0 THEN 'failed' ELSE 'done' END, false, at, at, at,
                    '{}', 3, 0, '', '{}'
                FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - (%s - n) * interval '8 minutes' AS at) AS time
                RETURNING id
            )
            INSERT INTO hub_runcounter (run_id, kind, read, created, updated, disabled, removed, unchanged, skipped,
                failed)
            SELECT id, 'product', 20, 1, 2, 0, 0, 17, 0, 0 FROM made
            """,
            [job.pk, number, number],
        )


class _Counter:
    """Counts statements; Django's own log of queries is emptied at the start of a request."""

    number = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.number += 1
        return execute(*arguments)


def _measure(name: str, client: Client, address: str) -> list[Figure]:
    """The median of several requests, and the statements of one, after one that fills the caches."""
    times = []
    counter = _Counter()
    client.get(address)
    with database.execute_wrapper(counter):
        response = client.get(address)
    if response.status_code != 200 and "/search/" not in address:
        raise RuntimeError(f"{address} answered {response.status_code}.")
    for _ in range(_REPEATS):
        before = cpu_seconds()
        client.get(address)
        times.append(1000 * (cpu_seconds() - before))
    return [
        Figure.at_most(f"{name}: queries", counter.number, "queries", _MAX_QUERIES),
        Figure.at_most(f"{name}: processor time", median(times), "ms", _MAX_MILLISECONDS),
    ]
