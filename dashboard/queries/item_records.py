"""What is recorded about an item and its children: sync status, issues, external IDs, timeline."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Seller
from dashboard.keyset import Keyset, Page
from hub import links
from hub.models import Job, Link
from synclog.models import Issue, ItemEvent, ItemStatus

_OK_STATES = (ItemStatus.State.SYNCED, ItemStatus.State.REMOVED)
# A product may have hundreds of variants: those in sync are only counted.
_MAX_ROWS = 50


@dataclass(frozen=True)
class StatusCount:
    """The number of children of one kind that have the same sync status for a job."""

    job: Job
    kind: str
    state: str
    label: str
    number: int
    at: datetime


class ItemRecords:
    """An item and its children (a product and its variants), and the records about any of them."""

    def __init__(self, seller: Seller, root: tuple[str, int], descendants: dict[str, list[int]] | None = None) -> None:
        self.seller = seller
        self.members = {root[0]: [root[1]]} | {kind: ids for kind, ids in (descendants or {}).items() if ids}
        self._root = Q(kind=root[0], item_id=root[1])
        self._descendants = self._any(descendants or {})

    @staticmethod
    def _any(members: dict[str, list[int]]) -> Q:
        """Matches rows about one of the members; matches nothing if there are none."""
        return reduce(or_, (Q(kind=kind, item_id__in=ids) for kind, ids in members.items()), Q(pk__in=[]))

    def statuses(self) -> list[ItemStatus]:
        """The latest outcome for each job (B12): all of the item itself, and the latest 50 of children not in sync."""
        rows = ItemStatus.objects.filter(seller=self.seller).select_related("job__connection")
        root = rows.filter(self._root).order_by("job__connection__name", "job__data_type", "storefront")
        descendants = rows.filter(self._descendants).exclude(state__in=_OK_STATES).order_by("-at")[:_MAX_ROWS]
        return [*root, *descendants]

    def status_counts(self) -> list[StatusCount]:
        """How many children have which status, for each job."""
        counts = (
            ItemStatus.objects.filter(self._descendants, seller=self.seller)
            .order_by("job", "kind", "state")
            .values_list("job", "kind", "state")
            .annotate(number=Count("pk"), latest=Max("at"))
        )
        rows = list(counts)
        jobs = Job.objects.select_related("connection").in_bulk({row[0] for row in rows})
        return [
            StatusCount(jobs[job], kind, state, str(ItemStatus.State(state).label), number, at)
            for job, kind, state, number, at in rows
        ]

    def issues(self) -> QuerySet[Issue]:
        """Open issues of the item and its children, newest first, up to 50."""
        rows = Issue.objects.filter(self._any(self.members), seller=self.seller, resolved_at=None)
        return rows.select_related("sync_log__connection", "job__connection").order_by("-seen_at")[:_MAX_ROWS]

    def links(self) -> QuerySet[Link]:
        """External IDs of the item at each connection."""
        rows = links.of_item(self._root, seller=self.seller).select_related("connection", "payload")
        return rows.order_by("connection__name").defer("payload__received", "payload__previous", "payload__sent")

    def timeline(self, keyset: Keyset) -> Page[ItemEvent]:
        """Changes of the item and its children, newest first (N8). One index scan for each kind."""
        events = ItemEvent.objects.filter(seller=self.seller).select_related("job__connection")
        return keyset.page(
            *(keyset.apply(events.filter(kind=kind, item_id__in=ids)) for kind, ids in self.members.items())
        )
