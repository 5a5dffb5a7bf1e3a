"""Schedules that follow the size of the catalogue (F3), as long as nobody has set one of their own."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from accounts.services import record
from catalog.models import Product
from connectors.contract import BySize
from connectors.registry import adapters
from hub.kinds import DataType
from hub.models import Connection, Job
from hub.services import set_schedules


def rule_of(job: Job) -> BySize | None:
    """What the job's platform says about sizes; None if it says nothing."""
    adapter = adapters().get(job.connection.platform)
    return adapter.schedules_by_size.get(DataType(job.data_type)) if adapter else None


def choose(rule: BySize, size: int, *, current: str = "") -> str:
    """The schedule for so many products. A catalogue that was large is small again only a tenth below the line."""
    line = rule.line * 9 // 10 if current == rule.above else rule.line
    return rule.below if size < line else rule.above


def sizes_of(connections: Iterable[Connection]) -> dict[int, int]:
    """How many live products each of these connections is about. One query."""
    wanted = {connection.pk: connection.seller_id for connection in connections}
    live = Product.objects.filter(status="live")
    if None not in wanted.values():
        live = live.filter(seller_id__in=set(wanted.values()))
    counts = dict(live.order_by().values_list("seller_id").annotate(Count("pk")))
    everything = sum(counts.values())
    return {pk: everything if seller_id is None else counts.get(seller_id, 0) for pk, seller_id in wanted.items()}


def look_at_sizes(*, now: datetime, job: Job | None = None) -> int:
    """Change the schedules of catalogues that have crossed the line, or of one; returns how many. Two at once do no
    harm."""
    following = Job.objects.filter(by_size=True, enabled=True).select_related("connection__seller")
    if job is not None:
        following = following.filter(pk=job.pk)
    ruled = [(each, rule) for each in following if (rule := rule_of(each)) is not None]
    sizes = sizes_of(each.connection for each, _ in ruled)
    return sum(_follow(each, rule, size=sizes[each.connection_id], now=now) for each, rule in ruled)


@transaction.atomic
def _follow(job: Job, rule: BySize, *, size: int, now: datetime) -> bool:
    """False if the job has the schedule for its size, or a person has set one meanwhile."""
    wanted = choose(rule, size, current=job.full_schedule)
    unedited = Job.objects.filter(pk=job.pk, by_size=True, full_schedule=job.full_schedule)
    if wanted == job.full_schedule or not unedited.update(full_schedule=wanted):
        return False
    job.full_schedule = wanted
    set_schedules(job=job, now=now)
    seller = job.connection.seller
    record(user=None, action="job.schedule", target=job, seller=seller, full_schedule=wanted, products=size)
    return True
