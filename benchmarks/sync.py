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
ROUNDS = 3
PARTS = 10
SHARDS = 4


def run(argv: list[str]) -> list[Figure]:
    """Export and import of unchanged items. Of exports the best of three rounds counts; pages of imports are parsed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--changed", type=int, default=1_000)
    options = parser.parse_args(argv)
    few, many, changed = options.products // PARTS, options.products, options.changed
    with start("rest", accounts={"erp": "token"}, contract="off") as system:
        small = sample_data.target(sample_data.catalog("small", few), system)
        large = sample_data.target(sample_data.catalog("large", many), system, shards=SHARDS)
        sample_data.mark_as_synced(small)
        sample_data.mark_as_synced(large)
        _, _, few_computed = _export(small)
        before = _memory()
        unchanged, seconds, computed = _export(large)
        grown = _memory() - before
        writes = _writes(system)
        assert unchanged.state == Run.State.DONE and unchanged.counters.get().unchanged == many

        ids = list(Product.objects.filter(seller__slug="large").order_by("pk").values_list("pk", flat=True))
        sample_data.change_unnoticed(large, ids[:: many // changed][:changed])
        sent, seconds_of_changed = sample_data.sync(large)
        assert sent.counters.get().updated == changed
        calls = _writes(system) - writes
    import_few, import_many = _Import("few", few), _Import("many", many)
    import_grown = _compare(import_few, import_many)
    import_ratio = import_many.computed / (import_few.computed / PARTS)
    expected = math.ceil(changed / BATCH_SIZE)
    return [
        Figure.at_most(f"remote writes, {many:,} unchanged", writes, "calls", 0),
        Figure.at_least("export, comparing", many / seconds, "items/s", 10_000),
        Figure.at_least("import, comparing", many / import_many.seconds, "items/s", 10_000),
        Figure("export, by CPU time", many / computed, "items/s"),
        Figure("import, by CPU time", many / import_many.computed, "items/s"),
        Figure.at_most(f"remote writes, {changed:,} changed, {SHARDS} lanes", calls, "calls", expected),
        Figure("duration of that sync", seconds_of_changed, "s"),
        Figure.at_most("export, 10 × the items, by CPU time", computed / few_computed, "× the time", 11),
        Figure.at_most("import, 10 × the items, by CPU time", import_ratio, "× the time", 11),
        Figure.at_most("additional memory of the large export", grown, "MiB", 32),
        Figure.at_most("additional memory of the large import", import_grown, "MiB", 32),
    ]


def _export(job: Job) -> tuple[Run, float, float]:
    """The last of three full runs; the seconds and the CPU seconds of the best."""
    seconds, computed = [], []
    for _ in range(ROUNDS):
        before = sample_data.cpu_seconds()
        run, duration = sample_data.sync(job)
        computed.append(sample_data.cpu_seconds() - before)
        seconds.append(duration)
    return run, min(seconds), min(computed)


class _Import:
    """The import of a catalog whose items are all known and unchanged."""

    def __init__(self, slug: str, number: int) -> None:
        seller = sample_data.catalog(f"import-{slug}", number)
        shop = make_connection(seller, platform="rest_shop", role="shop")
        job = add_job(connection=shop, direction=Direction.IMPORT, data_type=DataType.PRODUCTS, lane="catalog")
        run = Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON)
        self.seconds = self.computed = 0.0
        self.ids = list(Product.objects.filter(seller=seller).order_by("pk").values_list("pk", flat=True))
        self._context = import_context_for(job, run_id=run.pk, now=timezone.now())
        for first in range(0, number, 10_000):
            Link.objects.bulk_create(
                Link(
                    connection=shop,
                    kind=Kind.PRODUCT,
                    external_id=str(pk),
                    item_id=pk,
                    received_hash=content_hash(_record(pk)),
                )
                for pk in self.ids[first : first + 10_000]
            )

    def apply(self, ids: list[int]) -> None:
        """Apply pages of unchanged records, and add up the time."""
        for first in range(0, len(ids), PAGE):
            page = [_record(pk) for pk in ids[first : first + PAGE]]
            started, computed_before = perf_counter(), sample_data.cpu_seconds()
            with transaction.atomic():
                tally = apply_page(self._context, page)
            self.computed += sample_data.cpu_seconds() - computed_before
            self.seconds += perf_counter() - started
            assert tally.unchanged == len(page)


def _compare(few: _Import, many: _Import) -> float:
    """Apply the large catalog in parts, and the small one after each, so that both meet the same load of the machine.

    Returns the additional MiB.
    """
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE hub_link")
    for each in (few, many):  # the first update of a row after VACUUM costs more
        each.apply(each.ids)
        each.seconds = each.computed = 0.0
    before, size = _memory(), len(few.ids)
    for part in range(PARTS):
        many.apply(many.ids[part * size : (part + 1) * size])
        few.apply(few.ids)
    return _memory() - before


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
