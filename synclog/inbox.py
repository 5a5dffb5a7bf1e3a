"""Open issues grouped by cause, and those that nobody snoozed or muted (I1)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Exists, F, Func, IntegerField, Max, Min, OuterRef, Q, QuerySet, Value

from accounts.models import Seller
from synclog.issue_catalog import issue_type
from synclog.models import CauseState, Issue, SyncLog

# `snoozed_until` of what is muted for good.
MUTED_UNTIL = datetime(9999, 1, 1, tzinfo=UTC)
# The days of a trend.
TREND_DAYS = 7


@dataclass(frozen=True)
class Cause:
    """All open issues with one cause.

    `items` counts an item once, although it has an issue at several connections; `new_by_day` are those of each of the
    last seven times 24 hours, the latest last. `sample` is one of the issues, with its log and job; `kind` is empty if
    the items are of several kinds.
    """

    key: str
    items: int
    issues: int
    new_by_day: list[int]
    since: datetime
    blocking: bool
    kind: str
    sample: Issue
    state: CauseState | None

    @property
    def new_items(self) -> int:
        """The items of the last 24 hours."""
        return self.new_by_day[-1]

    @property
    def sends(self) -> bool:
        """Whether items may be sent again. The newest issue decides, because no page looks at all of them."""
        return self.sample.is_of_export

    @property
    def title(self) -> str:
        return cause_title(self.sample)


def cause_title(issue: Issue) -> str:
    """What is wrong, in a few words; the platform's own words if only they say it."""
    known = issue_type(issue.code)
    return str(known.title) if known else issue.message.partition("\n")[0]


def shown_issues(*, now: datetime, seller: Seller | None = None) -> QuerySet[Issue]:
    """Open issues, of one seller or of all, without those that are snoozed or muted."""
    issues = Issue.objects.filter(resolved_at=None)
    if seller is not None:
        issues = issues.filter(seller=seller)
    return issues.exclude(is_snoozed(now=now, seller=seller))


def is_snoozed(*, now: datetime, seller: Seller | None = None) -> Q:
    """Whether an issue (of one seller, or of any), or all with its cause, are snoozed or muted.

    The causes are one set for all issues, because a subquery for each issue would take most of the time of a page.
    """
    snoozed = CauseState.objects.filter(snoozed_until__gt=now)
    if seller is not None:
        whole_cause = Q(cause__in=snoozed.filter(seller=seller).values("cause"))
    else:
        own = Exists(snoozed.filter(seller=OuterRef("seller"), cause=OuterRef("cause")))
        whole_cause = Q(cause__in=snoozed.values("cause")) & Q(own)
    return Q(snoozed_until__isnull=False, snoozed_until__gt=now) | whole_cause


@dataclass(frozen=True)
class CauseCount:
    """The open issues of one seller with one cause and one kind of item.

    `blocking` is the number of those that block their item; `sample_id` is one of the issues.
    """

    seller_id: int
    key: str
    kind: str
    items: int
    issues: int
    since: datetime
    blocking: int
    sample_id: int


# An item that was never imported has no issue anywhere else.
_ITEMS = Count("item_id", distinct=True) + Count("pk", filter=Q(item_id=None))


def count_by_cause(issues: QuerySet[Issue]) -> list[CauseCount]:
    """The issues counted by seller, cause and kind. One query, in the order of the index `synclog_issue_counts`.

    Without sorting or hashing them: each page shows these numbers, of 100,000 issues too.
    """
    rows = (
        issues.order_by()
        .values("seller_id", "kind", key=F("cause"))
        .annotate(
            items=_ITEMS,
            issues=Count("pk"),
            since=Min("opened_at"),
            blocking=Count("pk", filter=Q(severity=Issue.Severity.ERROR)),
            sample_id=Max("pk"),
        )
    )
    return [CauseCount(**row) for row in rows]


def _new_by_day(issues: QuerySet[Issue], *, now: datetime) -> dict[str, list[int]]:
    """Cause → items with an issue that was opened on each of the last days, the latest last. One query."""
    since = [now - timedelta(days=day) for day in range(TREND_DAYS, 0, -1)]
    day = Func(F("opened_at"), Value(since), function="WIDTH_BUCKET", output_field=IntegerField())
    new: dict[str, list[int]] = defaultdict(lambda: [0] * TREND_DAYS)
    recent = issues.filter(opened_at__gte=since[0]).order_by().annotate(day=day)
    for cause, bucket, items in recent.values_list("cause", "day").annotate(items=_ITEMS):
        new[cause][bucket - 1] = items
    return new


def causes(issues: QuerySet[Issue], *, now: datetime) -> list[Cause]:
    """The issues of one seller grouped by cause: blocking ones first, then by number of items. Four queries."""
    groups: dict[str, list[CauseCount]] = defaultdict(list)
    for count in count_by_cause(issues):
        groups[count.key].append(count)
    new = _new_by_day(issues, now=now) if groups else {}
    related = ("sync_log__connection", "job__connection", "seller")
    samples = Issue.objects.select_related(*related).in_bulk(
        [max(each.sample_id for each in g) for g in groups.values()]
    )
    sellers = {sample.seller_id for sample in samples.values()}
    decided = CauseState.objects.filter(seller__in=sellers).select_related("assigned_to")
    states = {state.cause: state for state in decided}
    found = [
        Cause(
            key=key,
            items=sum(each.items for each in counts),
            issues=sum(each.issues for each in counts),
            new_by_day=new[key],
            since=min(each.since for each in counts),
            blocking=any(each.blocking for each in counts),
            kind=counts[0].kind if len(counts) == 1 else "",
            sample=samples[sample_id],
            state=states.get(key),
        )
        for key, counts in groups.items()
        if (sample_id := max(each.sample_id for each in counts)) in samples  # it may have been deleted since
    ]
    return sorted(found, key=lambda cause: (not cause.blocking, -cause.items, cause.key))


def connections_by_cause(issues: QuerySet[Issue]) -> dict[str, list[str]]:
    """Cause → the names of the connections where its issues are. Two queries, so that no issue is joined."""
    pairs = list(issues.order_by().values_list("cause", "sync_log").distinct())
    logs = SyncLog.objects.select_related("connection").in_bulk({log for _cause, log in pairs})
    found: dict[str, set[str]] = defaultdict(set)
    for cause, log in pairs:
        if log not in logs:  # it has been deleted since
            continue
        found[cause].add(str(logs[log].connection or logs[log].integration))
    return {cause: sorted(names) for cause, names in found.items()}


def count_blocked_items(issues: QuerySet[Issue]) -> dict[str, int]:
    """Kind of item → how many of them have one of the issues, the largest number first. One query."""
    counted = issues.order_by().values_list("kind").annotate(items=_ITEMS)
    return dict(counted.order_by("-items", "kind"))
