"""What previews and comparisons share: change snapshots for items that are not in the queue, access."""

from collections.abc import Collection
from typing import Any

from hub.models import Change, Job
from hub.queue import ChangeSnapshot, Priority, reload_changes


def changes_for_items(job: Job, item_ids: Collection[int]) -> list[ChangeSnapshot]:
    """A change snapshot for each item: the queued one if there is one (it may be in doubt), else an empty one."""
    waiting = Change.objects.filter(job=job, kind=job.item_kind, item_id__in=item_ids).values_list("pk", flat=True)
    known = {change.item_id: change for change in reload_changes(waiting)}
    return [known.get(pk) or ChangeSnapshot(0, pk, 0, Priority.FULL_RUN, 0, None, None) for pk in item_ids]


def belongs_to_other_seller(item: Any) -> bool:
    """Whether it is another seller's order. A vendor sees that such an order differs, but not in what (S9)."""
    return getattr(item, "principal", None) is not None
