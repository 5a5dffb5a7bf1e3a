"""Order lines whose product is not here: reported, and assigned when the product comes, from whatever source (C2).

A source may name the variant of a line by its ID (`references`) or, such as an OMS, only by SKU. Lines of orders that
are done are left alone: their products may never come.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from catalog.models import Variant
from catalog.records import ProductRecord
from connectors.engine.applying.context import REFERENCES_SUFFIX, ImportContext, WriteResult
from connectors.engine.platforms import platform_names
from connectors.sdk import issues
from hub import links
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job
from hub.records import Problem
from orders import services as orders
from orders.queries import OPEN_STATUSES, WITHOUT_VARIANT, UnknownLine, lines_without_variant, orders_without_variants
from orders.records import OrderRecord
from synclog import services as synclog

MAX_SKUS = 10
_BATCH = 500


def ref(external_id: str) -> str:
    """The ID of the issue of an order."""
    return f"{Kind.ORDER}:{external_id}{REFERENCES_SUFFIX}"


def find_problems(
    context: ImportContext, records: Sequence[OrderRecord], known: Mapping[str, Collection[str]]
) -> dict[str, list[Problem]]:
    """Order → its problem, for open orders with lines that are not among those `known` of it (all external IDs)."""
    unknown = {}
    for record in records:
        if record.status in OPEN_STATUSES and (skus := _unknown_skus(record, known[record.external_id])):
            unknown[record.external_id] = [_problem(skus, ref(record.external_id))]
    return unknown if unknown and _all_products_were_read(context.seller_id) else {}


def _unknown_skus(record: OrderRecord, known: Collection[str]) -> list[str]:
    return [
        line.sku
        for line in record.lines
        if line.sku and line.external_id not in known and line.kind not in WITHOUT_VARIANT
    ]


def assign(context: ImportContext, written: Sequence[WriteResult]) -> None:
    """Give the variants of these products to the lines that have their SKUs."""
    skus = {
        variant.sku
        for result in written
        if isinstance(result.record, ProductRecord)
        for variant in result.record.variants or ()
        if variant.sku
    }
    waiting = lines_without_variant(seller_id=context.seller_id, skus=skus) if skus else []
    if not waiting:
        return
    rows = Variant.objects.filter(
        seller=context.seller_id, sku__in={line.sku for line in waiting}, status__in=("live", "suspended")
    )
    variants = dict(rows.values_list("sku", "pk"))
    found = {line.line_id: variants[line.sku] for line in waiting if line.sku in variants}
    orders.assign_variants(seller_id=context.seller_id, variants=found, origin=context.connection_id, now=context.now)
    resolve(context, {line.order_id: line.source_id for line in waiting})


def resolve(context: ImportContext, sources: Mapping[int, int | None]) -> None:
    """Resolve the issues of those orders that have no unknown lines left. `sources`: order → its source."""
    left = lines_without_variant(seller_id=context.seller_id, order_ids=sources.keys())
    done = sources.keys() - {line.order_id for line in left}
    by_source: dict[int, set[int]] = defaultdict(set)
    for order_id in done:
        if (source := sources[order_id]) is not None:
            by_source[source].add(order_id)
    for job in _order_jobs(by_source):
        ids = links.external_ids(job.connection_id, {(Kind.ORDER, pk) for pk in by_source[job.connection_id]})
        synclog.resolve_by_external_ids(
            log=synclog.log_for(job=job, seller_id=context.seller_id),
            external_ids=[ref(external_id) for external_id in ids.values()],
            now=context.now,
        )


def report(context: ImportContext) -> None:
    """After a full read of products or orders: an issue for each open order with lines whose product is not here."""
    if context.job.data_type not in (DataType.PRODUCTS, DataType.ORDERS):
        return
    if not _all_products_were_read(context.seller_id, except_for=context.job):
        return
    waiting = orders_without_variants(seller_id=context.seller_id)
    for start in range(0, len(waiting), _BATCH):
        _report(context, waiting[start : start + _BATCH])


def _report(context: ImportContext, order_ids: Collection[int]) -> None:
    by_source: dict[int, dict[int, list[UnknownLine]]] = defaultdict(lambda: defaultdict(list))
    for line in lines_without_variant(seller_id=context.seller_id, order_ids=order_ids):
        if line.source_id is not None:
            by_source[line.source_id][line.order_id].append(line)
    for job in _order_jobs(by_source):
        found = by_source[job.connection_id]
        ids = links.external_ids(job.connection_id, {(Kind.ORDER, pk) for pk in found})
        drafts = [
            synclog.issue_draft(
                ref=ref(external_id),
                problems=[_problem([line.sku for line in found[order_id]], "")],
                kind=Kind.ORDER,
                item_id=order_id,
                title=found[order_id][0].number,
                **platform_names(job),
            )
            for (_, order_id), external_id in ids.items()
        ]
        log = synclog.log_for(job=job, seller_id=context.seller_id)
        synclog.upsert_issues(log=log, job=job, drafts=drafts, now=context.now)


def _problem(skus: Sequence[str], issue: str) -> Problem:
    shown = list(dict.fromkeys(skus))
    more = ["…"] * (len(shown) > MAX_SKUS)
    return issues.LINE_VARIANT_UNKNOWN(skus=", ".join([*shown[:MAX_SKUS], *more]), ref=issue)


def _order_jobs(connections: Collection[int]) -> list[Job]:
    rows = Job.objects.filter(connection__in=connections, direction=Direction.IMPORT, data_type=DataType.ORDERS)
    return list(rows.select_related("connection"))


def _all_products_were_read(seller_id: int, *, except_for: Job | None = None) -> bool:
    """Whether the seller imports products, and all of them have been read once. Until then, any could be missing."""
    reading = Job.objects.filter(
        connection__seller=seller_id, direction=Direction.IMPORT, data_type=DataType.PRODUCTS, enabled=True
    ).exclude(connection__state=Connection.State.UNINSTALLED)
    unread = reading.filter(state__last_full_sync_at=None)
    return reading.exists() and not unread.exclude(pk=except_for.pk if except_for else 0).exists()
