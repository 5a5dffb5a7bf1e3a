"""Services for previews and comparisons: start one, start the previewed sync, repair differences."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from accounts.services import record_audit_event
from catalog.models import Variant
from connectors.engine.platforms import target_class
from connectors.services.runs import sync
from hub import clock, links
from hub.kinds import Direction, Kind
from hub.models import Job, Link, Run, RunItem
from hub.queue import enqueue_for_job
from hub.services import start_run

_BATCH = 2000


def is_comparable(job: Job) -> bool:
    """Whether the target's data can be read back, so that a comparison is possible."""
    return job.direction == Direction.EXPORT and target_class(job).comparable is not None


def start_preview(*, job: Job, by: User | None) -> tuple[Run, bool]:
    """Start a preview of an import or an export, or join the open one (N13). Returns (the run, whether it was created).

    ValueError if the job is disabled.
    """
    _require_enabled(job)
    return start_run(job=job, scope=Run.Scope.PREVIEW, trigger=Run.Trigger.BUTTON, by=by)


def start_comparison(*, job: Job, by: User | None) -> tuple[Run, bool]:
    """Start a comparison, or join the open one (N9). ValueError if the target cannot be read."""
    if job.direction != Direction.EXPORT:
        raise ValueError(f"{job.connection} only imports {job.data_type}, so there is nothing to compare.")
    _require_enabled(job)
    if not is_comparable(job):
        raise ValueError(f"Not supported: the {job.data_type} of {job.connection} cannot be read back.")
    return start_run(job=job, scope=Run.Scope.COMPARISON, trigger=Run.Trigger.BUTTON, by=by)


def start_previewed_sync(*, preview: Run, by: User | None) -> tuple[Run, bool]:
    """Start the previewed sync, or join the open one. Changes made since the preview are included."""
    if preview.scope != Run.Scope.PREVIEW:
        raise ValueError("This run is not a preview.")
    job = preview.job
    _require_enabled(job)
    if job.direction == Direction.IMPORT:
        return sync(connection=job.connection, data_type=job.data_type, trigger=Run.Trigger.BUTTON, by=by)
    return start_run(job=job, trigger=Run.Trigger.BUTTON, by=by)


def _require_enabled(job: Job) -> None:
    if not job.enabled:
        raise ValueError(f"{job.connection}: the {job.direction} of {job.data_type} is disabled.")


def repairable(*, run: Run, verdict: str = "", ids: Sequence[int] | None = None) -> QuerySet[RunItem]:
    """The differences of a comparison that can be repaired and have not been, optionally of one verdict or by ID."""
    found = RunItem.objects.filter(run=run, run__scope=Run.Scope.COMPARISON, repaired_at=None)
    found = found.filter(verdict__in=[one for one in RunItem.REPAIRABLE if verdict in ("", one)])
    return found if ids is None else found.filter(pk__in=ids)


def count_by_verdict(items: QuerySet[RunItem]) -> dict[RunItem.Verdict, int]:
    """The number of items per repairable verdict, for the confirmation page."""
    counted = dict(items.order_by().values_list("verdict").annotate(Count("pk")))
    return {verdict: counted[verdict] for verdict in RunItem.REPAIRABLE if verdict in counted}


def repair(*, run: Run, items: QuerySet[RunItem], by: User | None, now: datetime | None = None) -> int:
    """Enqueue differences: missing items are created, different ones updated, items no longer on offer removed.

    `items` come from `repairable`, so items that are not from SyncCenter are never included. Works in batches, because
    there may be many; if interrupted, call it again. Returns the number of items. ValueError while the comparison is
    still running.
    """
    if run.is_open:
        raise ValueError("The comparison is still running.")
    job, now = run.job, now or clock.now()
    ids = iter(list(items.order_by("pk").values_list("pk", flat=True)))
    number = 0
    while batch := list(islice(ids, _BATCH)):
        number += _repair_batch(job, batch, now)
    if number:
        record_audit_event(user=by, action="proof.repair", target=run, seller=job.connection.seller, items=number)
    return number


@transaction.atomic
def _repair_batch(job: Job, ids: Sequence[int], now: datetime) -> int:
    rows = RunItem.objects.filter(pk__in=ids, repaired_at=None)
    chosen = {row.item_id: row.verdict for row in rows.order_by("pk").select_for_update() if row.item_id is not None}
    missing = [item_id for item_id, verdict in chosen.items() if verdict == RunItem.Verdict.MISSING]
    different = [item_id for item_id, verdict in chosen.items() if verdict == RunItem.Verdict.DIFFERENT]
    missing_at_target = list(_links_not_sent_since(job, missing, rows).values_list("item_id", flat=True))
    links.end_at_target(_links_not_sent_since(job, missing_at_target, rows))
    links.forget_sent(_links_not_sent_since(job, different, rows))
    if job.item_kind == Kind.PRODUCT:
        # The variants were deleted with their product and will get new IDs with it.
        variants = Variant.objects.filter(product__in=missing_at_target).values("pk")
        links.mark_missing(links.of_kind(job.connection_id, Kind.VARIANT).filter(item_id__in=variants))
    enqueue_for_job(job=job, kind=Kind(job.item_kind), item_ids=chosen.keys())
    return rows.update(repaired_at=now)


def _links_not_sent_since(job: Job, item_ids: Sequence[int], rows: QuerySet[RunItem]) -> QuerySet[Link]:
    """The links of the items, except those that were sent after the difference was found."""
    found_at = rows.filter(item_id=OuterRef("item_id")).values("found_at")[:1]
    return links.of_job(job).filter(Q(sent_at=None) | Q(sent_at__lt=Subquery(found_at)), item_id__in=item_ids)
