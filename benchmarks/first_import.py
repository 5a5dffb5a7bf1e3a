"""The first import of a catalog: products with two variants, price, stock and an image, beside a bare COPY."""

import argparse
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog import services as catalog
from catalog.records import (
    BrandRecord,
    CategoryRecord,
    ImageRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
    VariantRecord,
)
from connectors.engine.applying import apply_page, import_context_for
from hub.kinds import DataType, Direction
from hub.models import Job, Run
from hub.services import add_job
from hub.statistics import refresh_statistics
from tests.factories import make_connection, make_seller

PAGE = 250
TABLES = (
    "catalog_product", "catalog_productcategory", "catalog_variant", "catalog_price", "catalog_stock", "catalog_image",
    "catalog_feedposition", "hub_link", "hub_linkpayload", "synclog_itemstatus", "synclog_itemevent",
)  # fmt: skip


def run(argv: list[str]) -> list[Figure]:
    """Import a small catalog, then one with ten times the products, each for a seller of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true", help="print where the time of the large import goes")
    options = parser.parse_args(argv)
    many, few = options.products, options.products // 10
    small, _ = _import("small", few)
    if options.profile:
        import cProfile
        import pstats

        profile = cProfile.Profile()
        profile.enable()
        large, seconds = _import("large", many)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    else:
        large, seconds = _import("large", many)
    copied = _copy_rows()
    return [
        Figure("processor time, small catalog", small / few * 1000, "ms/product"),
        Figure.at_most("processor time, large catalog", large / many * 1000, "ms/product", 2),
        Figure.at_most("10 × the products", large / small, "× the time", 11),
        Figure("duration of the large import", seconds, "s"),
        Figure("processor time : bare COPY of the rows", (small + large) / copied, "×"),
    ]


def _import(name: str, number: int) -> tuple[float, float]:
    """Processor seconds and seconds."""
    seller = make_seller(name)
    shop = make_connection(seller, platform="rest_shop", role="shop")
    catalog.ensure_price_list(connection=shop, slug=name, name=name)
    jobs = {
        data_type: add_job(connection=shop, direction=Direction.IMPORT, data_type=data_type, lane=str(data_type))
        for data_type in (DataType.BRANDS, DataType.CATEGORIES, DataType.PRODUCTS)
    }
    _apply(jobs[DataType.BRANDS], [[BrandRecord(external_id=str(n), name=f"Brand {n}") for n in range(20)]])
    _apply(jobs[DataType.CATEGORIES], [[CategoryRecord(external_id=str(n), name=f"Category {n}") for n in range(50)]])
    pages = ([_record(name, n) for n in range(first, first + PAGE)] for first in range(0, number, PAGE))
    return _apply(jobs[DataType.PRODUCTS], pages)


def _apply(job: Job, pages: Iterable[Sequence[object]]) -> tuple[float, float]:
    run = Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON)
    context = import_context_for(job, run_id=run.pk, now=timezone.now())
    computed = seconds = 0.0
    for number, page in enumerate(pages, start=1):
        started, before = perf_counter(), sample_data.cpu_seconds()
        with transaction.atomic():
            apply_page(context, page)  # type: ignore[arg-type]  # records of one type
        refresh_statistics(pages=number)
        computed += sample_data.cpu_seconds() - before
        seconds += perf_counter() - started
    return computed, seconds


def _record(prefix: str, n: int) -> ProductRecord:
    return ProductRecord(
        external_id=str(n),
        title=f"Product {n}",
        slug=f"product-{n}",
        description="A plain product. " * 10,
        brand_id=str(n % 20),
        category_ids=[str(n % 50), str((n + 1) % 50)],
        raw={"id": n, "name": f"Product {n}", "description": "A plain product. " * 10},
        images=[ImageRecord(external_id=str(n), url=f"https://cdn.example/{prefix}/{n}.jpg")],
        variants=[
            VariantRecord(
                external_id=f"{n}-{size}",
                sku=f"{prefix}-{n}-{size}",
                position=position,
                weight_in_grams=Decimal(500),
                options=[{"name": "Size", "value": size}],
                price=PriceRecord(amount=Decimal(n % 90 + 10)),
                stock=[StockRecord(quantity=Decimal(n % 50))],
            )
            for position, size in enumerate("SM")
        ],
    )


def _copy_rows() -> float:
    """Processor seconds of a COPY of all rows into tables with the same indexes, without triggers and foreign keys."""
    computed = 0.0
    with connection.cursor() as cursor:
        for table in TABLES:
            text = io.StringIO()
            cursor.copy_expert(f"COPY {table} TO STDOUT", text)
            cursor.execute(f"CREATE TEMPORARY TABLE bare_{table} (LIKE {table} INCLUDING INDEXES)")
            text.seek(0)
            before = sample_data.cpu_seconds()
            cursor.copy_expert(f"COPY bare_{table} FROM STDIN", text)
            computed += sample_data.cpu_seconds() - before
    return computed
