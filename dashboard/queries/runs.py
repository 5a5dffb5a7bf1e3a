"""Sync history: the runs of a seller's jobs, their counters and logs (B8, B10)."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from accounts.models import Seller
from connectors.models import FeedImport
from dashboard.keyset import Keyset, Page
from hub.models import Job, Run, RunLogLine


def runs(*, seller: Seller) -> QuerySet[Run]:
    """All runs of the seller's own connections, newest first."""
    own_runs = Run.objects.filter(job__connection__seller=seller)
    return own_runs.select_related("job__connection", "started_by").prefetch_related("counters").order_by("-id")


def run_page(
    *,
    seller: Seller,
    keyset: Keyset,
    connection: str = "",
    data_type: str = "",
    state: str = "",
    scope: str = "",
) -> Page[Run]:
    """A page of the sync history, newest first. An empty filter matches everything. Three queries.

    A scan of all runs by ID would be slow for a seller with few runs among sellers with many. So each of its jobs
    contributes its latest few through an index, and the newest of these make the page.
    """
    jobs = Job.objects.filter(connection__seller=seller)
    if connection:
        jobs = jobs.filter(connection__slug=connection)
    if data_type:
        jobs = jobs.filter(data_type=data_type)
    own_runs = Run.objects.filter(job=OuterRef("pk"))
    filters: dict[str, Any] = {"state": state, "scope": scope}
    own_runs = own_runs.filter(**{name: value for name, value in filters.items() if value})
    latest = jobs.order_by().values_list(ArraySubquery(keyset.apply(own_runs).values("pk")), flat=True)
    ids = [run_id for of_job in latest for run_id in of_job]
    rows = Run.objects.filter(pk__in=ids).select_related("job__connection", "started_by")
    return keyset.page(keyset.apply(rows.prefetch_related("counters")))


def log_tail(*, run: Run, after: int | None = None, limit: int) -> list[RunLogLine]:
    """Log lines in order: those after an id, or the last `limit`."""
    lines = RunLogLine.objects.filter(run=run)
    if after is not None:
        return list(lines.filter(id__gt=after).order_by("id")[:limit])
    return list(lines.order_by("-id")[:limit])[::-1]


def full_log(*, run: Run) -> Iterator[RunLogLine]:
    """All log lines in order, in constant memory."""
    return RunLogLine.objects.filter(run=run).order_by("id").iterator(chunk_size=2000)


def feed_imports(*, run: Run) -> QuerySet[FeedImport]:
    """The feed imports into a search engine that the run sent, newest first."""
    return FeedImport.objects.filter(run=run).order_by("-id")
