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

_SETTLED = (ItemStatus.State.SYNCED, ItemStatus.State.REMOVED)
# A product may have hundreds of variants: what needs no look is told by number alone.
_MOST = 50


@dataclass(frozen=True)
class Tally:
    """How many members of a family have the same outcome for a job."""

    job: Job
    kind: str
    state: str
    label: str
    number: int
    at: datetime


class Family:
    """An item with those below it (a product and its variants), for what is recorded about any of them."""

    def __init__(self, seller: Seller, head: tuple[str, int], below: dict[str, list[int]] | None = None) -> None:
        self.seller = seller
        self.members = {head[0]: [head[1]]} | {kind: ids for kind, ids in (below or {}).items() if ids}
        self._head = Q(kind=head[0], item_id=head[1])
        self._below = self._any(below or {})

    @staticmethod
    def _any(members: dict[str, list[int]]) -> Q:
        """Whether a row is about one of the members. Matches nothing when there are none."""
        return reduce(or_, (Q(kind=kind, item_id__in=ids) for kind, ids in members.items()), Q(pk__in=[]))

    def statuses(self) -> list[ItemStatus]:
        """The last outcome at each target (B12): the head in full, below it what is not settled (the latest 50)."""
        rows = ItemStatus.objects.filter(seller=self.seller).select_related("job__connection")
        head = rows.filter(self._head).order_by("job__connection__name", "job__data_type", "storefront")
        below = rows.filter(self._below).exclude(state__in=_SETTLED).order_by("-at")[:_MOST]
        return [*head, *below]

    def tallies(self) -> list[Tally]:
        """How those below the head fare in all."""
        counts = (
            ItemStatus.objects.filter(self._below, seller=self.seller)
            .order_by("job", "kind", "state")
            .values_list("job", "kind", "state")
            .annotate(number=Count("pk"), latest=Max("at"))
        )
        rows = list(counts)
        jobs = Job.objects.select_related("connection").in_bulk({row[0] for row in rows})
        return [
            Tally(jobs[job], kind, state, ItemStatus.State(state).label, number, at)
            for job, kind, state, number, at in rows
        ]

    def issues(self) -> QuerySet[Issue]:
        """Open issues of any member, the latest first, up to 50."""
        rows = Issue.objects.filter(self._any(self.members), seller=self.seller, resolved_at=None)
        return rows.select_related("sync_log__connection", "job__connection")[:_MOST]

    def links(self) -> QuerySet[Link]:
        """External ids of the head at each connection. A Link has no seller; the family's members were checked."""
        mine = Q(connection__seller=self.seller) | Q(connection__seller=None)
        rows = Link.objects.filter(self._head, mine).select_related("connection", "payload")
        return rows.order_by("connection__name").defer("payload__received", "payload__previous", "payload__sent")

    def timeline(self, keyset: Keyset) -> Page[ItemEvent]:
        """What was changed where, the latest first (N8). One index walk a kind."""
        events = ItemEvent.objects.filter(seller=self.seller).select_related("job__connection")
        return keyset.page(
            *(keyset.cut(events.filter(kind=kind, item_id__in=ids)) for kind, ids in self.members.items())
        )
