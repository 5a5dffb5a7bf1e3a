"""The overview page: each connection of a seller with its jobs, their latest or running sync, and open issues."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import Seller
from connectors.adapters.registry import adapters
from dashboard.queries.counting import capped, count_up_to_cap
from dashboard.queries.platforms import platform_name
from hub.kinds import DataType, Direction
from hub.models import Change, Connection, Job, JobState, Lane, PlatformSwitch, Run
from synclog.models import Issue, SyncLog
from synclog.queries import open_issues

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

    `is_first_of_type` marks the row with the Sync button of its data type. `retry_at` is set while lanes of the job
    back off after failures: the last of these ends then.
    """

    job: Job
    platform: str
    state: JobState | None
    run: Run | None
    open_issues: int
    held: int
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
    def blocked(self) -> bool:
        """Whether the job is paused or disabled, or needs attention before it can run."""
        attention = self.state is not None and self.state.attention
        return bool(self.job.paused or not self.job.enabled or attention)

    @property
    def next_at(self) -> datetime | None:
        if self.state is None or self.blocked:
            return None
        times = [at for at in (self.state.next_full_at, self.state.next_partial_at) if at]
        return min(times, default=None)


@dataclass(frozen=True)
class ConnectionCard:
    """A connection with its jobs. `at_least_once`: after an outage, an item may be sent twice."""

    connection: Connection
    platform: str
    platform_pause_reason: str
    at_least_once: bool
    jobs: list[JobCard]

    @property
    def syncable(self) -> bool:
        stopped = self.connection.paused_at or self.connection.state == Connection.State.UNINSTALLED
        return not stopped and not self.platform_pause_reason


@dataclass(frozen=True)
class Overview:
    """`external_logs` are sync logs that systems without a connection report over the API."""

    connections: list[ConnectionCard]
    external_logs: list[SyncLog]

    @property
    def running(self) -> bool:
        return any(card.running for one in self.connections for card in one.jobs)

    @property
    def state_keys(self) -> str:
        return " ".join(card.state_key for one in self.connections for card in one.jobs if card.run)


def overview(*, seller: Seller, now: datetime | None = None) -> Overview:
    """Everything on the overview page, in nine queries."""
    now = now or timezone.now()
    own = Connection.objects.filter(seller=seller).order_by("name")
    connections = list(own.defer("credentials", "webhook_secret"))
    jobs = list(
        Job.objects.filter(connection__in=connections)
        .select_related("state")
        .annotate(held=capped(Change.objects.filter(job=OuterRef("pk"), state=Change.State.HELD)))
    )
    runs = latest_runs(jobs)
    logs = list(
        SyncLog.objects.filter(seller=seller)
        .annotate(open_issues=capped(Issue.objects.filter(sync_log=OuterRef("pk"), resolved_at=None)))
        .order_by("integration", "data_type")
    )
    issues = {(log.connection_id, log.data_type): log.open_issues for log in logs}
    retry_times = {
        lane.pk: lane.rest_until
        for lane in Lane.objects.filter(connection__in=connections, rest_until__gt=now).only("pk", "rest_until")
        if lane.rest_until
    }
    switches = dict(PlatformSwitch.objects.values_list("platform", "reason"))
    known = adapters()
    platform_names = {connection.pk: platform_name(connection) for connection in connections}

    cards: dict[int, list[JobCard]] = {connection.pk: [] for connection in connections}
    for (connection_id, data_type), same_type in groupby(
        sorted(jobs, key=_sort_key), key=lambda job: (job.connection_id, job.data_type)
    ):
        for position, job in enumerate(same_type):
            cards[connection_id].append(
                JobCard(
                    job=job,
                    platform=platform_names[connection_id],
                    state=getattr(job, "state", None),
                    run=runs.get(job.pk),
                    open_issues=issues.get((connection_id, data_type), 0) if position == 0 else 0,
                    held=job.held,
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
            )
            for connection in connections
        ],
        external_logs=[log for log in logs if log.connection_id is None],
    )


def latest_runs(jobs: Iterable[Job]) -> dict[int, Run]:
    """The sync to show for each job, by job ID: a running one (full before partial), else the latest. Three queries."""
    ids = [job.pk for job in jobs]
    syncs = Run.objects.filter(scope__in=Run.SYNCS)
    last = Subquery(syncs.filter(job=OuterRef("pk")).order_by("-id").values("pk")[:1])
    last_ids = list(Job.objects.filter(pk__in=ids).values_list(last, flat=True))
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
    return count_up_to_cap(open_issues(seller=seller))
