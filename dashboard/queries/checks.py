"""Previews and comparisons: the latest of each job, and their results."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from accounts.models import Seller
from connectors.services.checks import is_comparable
from dashboard.keyset import Keyset, Page
from dashboard.queries.counting import count_up_to_cap
from dashboard.queries.items import Item, Ref, items
from hub.models import Job, Run, RunItem

_BATCH = 2000
_VERDICTS = {
    Run.Scope.PREVIEW: (
        RunItem.Verdict.CREATE,
        RunItem.Verdict.UPDATE,
        RunItem.Verdict.DISABLE,
        RunItem.Verdict.REMOVE,
        RunItem.Verdict.SKIP,
        RunItem.Verdict.FAIL,
    ),
    Run.Scope.COMPARISON: (
        RunItem.Verdict.MISSING,
        RunItem.Verdict.DIFFERENT,
        RunItem.Verdict.GONE,
        RunItem.Verdict.UNKNOWN,
    ),
}


@dataclass(frozen=True)
class Checks:
    """Which checks a job supports, and the latest preview and comparison."""

    job: Job
    comparable: bool
    preview: Run | None
    comparison: Run | None
    next_at: datetime | None


def checks(*, seller: Seller) -> list[Checks]:
    """A row for each enabled job, imports first. Three queries."""
    latest = Run.objects.filter(job=OuterRef("pk")).order_by("-id").values("pk")
    jobs = list(
        Job.objects.filter(connection__seller=seller, enabled=True)
        .exclude(connection__state="uninstalled")
        .select_related("connection", "state")
        .annotate(
            previews=ArraySubquery(latest.filter(scope=Run.Scope.PREVIEW)[:1]),
            comparisons=ArraySubquery(latest.filter(scope=Run.Scope.COMPARISON)[:1]),
        )
        .order_by("-direction", "connection__name", "data_type")
    )
    ids = [run_id for job in jobs for run_id in (*job.previews, *job.comparisons)]
    runs = Run.objects.select_related("job__connection").prefetch_related("counters").in_bulk(ids)
    return [
        Checks(
            job=job,
            comparable=is_comparable(job),
            preview=next((runs.get(pk) for pk in job.previews), None),
            comparison=next((runs.get(pk) for pk in job.comparisons), None),
            next_at=job.known_state.next_comparison_at,
        )
        for job in jobs
    ]


def check_runs(*, seller: Seller) -> QuerySet[Run]:
    """The previews and comparisons that the seller may see, newest first."""
    own_runs = Run.objects.filter(job__connection__seller=seller).exclude(scope__in=Run.SYNCS)
    return own_runs.select_related("job__connection__seller", "started_by").order_by("-id")


def verdicts_of(run: Run) -> list[RunItem.Verdict]:
    """The verdicts that a run of this scope can give an item."""
    return list(_VERDICTS.get(Run.Scope(run.scope), ()))


def verdict_counts(*, run: Run) -> list[tuple[RunItem.Verdict, int]]:
    """The number of items for each verdict, up to the cap. Verdicts without items are left out."""
    counted = (
        (verdict, count_up_to_cap(RunItem.objects.filter(run=run, verdict=verdict))) for verdict in verdicts_of(run)
    )
    return [(verdict, number) for verdict, number in counted if number]


def run_items(*, run: Run, verdict: str = "", text: str = "") -> QuerySet[RunItem]:
    """The items that a run found; an empty filter matches everything. `text` is a local or an external ID."""
    rows = RunItem.objects.filter(run=run)
    if verdict:
        rows = rows.filter(verdict=verdict)
    if text:
        local = rows.filter(item_id=int(text)) if text.isdecimal() and len(text) < 19 else rows.none()
        rows = rows.filter(external_id=text) | local
    return rows


def page_of(*, seller: Seller, rows: QuerySet[RunItem], keyset: Keyset) -> tuple[Page[RunItem], dict[Ref, Item]]:
    """A page of items, with their titles and pages by (kind, ID)."""
    page = keyset.page(keyset.apply(rows))
    return page, items(seller=seller, refs=[(row.kind, row.item_id) for row in page.rows])


def with_titles(*, seller: Seller, rows: QuerySet[RunItem]) -> Iterator[tuple[RunItem, str]]:
    """All rows with the title of their item, oldest first, in constant memory."""
    batch: list[RunItem] = []
    for row in rows.order_by("id").iterator(chunk_size=_BATCH):
        batch.append(row)
        if len(batch) == _BATCH:
            yield from _titled(seller, batch)
            batch = []
    yield from _titled(seller, batch)


def _titled(seller: Seller, rows: Iterable[RunItem]) -> Iterator[tuple[RunItem, str]]:
    known = items(seller=seller, refs=[(row.kind, row.item_id) for row in rows])
    for row in rows:
        item = known.get((row.kind, row.item_id))
        yield row, item.title if item else ""
