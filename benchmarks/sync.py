"""A full sync of a large catalog: unchanged, with 1,000 changes, and the import without network access."""

import argparse
import math
import resource
from decimal import Decimal
from time import perf_counter

from django.db import connection, transaction
from django.utils import timezone

from benchmarks import sample_data
from benchmarks.reporting import Figure
from catalog.models import Product
from catalog.records import PriceRecord, ProductRecord, VariantRecord
from connectors.engine.applying import apply_page, content_hash, import_context_for
from connectors.platforms.rest.client import BATCH_SIZE
from hub.kinds import DataType, Direction, Kind
from hub.models import Job, Link, Run
from hub.services import add_job
from sandbox.process import SandboxProcess, start
from tests.factories import make_connection

PAGE = 250
SHARDS = 4


def run(argv: list[str]) -> list[Figure]:
    """Export and import of unchanged items; the best of three rounds counts. Import pages are parsed in advance."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    options = parser.parse_args(argv)
    few, many, changed = options.products // 10, options.products, options.changed
    with start("rest", accounts={"erp": "token"}, contract="off") as system:
        small = sample_data.target(sample_data.catalog("small", few), system)
        large = sample_data.target(sample_data.catalog("large", many), system, shards=SHARDS)
        sample_data.mark_as_synced(small)
        sample_data.mark_as_synced(large)
        _, seconds_of_few = min((sample_data.sync(small) for _ in range(3)), key=lambda timed: timed[1])
        before, computed = _memory(), sample_data.cpu_seconds()
        unchanged, seconds_of_many = sample_data.sync(large)
        grown, computed = _memory() - before, sample_data.cpu_seconds() - computed
        seconds_of_many = min(seconds_of_many, *(sample_data.sync(large)[1] for _ in range(2)))
        writes = _writes(system)
        assert unchanged.state == Run.State.DONE and unchanged.counters.get().unchanged == many

        ids = list(Product.objects.filter(seller__slug="large").order_by("pk").values_list("pk", flat=True))
        sample_data.change_unnoticed(large, ids[:: many // changed][:changed])
        sent, seconds_of_changed = sample_data.sync(large)
        assert sent.counters.get().updated == changed
        calls = _writes(system) - writes
    import_few, few_computed, _ = _import(few, "few")
    import_many, many_computed, import_grown = _import(many, "many")
    expected = math.ceil(changed / BATCH_SIZE)
    return [
        Figure.at_most(f"remote writes, {many:,} unchanged", writes, "calls", 0),
        Figure.at_least("export, comparing", many / seconds_of_many, "items/s", 10_000),
        Figure.at_least("import, comparing", many / import_many, "items/s", 10_000),
        Figure("export, by CPU time", many / computed, "items/s"),
        Figure("import, by CPU time", many / many_computed, "items/s"),
        Figure.at_most(f"remote writes, {changed:,} changed, {SHARDS} lanes", calls, "calls", expected),
        Figure("duration of that sync", seconds_of_changed, "s"),
        Figure.at_most("export, 10 × the items", seconds_of_many / seconds_of_few, "× the time", 11),
        Figure.at_most("import, 10 × the items", import_many / import_few, "× the time", 11),
        Figure("import, 10 × the items, by CPU time", many_computed / few_computed, "× the time"),
        Figure.at_most("additional memory of the large export", grown, "MiB", 32),
        Figure.at_most("additional memory of the large import", import_grown, "MiB", 32),
    ]


def _import(number: int, slug: str) -> tuple[float, float, float]:
    """The seconds, CPU seconds and additional MiB to apply pages of unchanged records."""
    seller = sample_data.catalog(f"import-{slug}", number)
    shop = make_connection(seller, platform="rest_shop", role="shop")
    job = add_job(connection=shop, direction=Direction.IMPORT, data_type=DataType.PRODUCTS, lane="catalog")
    running = Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON)
    ids = list(Product.objects.filter(seller=seller).order_by("pk").values_list("pk", flat=True))
    for first in range(0, number, 10_000):
        Link.objects.bulk_create(
            Link(
                connection=shop,
                kind=Kind.PRODUCT,
                external_id=str(pk),
                item_id=pk,
                received_hash=content_hash(_record(pk)),
            )
            for pk in ids[first : first + 10_000]
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE hub_link")
    before = _memory()
    seconds, computed = zip(*(_apply_all(job, running, ids) for _ in range(3)), strict=True)
    return min(seconds), min(computed), _memory() - before


def _apply_all(job: Job, running: Run, ids: list[int]) -> tuple[float, float]:
    target = import_context_for(job, run_id=running.pk, now=timezone.now())
    seconds, computed = 0.0, 0.0
    for first in range(0, len(ids), PAGE):
        page = [_record(pk) for pk in ids[first : first + PAGE]]
        started, computed_before = perf_counter(), sample_data.cpu_seconds()
        with transaction.atomic():
            tally = apply_page(target, page)
        computed += sample_data.cpu_seconds() - computed_before
        seconds += perf_counter() - started
        assert tally.unchanged == len(page)
    return seconds, computed


def _record(pk: int) -> ProductRecord:
    """A product with two variants, as imported from a shop's page."""
    return ProductRecord(
        external_id=str(pk),
        title=f"Product {pk}",
        description="A plain product. " * 10,
        variants=[
            VariantRecord(external_id=f"{pk}-{n}", sku=f"SKU-{pk}-{n}", price=PriceRecord(amount=Decimal(pk)))
            for n in (1, 2)
        ],
    )


def _writes(system: SandboxProcess) -> int:
    return sum(call["method"] != "GET" for call in system.calls())


def _memory() -> float:
    """The peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
