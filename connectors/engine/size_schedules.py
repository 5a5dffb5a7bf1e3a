"""Automatic schedules by catalog size (F3), for jobs whose schedule was not set manually."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from accounts.services import record_audit_event
from catalog.models import Product
from connectors.adapters.registry import adapters
from connectors.sdk.streams import SizeSchedules, Stream
from hub.kinds import DataType, Direction
from hub.models import Connection, Job
from hub.services import add_job, recompute_next_runs


def size_rule(job: Job) -> SizeSchedules | None:
    """The size rule of the job's stream; None if it has none."""
    adapter = adapters().get(job.connection.platform)
    if adapter is None:
        return None
    streams: Mapping[DataType, type[Stream[Any]]] = (
        adapter.sources() if job.direction == Direction.IMPORT else adapter.targets()
    )
    stream = streams.get(DataType(job.data_type))
    return stream.full_schedule if stream and isinstance(stream.full_schedule, SizeSchedules) else None


def first_schedule(connection: Connection, schedule: str | SizeSchedules) -> str:
    """The full schedule of a new job."""
    if isinstance(schedule, str):
        return schedule
    return choose_schedule(schedule, catalog_sizes([connection])[connection.pk])


def choose_schedule(rule: SizeSchedules, size: int, *, current: str = "") -> str:
    """The schedule for `size` products. A large catalog counts as small again only 10% below the threshold."""
    threshold = rule.threshold * 9 // 10 if current == rule.above else rule.threshold
    return rule.below if size < threshold else rule.above


def catalog_sizes(connections: Iterable[Connection]) -> dict[int, int]:
    """Connection ID → number of live products that it covers. One query."""
    wanted = {connection.pk: connection.seller_id for connection in connections}
    live = Product.objects.filter(status="live")
    if None not in wanted.values():
        live = live.filter(seller_id__in=set(wanted.values()))
    counts = dict(live.order_by().values_list("seller_id").annotate(Count("pk")))
    total = sum(counts.values())
    return {pk: total if seller_id is None else counts.get(seller_id, 0) for pk, seller_id in wanted.items()}


def update_size_schedules(*, now: datetime, job: Job | None = None) -> int:
    """Change the schedules of all jobs, or of one job, whose catalog has crossed the threshold. Returns the number of
    changed jobs. Safe to run concurrently."""
    size_scheduled_jobs = Job.objects.filter(by_size=True, enabled=True).select_related("connection__seller")
    if job is not None:
        size_scheduled_jobs = size_scheduled_jobs.filter(pk=job.pk)
    jobs_with_rules = [(each, rule) for each in size_scheduled_jobs if (rule := size_rule(each)) is not None]
    sizes = catalog_sizes(each.connection for each, _ in jobs_with_rules)
    return sum(_apply_rule(each, rule, size=sizes[each.connection_id], now=now) for each, rule in jobs_with_rules)


def add_stock_imports(*, now: datetime) -> int:
    """Add the import of stock to connections that import products, and that were installed before there was one (C7).
    Returns the number of jobs added. Safe to run concurrently."""
    added = 0
    platforms = [key for key, adapter in adapters().items() if DataType.STOCK in adapter.sources()]
    imports = Job.objects.filter(direction=Direction.IMPORT, connection__platform__in=platforms)
    known = imports.filter(data_type=DataType.STOCK).values("connection")
    for job in imports.filter(data_type=DataType.PRODUCTS).exclude(connection__in=known).select_related("connection"):
        stream = adapters()[job.connection.platform].sources()[DataType.STOCK]
        add_job(
            connection=job.connection,
            direction=Direction.IMPORT,
            data_type=DataType.STOCK,
            lane=stream.lane,
            full_schedule=first_schedule(job.connection, stream.full_schedule),
            by_size=isinstance(stream.full_schedule, SizeSchedules),
            now=now,
        )
        added += 1
    return added


@transaction.atomic
def _apply_rule(job: Job, rule: SizeSchedules, *, size: int, now: datetime) -> bool:
    """False if the job already has the right schedule, or if a person has changed it in the meantime."""
    wanted = choose_schedule(rule, size, current=job.full_schedule)
    unedited = Job.objects.filter(pk=job.pk, by_size=True, full_schedule=job.full_schedule)
    if wanted == job.full_schedule or not unedited.update(full_schedule=wanted):
        return False
    job.full_schedule = wanted
    recompute_next_runs(job=job, now=now)
    seller = job.connection.seller
    record_audit_event(user=None, action="job.schedule", target=job, seller=seller, full_schedule=wanted, products=size)
    return True
