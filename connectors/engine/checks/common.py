"""How items are put before `decide` without having been taken from the queue, and what may be told of them."""

from collections.abc import Collection
from typing import Any

from connectors.sdk.errors import NeedsAttention
from hub.models import Change, Job
from hub.queue import ChangeSnapshot, Priority, reload_changes


def changes_for_items(job: Job, item_ids: Collection[int]) -> list[ChangeSnapshot]:
    """The items as changes: their own where some wait (their target may be in doubt), blank ones for the rest."""
    waiting = Change.objects.filter(job=job, kind=job.item_kind, item_id__in=item_ids).values_list("pk", flat=True)
    known = {change.item_id: change for change in reload_changes(waiting)}
    return [known.get(pk) or ChangeSnapshot(0, pk, 0, Priority.FULL_RUN, 0, None, None) for pk in item_ids]


def belongs_to_other_seller(item: Any) -> bool:
    """Whether it is another seller's order: a vendor sees that something would go or differs, not what (S9)."""
    return getattr(item, "principal", None) is not None


def error_text(error: Exception) -> str:
    """What is wrong, and how to fix it."""
    fix = error.fix if isinstance(error, NeedsAttention) else ""
    return f"{str(error) or type(error).__name__} {fix}".strip()
