"""The overview page: each connection of a seller with its jobs, their latest or running sync, and open issues."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import Seller
from connectors.adapters.registry import adapters
from dashboard.queries.activity import Day, activity
from dashboard.queries.counting import capped, count_up_to_cap
from dashboard.queries.platforms import platform_name
from hub.kinds import DataType, Direction
from hub.models import Alert, Change, Connection, Job, JobState, Lane, PlatformSwitch, Run, RunCounter
from orders.queries import unreconciled_orders
from synclog.inbox import Cause, causes, count_blocked_items, shown_issues
from synclog.models import Issue, SyncLog

# The order of the rows: products first, settings last.
_DATA_TYPES = {
    data_type: position
    for position, data_type in enumerate(
        (
            DataType.PRODUCTS,
            DataType.STOCK,
            DataType.PRICES,
            DataType.CATEGORIES,
            DataType.BRANDS,
            DataType.CUSTOMERS,
            DataType.ORDERS,
            DataType.SETTINGS,
        )
    )
}


@dataclass(frozen=True)
class JobCard:
    """One job as its row shows it.

    `synced` is the number of items of the last full sync that had no problem; None before the first. `blocked` is the
    number of open, blocking issues, `open_issues` that of all. `alerts` are open ones about the job.
    `is_first_of_type` marks the row that shows these, and the Sync button of its data type. `retry_at` is set while
    lanes of the job back off after failures: the last of these ends then.
    """

    job: Job
    platform: str
    state: JobState | None
    run: Run | None
    open_issues: int
    blocked: int
    synced: int | None
    held: int
    alerts: list[Alert]
    last_full_sync_failed: bool
    retry_at: datetime | None
    is_first_of_type: bool

    @property
    def running(self) -> bool:
        return self.run is not None and self.run.is_open

    @property
    def state_key(self) -> str:
        """The run and its state, which the page sends back with each poll so that only changes are announced."""
        return f"{self.run.pk}.{self.run.state}" if self.run else ""

    @property
    def is_stopped(self) -> bool:
        """Whether the job is paused or disabled, or needs attention before it can run."""
        attention = self.state is not None and self.state.attention
        return bool(self.job.paused or not self.job.enabled or attention)

    @property
    def next_at(self) -> datetime | None:
        if self.state is None or self.is_stopped:
            return None
        times = [at for at in (self.state.next_full_at, self.state.next_partial_at) if at]
        return min(times, default=None)


@dataclass(frozen=True)
class ConnectionCard:
    """A connection with its jobs. `at_least_once`: after an outage, an item may be sent twice.

    `waiting_since` is when the change that has waited longest was queued.
    """

    connection: Connection
    platform: str
    platform_pause_reason: str
    at_least_once: bool
    jobs: list[JobCard]
    waiting_since: datetime | None
    days: list[Day]

    @property
    def is_source(self) -> bool:
        return any(card.job.direction == Direction.IMPORT for card in self.jobs)

    @property
    def is_target(self) -> bool:
        return any(card.job.direction == Direction.EXPORT for card in self.jobs)

    @property
    def running(self) -> bool:
        return any(card.running for card in self.jobs)

    @property
    def blocked(self) -> int:
        return sum(card.blocked for card in self.jobs)

    @property
    def synced(self) -> int | None:
        """Of the largest data type: categories and stock beside the products would count the same again."""
        return max((card.synced for card in self.jobs if card.synced is not None), default=None)

    @property
    def last_full_sync_at(self) -> datetime | None:
        """The oldest of its enabled jobs' last full syncs; None if a scheduled job has had none yet.

        Many targets have no schedule of their own, since exports follow the imports: then that of those that had one.
        """
        enabled = [card for card in self.jobs if card.job.enabled]
        scheduled = [card for card in enabled if card.job.full_schedule]
        times = [card.job.known_state.last_full_sync_at for card in scheduled or enabled]
        return min((at for at in times if at), default=None) if all(times) or not scheduled else None

    @property
    def next_at(self) -> datetime | None:
        return min((at for card in self.jobs if (at := card.next_at)), default=None)

    @property
    def syncable(self) -> bool:
        stopped = self.connection.paused_at or self.connection.state == Connection.State.UNINSTALLED
        return not stopped and not self.platform_pause_reason


@dataclass(frozen=True)
class Overview:
    """`external_logs` are sync logs that systems without a connection report over the API.

    `causes` are those of all open issues, `blocked` counts the items that a blocking one keeps back, by kind.
    `different_orders` is the number of orders that don't add up or differ at a target, up to the cap.
    """

    connections: list[ConnectionCard]
    external_logs: list[SyncLog]
    causes: list[Cause]
    blocked: dict[str, int]
    different_orders: int

    @property
    def running(self) -> bool:
        return any(card.running for one in self.connections for card in one.jobs)

    @property
    def open_issues(self) -> int:
        return sum(cause.issues for cause in self.causes)

    @property
    def state_keys(self) -> str:
        return " ".join(card.state_key for one in self.connections for card in one.jobs if card.run)


def overview(*, seller: Seller, now: datetime | None = None) -> Overview:
    """Everything on the overview page."""
    now = now or timezone.now()
    own = Connection.objects.filter(seller=seller).order_by("name")
    connections = list(own.defer("credentials", "webhook_secret"))
    jobs = list(
        Job.objects.filter(connection__in=connections)
        .select_related("state")
        .annotate(held=capped(Change.objects.filter(job=OuterRef("pk"), state=Change.State.HELD)))
    )
    by_id = {connection.pk: connection for connection in connections}
    for job in jobs:
        job.connection = by_id[job.connection_id]
    runs = latest_runs(jobs)
    shown = shown_issues(seller=seller, now=now)
    blocking = shown.filter(severity=Issue.Severity.ERROR)
    logs = list(
        SyncLog.objects.filter(seller=seller)
        .annotate(
            open_issues=capped(Issue.objects.filter(sync_log=OuterRef("pk"), resolved_at=None)),
            blocked=capped(blocking.filter(sync_log=OuterRef("pk"))),
        )
        .order_by("integration", "data_type")
    )
    issues = {(log.connection_id, log.data_type): (log.open_issues, log.blocked) for log in logs}
    failed = {(log.connection_id, log.data_type) for log in logs if log.last_full_sync_succeeded is False}
    synced = _synced_items(jobs)
    alerts = list(Alert.objects.filter(seller=seller, resolved_at=None).order_by("opened_at"))
    lanes = _lanes(connections)
    retry_times = {lane.pk: lane.rest_until for lane in lanes if lane.rest_until and lane.rest_until > now}
    days = activity(connection_ids=[connection.pk for connection in connections], now=now)
    switches = dict(PlatformSwitch.objects.values_list("platform", "reason"))
    known = adapters()
    platform_names = {connection.pk: platform_name(connection) for connection in connections}

    cards: dict[int, list[JobCard]] = {connection.pk: [] for connection in connections}
    for (connection_id, data_type), same_type in groupby(
        sorted(jobs, key=_sort_key), key=lambda job: (job.connection_id, job.data_type)
    ):
        open_issues, blocked = issues.get((connection_id, data_type), (0, 0))
        for position, job in enumerate(same_type):
            cards[connection_id].append(
                JobCard(
                    job=job,
                    platform=platform_names[connection_id],
                    state=getattr(job, "state", None),
                    run=runs.get(job.pk),
                    open_issues=open_issues if position == 0 else 0,
                    blocked=blocked if position == 0 else 0,
                    synced=synced.get(job.pk),
                    held=job.held,
                    last_full_sync_failed=(connection_id, data_type) in failed,
                    alerts=[alert for alert in alerts if alert.job_id == job.pk],
                    retry_at=max((retry_times[lane] for lane in job.lane_ids if lane in retry_times), default=None),
                    is_first_of_type=position == 0,
                )
            )
    return Overview(
        connections=[
            ConnectionCard(
                connection=connection,
                platform=platform_names[connection.pk],
                platform_pause_reason=switches.get(connection.platform, ""),
                at_least_once=not getattr(known.get(connection.platform), "exactly_once", True),
                jobs=cards[connection.pk],
                waiting_since=min(
                    (
                        lane.waiting_since
                        for lane in lanes
                        if lane.connection_id == connection.pk and lane.waiting_since
                    ),
                    default=None,
                ),
                days=days[connection.pk],
            )
            for connection in connections
        ],
        external_logs=[log for log in logs if log.connection_id is None],
        causes=causes(shown, now=now),
        blocked=count_blocked_items(blocking),
        different_orders=count_up_to_cap(unreconciled_orders(seller_id=seller.pk)),
    )


@dataclass(frozen=True)
class _Lane:
    """`waiting_since`: when the change that is next in the queue was queued."""

    pk: int
    connection_id: int
    rest_until: datetime | None
    waiting_since: datetime | None


def _lanes(connections: list[Connection]) -> list[_Lane]:
    ready = Change.objects.filter(lane=OuterRef("pk"), state=Change.State.READY).order_by("priority", "token")
    rows = Lane.objects.filter(connection__in=connections)
    oldest = Subquery(ready.values("created_at")[:1])
    return [_Lane(*row) for row in rows.values_list("pk", "connection_id", "rest_until", oldest)]


def _synced_items(jobs: Iterable[Job]) -> dict[int, int]:
    """Job ID → how many items its last full sync left in sync."""
    finished = (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
    last = Run.objects.filter(job=OuterRef("pk"), scope=Run.Scope.FULL, state__in=finished).order_by("-id")
    runs = Job.objects.filter(pk__in=[job.pk for job in jobs]).values(run=Subquery(last.values("pk")[:1]))
    counters = RunCounter.objects.filter(run__in=runs, kind=F("run__job__item_kind"))
    return dict(counters.values_list("run__job", F("read") - F("skipped") - F("failed")))


def latest_runs(jobs: Iterable[Job]) -> dict[int, Run]:
    """The sync to show for each job, by job ID: a running one (full before partial), else the latest. Two queries."""
    ids = [job.pk for job in jobs]
    syncs = Run.objects.filter(scope__in=Run.SYNCS)
    last = Subquery(syncs.filter(job=OuterRef("pk")).order_by("-id").values("pk")[:1])
    last_ids = Job.objects.filter(pk__in=ids).values(run=last)
    latest: dict[int, Run] = {}
    for run in (
        syncs.filter(Q(pk__in=last_ids) | Q(job__in=ids, state__in=Run.OPEN))
        .order_by("id")
        .select_related("job")
        .prefetch_related("counters")
    ):
        before = latest.get(run.job_id)
        if before is None or _weight(run) >= _weight(before):
            latest[run.job_id] = run
    return latest


def _sort_key(job: Job) -> tuple[int, int, bool]:
    return job.connection_id, _DATA_TYPES[DataType(job.data_type)], job.direction != Direction.IMPORT


def _weight(run: Run) -> int:
    return (2 if run.scope == Run.Scope.FULL else 1) if run.is_open else 0


def open_issue_count(*, seller: Seller) -> int:
    """The number of open issues in the navigation, up to the cap."""
    return count_up_to_cap(shown_issues(seller=seller, now=timezone.now()))
