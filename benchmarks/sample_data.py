"""Not a benchmark: sample data for several benchmarks, a seller's catalog and a custom system as its target."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from django.db import connection as database

from accounts.models import Seller
from catalog.models import Product
from connectors.engine.exporting import config_hash
from connectors.engine.turn_loop import serve_one_lane
from connectors.services.connections import install_connection
from hub import lanes
from hub.models import Change, Job, JobState, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.factories import make_seller


def catalog(slug: str, number: int) -> Seller:
    """Creates a seller with this number of products, with one variant each."""
    seller = make_seller(slug)
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO catalog_product (seller_id, title, slug, description, product_type, status, attributes,
                                             revision, created_at, updated_at)
                SELECT %s, 'Product ' || n, 'product-' || n, repeat('A plain product. ', 10), '', 'live', '{}', n,
                       now(), now()
                FROM generate_series(1, %s) AS n RETURNING id, revision
            )
            INSERT INTO catalog_variant (seller_id, product_id, sku, barcode, weight_in_grams, position,
                                         cart_image_url, options, status, settings, updated_at)
            SELECT %s, id, 'SKU-' || revision, '', 100, 0, '', '[]', 'live', '{}', now() FROM made
            """,
            [seller.pk, number, seller.pk],
        )
        cursor.execute("ANALYZE catalog_product, catalog_variant")
    return seller


def target(seller: Seller, system: SandboxProcess, *, shards: int = 1, account: str = "erp") -> Job:
    """Creates the job that exports the seller's products to the system, in this number of lanes."""
    connection = install_connection(
        seller=seller,
        platform="rest",
        name=f"ERP of {seller.slug}",
        slug=f"{seller.slug}-erp",
        base_url=system.url,
        credentials={"token": system.accounts[account]},
        start=False,
    )
    connection.jobs.exclude(direction="export", data_type="products").update(enabled=False)
    job = Job.objects.select_related("connection__seller").get(connection=connection, data_type="products")
    job.lane_ids = job.lane_ids[:shards]
    job.save(update_fields=["lane_ids"])
    return job


def mark_as_synced(job: Job) -> None:
    """Links every product with its revision in the target, as after a first full sync."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hub_link (connection_id, kind, external_id, item_id, missing, sent_hash, sent_revision, sent_at)
            SELECT %s, 'product', id::text, id, false, '\\x00', revision, now()
            FROM catalog_product WHERE seller_id = %s
            """,
            [job.connection_id, job.connection.seller_id],
        )
        cursor.execute("ANALYZE hub_link")
    JobState.objects.filter(job=job).update(config_hash=config_hash(job))


def cpu_seconds() -> float:
    """The CPU seconds of this process and its PostgreSQL backend so far, which do not depend on the machine's load.

    Without Linux, those of this process only.
    """
    database.ensure_connection()
    backend = Path(f"/proc/{database.connection.info.backend_pid}/schedstat")
    # In nanoseconds, whereas `stat` has steps of 10 ms, which is as long as a page of an import takes.
    return process_time() + (int(backend.read_text().split()[0]) / 1e9 if backend.exists() else 0)


def sync(job: Job) -> tuple[Run, float]:
    """Performs a full run in this process; returns the run and its duration in seconds."""
    started = perf_counter()
    run, _ = start_run(job=job, trigger="button")
    work(lambda: not Run.objects.filter(pk=run.pk, state__in=Run.OPEN).exists())
    run.refresh_from_db()
    return run, perf_counter() - started


def work(finished: Callable[[], bool]) -> None:
    while not finished():
        if not serve_one_lane():
            lanes.sweep()


def change_unnoticed(job: Job, ids: list[int]) -> None:
    """Changes products without enqueuing them, so that only the next full run finds the changes."""
    Product.objects.filter(pk__in=ids).update(title="Revised", revision=10**9)
    assert not Change.objects.filter(job=job).exists()
