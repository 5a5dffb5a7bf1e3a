"""Items in doubt: what the target has of them is unknown, so they are sent again."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from hub import links, queue
from hub.kinds import Kind
from hub.models import Change, Job


def mark_in_doubt(job: Job, item_ids: Collection[int], now: datetime) -> None:
    """Enqueue items again whose state at the target is unknown.

    Used by a worker that lost its lane while sending, and by the successor of a crashed worker.
    """
    with transaction.atomic():
        queue.enqueue_for_job(job=job, kind=Kind(job.item_kind), item_ids=item_ids)
        forget_sent(job, item_ids)
        Change.objects.filter(job=job, item_id__in=item_ids, sent_at=None).update(sent_at=now)


def forget_sent(job: Job, item_ids: Collection[int]) -> None:
    """Forget what was sent, so that the items are sent again even if they have not changed."""
    if item_ids:
        links.forget_sent(links.of_job(job).filter(item_id__in=item_ids))
