"""What is recorded about an item and those below it: outcomes, issues, ids elsewhere, timeline."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Seller
from dashboard.keyset import Keyset, Page
from hub.models import Job, Link
from synclog.models import Issue, ItemEvent, ItemStatus

_OK_STATES = (ItemStatus.State.SYNCED, ItemStatus.State.REMOVED)
# A product may have hundreds of variants: what needs no look is told by number alone.
_MAX_ROWS = 50


@dataclass(frozen=True)
class StatusCount:
    """How many members of a family have the same outcome for a job."""

    job: Job
    kind: str
    state: str
    label: str
    number: int
    at: datetime


class ItemRecords:
    """An item with those below it (a product and its variants), for what is recorded about any of them."""

    def __init__(self, seller: Seller, root: tuple[str, int], descendants: dict[str, list[int]] | None = None) -> None:
        self.seller = seller
        self.members = {root[0]: [root[1]]} | {kind: ids for kind, ids in (descendants or {}).items() if ids}
        self._root = Q(kind=root[0], item_id=root[1])
        self._descendants = self._any(descendants or {})

    @staticmethod
    def _any(members: dict[str, list[int]]) -> Q:
        """Whether a row is about one of the members. Matches nothing when there are none."""
        return reduce(or_, (Q(kind=kind, item_id__in=ids) for kind, ids in members.items()), Q(pk__in=[]))

    def statuses(self) -> list[ItemStatus]:
        """The last outcome at each target (B12): the head in full, below it what is not settled (the latest 50)."""
        rows = ItemStatus.objects.filter(seller=self.seller).select_related("job__connection")
        root = rows.filter(self._root).order_by("job__connection__name", "job__data_type", "storefront")
        descendants = rows.filter(self._descendants).exclude(state__in=_OK_STATES).order_by("-at")[:_MAX_ROWS]
        return [*root, *descendants]

    def status_counts(self) -> list[StatusCount]:
        """How those below the head fare in all."""
        counts = (
            ItemStatus.objects.filter(self._descendants, seller=self.seller)
            .order_by("job", "kind", "state")
            .values_list("job", "kind", "state")
            .annotate(number=Count("pk"), latest=Max("at"))
        )
        rows = list(counts)
        jobs = Job.objects.select_related("connection").in_bulk({row[0] for row in rows})
        return [
            StatusCount(jobs[job], kind, state, ItemStatus.State(state).label, number, at)
            for job, kind, state, number, at in rows
        ]

    def issues(self) -> QuerySet[Issue]:
        """Open issues of any member, the latest first, up to 50."""
        rows = Issue.objects.filter(self._any(self.members), seller=self.seller, resolved_at=None)
        return rows.select_related("sync_log__connection", "job__connection")[:_MAX_ROWS]

    def links(self) -> QuerySet[Link]:
        """External ids of the head at each connection. A Link has no seller; the family's members were checked."""
        mine = Q(connection__seller=self.seller) | Q(connection__seller=None)
        rows = Link.objects.filter(self._root, mine).select_related("connection", "payload")
        return rows.order_by("connection__name").defer("payload__received", "payload__previous", "payload__sent")

    def timeline(self, keyset: Keyset) -> Page[ItemEvent]:
        """What was changed where, the latest first (N8). One index walk a kind."""
        events = ItemEvent.objects.filter(seller=self.seller).select_related("job__connection")
        return keyset.page(
            *(keyset.apply(events.filter(kind=kind, item_id__in=ids)) for kind, ids in self.members.items())
        )
