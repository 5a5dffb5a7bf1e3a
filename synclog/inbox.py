"""Open issues grouped by cause, and those that nobody snoozed or muted (I1)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When

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


# What identifies the item of an issue: the same at its source and at its targets, once it has been imported.
_ITEM = ("kind", "item_id", "ref")


def _with_item(issues: QuerySet[Issue]) -> QuerySet[Issue]:
    """Issues with `ref`: the external ID of an item that was never imported."""
    return issues.order_by().annotate(ref=Case(When(item_id=None, then=F("external_id"))))


def causes(issues: QuerySet[Issue], *, now: datetime) -> list[Cause]:
    """The issues of one seller grouped by cause: blocking ones first, then by number of items. Three queries."""
    rows = group_by_cause(issues, now=now)
    related = ("sync_log__connection", "job__connection", "seller")
    samples = Issue.objects.select_related(*related).in_bulk([row.sample_id for row in rows])
    sellers = {sample.seller_id for sample in samples.values()}
    decided = CauseState.objects.filter(seller__in=sellers).select_related("assigned_to")
    states = {state.cause: state for state in decided}
    return [
        Cause(
            key=row.key,
            items=row.items,
            issues=row.issues,
            new_by_day=row.new_by_day,
            since=row.since,
            blocking=row.blocking,
            kind=row.kind,
            sample=samples[row.sample_id],
            state=states.get(row.key),
        )
        for row in rows
        if row.sample_id in samples  # it may have been deleted since
    ]


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


@dataclass(frozen=True)
class CauseGroup:
    """Numbers of the issues with one cause, of one seller or of all; `sample_id` is one of these issues."""

    key: str
    items: int
    sellers: int
    issues: int
    new_by_day: list[int]
    since: datetime
    blocking: bool
    kind: str
    sample_id: int


def group_by_cause(issues: QuerySet[Issue], *, now: datetime) -> list[CauseGroup]:
    """Blocking causes first, then by number of sellers and of items. One query.

    Several levels of hash aggregates, because COUNT(DISTINCT) would sort all issues.
    """
    columns = _with_item(issues).values("cause", "seller_id", *_ITEM, "severity", "opened_at", "id")
    inner, params = columns.query.sql_with_params()
    since = [now - timedelta(days=day) for day in range(TREND_DAYS, 0, -1)]
    # Few rows are left once items are counted by day, so that only they are compared as text and by day.
    new = ", ".join(f"(sum(items) FILTER (WHERE day = {day}))::bigint AS new_{day}" for day in range(1, TREND_DAYS + 1))
    sums = ", ".join(f"coalesce(sum(new_{day}), 0)::bigint" for day in range(1, TREND_DAYS + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH item AS (
                SELECT cause, seller_id, {", ".join(_ITEM)}, count(*) AS issues, min(opened_at) AS opened_at,
                    max(id) AS sample, bool_or(severity = 'error') AS blocking
                FROM ({inner}) AS issue GROUP BY cause, seller_id, {", ".join(_ITEM)}
            ), of_day AS (
                SELECT cause, seller_id, kind, width_bucket(opened_at, %s::timestamptz[]) AS day, count(*) AS items,
                    sum(issues) AS issues, min(opened_at) AS opened_at, max(sample) AS sample,
                    bool_or(blocking) AS blocking
                FROM item GROUP BY cause, seller_id, kind, day
            ), of_seller AS (
                SELECT cause, sum(items) AS items, sum(issues) AS issues, {new}, min(opened_at) AS opened_at,
                    max(sample) AS sample, bool_or(blocking) AS blocking, min(kind) AS first_kind,
                    max(kind) AS last_kind
                FROM of_day GROUP BY cause, seller_id
            )
            SELECT cause, sum(items)::bigint, count(*), sum(issues)::bigint, ARRAY[{sums}], min(opened_at),
                bool_or(blocking), CASE WHEN min(first_kind) = max(last_kind) THEN min(first_kind) ELSE '' END,
                max(sample)
            FROM of_seller GROUP BY cause ORDER BY bool_or(blocking) DESC, count(*) DESC, sum(items) DESC, cause
            """,  # noqa: S608 - the SQL of a queryset with its parameters
            [*params, since],
        )
        return [CauseGroup(*row) for row in cursor.fetchall()]


def count_blocked_items(issues: QuerySet[Issue]) -> dict[str, int]:
    """Kind of item → how many of them have one of the issues, the largest number first."""
    inner, params = _with_item(issues).values(*_ITEM).distinct().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kind, count(*) FROM ({inner}) AS item GROUP BY 1 ORDER BY 2 DESC, 1",  # noqa: S608 - a queryset's
            params,
        )
        return dict(cursor.fetchall())
