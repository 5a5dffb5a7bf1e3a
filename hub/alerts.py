"""Finds problems that need an alert, and decides which channels are notified.

Nothing is sent here: connectors.alerts.notifications does that, outside of transactions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from django.db import transaction
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Power
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from accounts.models import Seller
from hub.models import (
    Alert,
    AlertChannel,
    AlertDelivery,
    Connection,
    Job,
    Lane,
    PlatformSwitch,
    RateBudget,
    Run,
    Worker,
)
from hub.schedules import overdue_from

# Consecutive failed calls of a lane after which its platform counts as not responding.
UNREACHABLE_AFTER = 6
# A job is overdue this long after its schedule has fired twice without a success.
OVERDUE_GRACE = timedelta(minutes=10)
# How long a lane or a rate budget may wait at a vendor's request before somebody should look: it may be a long outage,
# or a wrong date in `Retry-After`.
LONG_REST = timedelta(hours=1)
# The same for the clock of a source, in whose answers the time is rounded to seconds. Beyond it, the lookback of a job
# no longer covers the difference.
SOURCE_CLOCK_TOLERANCE_SECONDS = 60.0
# The last attempt at a delivery is 2¹⁰ - 1 minutes, 17 hours, after the alert.
MAX_DELIVERY_ATTEMPTS = 11
# Clock differences beyond this are reported. The work does not depend on them, but logs do.
CLOCK_TOLERANCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem found now. `key` identifies it, so that it opens only one alert."""

    kind: Alert.Kind
    key: str
    job: Job | None
    seller_id: int | None
    message: str


class Detector(Protocol):
    """Returns the problems found now, in a few queries."""

    def __call__(self, *, now: datetime) -> Iterable[Finding]: ...


_detectors: list[Detector] = []


def register_detector(detector: Detector) -> None:
    """Add a detector. For apps that depend on this one, in their AppConfig.ready()."""
    if detector not in _detectors:
        _detectors.append(detector)


def collect_findings(*, now: datetime) -> list[Finding]:
    """All problems found now. Queries jobs and lanes, but no items."""
    monitored = monitored_jobs()
    own = [
        *_failing(monitored),
        *_needs_attention(monitored),
        *_overdue(monitored, now),
        *_drifted(monitored),
        *_unreachable(),
        *_resting_lanes(now),
        *_blocked_budgets(now),
        *_clock_differences(),
        *_source_clock_differences(monitored),
    ]
    return [*own, *(finding for detector in _detectors for finding in detector(now=now))]


def monitored_jobs() -> QuerySet[Job]:
    """Jobs that should be running: enabled, with an installed connection that isn't paused, nor its platform, and
    with an active seller."""
    stopped = PlatformSwitch.objects.values("platform")
    inactive = Seller.objects.exclude(status=Seller.Status.ACTIVE).values("pk")
    return (
        Job.objects.filter(
            enabled=True, connection__paused_at=None, connection__state__in=(Connection.State.ACTIVE, "needs_attention")
        )
        .exclude(connection__platform__in=stopped)
        .exclude(connection__seller__in=inactive)
        .select_related("connection__seller", "state")
        .order_by("pk")
    )


def _failing(jobs: QuerySet[Job]) -> list[Finding]:
    last = Run.objects.filter(job=OuterRef("pk"), scope__in=Run.SYNCS).exclude(state__in=Run.OPEN).order_by("-id")
    failed = jobs.annotate(last_state=Subquery(last.values("state")[:1]), failure=Subquery(last.values("reason")[:1]))
    return [
        _job_finding(job, Alert.Kind.FAILING, _("The last run failed: %(reason)s") % {"reason": job.failure})
        for job in failed.filter(last_state=Run.State.FAILED, state__attention="")
    ]


def _needs_attention(jobs: QuerySet[Job]) -> list[Finding]:
    return [
        _job_finding(job, Alert.Kind.ATTENTION, _("Needs action: %(reason)s") % {"reason": job.state.attention})
        for job in jobs.exclude(state__attention="")
    ]


def _overdue(jobs: QuerySet[Job], now: datetime) -> list[Finding]:
    """Jobs that should have succeeded twice since their last success, even if no run failed (N12)."""
    found = []
    scheduled = jobs.filter(paused=False).exclude(full_schedule="", partial_schedule="")
    for job in scheduled:
        if is_overdue(job=job, now=now):
            duration = timesince(_last_success(job), now)
            message = _("No successful run for %(duration)s.") % {"duration": duration}
            found.append(_job_finding(job, Alert.Kind.OVERDUE, message))
    return found


def is_overdue(*, job: Job, now: datetime) -> bool:
    """Whether one of the job's schedules has fired twice since its last success. No query if the job's state and
    connection are loaded."""
    since = _last_success(job)
    schedules = (job.full_schedule, job.partial_schedule)
    limits = [overdue_from(schedule, since=since, time_zone=job.time_zone) for schedule in schedules]
    return any(limit is not None and now > limit + OVERDUE_GRACE for limit in limits)


def _last_success(job: Job) -> datetime:
    return job.known_state.last_success_at or job.connection.created_at


def _drifted(jobs: QuerySet[Job]) -> list[Finding]:
    """Jobs whose last completed comparison found differences (N9)."""
    finished = (Run.State.DONE, Run.State.DONE_WITH_ERRORS)
    last = Run.objects.filter(job=OuterRef("pk"), scope=Run.Scope.COMPARISON, state__in=finished).order_by("-id")
    compared = jobs.annotate(last_state=Subquery(last.values("state")[:1]), found=Subquery(last.values("reason")[:1]))
    return [
        _job_finding(job, Alert.Kind.DRIFT, job.found) for job in compared.filter(last_state=Run.State.DONE_WITH_ERRORS)
    ]


def _unreachable() -> list[Finding]:
    lanes = Lane.objects.filter(failures__gte=UNREACHABLE_AFTER, paused=False).select_related("connection")
    return [
        Finding(
            Alert.Kind.UNREACHABLE,
            f"{Alert.Kind.UNREACHABLE}:{lane.pk}",
            None,
            lane.connection.seller_id,
            _("%(connection)s (%(lane)s): the last %(count)s calls failed.")
            % {"connection": lane.connection, "lane": lane.name, "count": lane.failures},
        )
        for lane in lanes
    ]


def _resting_lanes(now: datetime) -> list[Finding]:
    lanes = Lane.objects.filter(rest_until__gt=now + LONG_REST, paused=False).select_related("connection")
    return [
        Finding(
            Alert.Kind.RESTING,
            f"{Alert.Kind.RESTING}:{lane.pk}",
            None,
            lane.connection.seller_id,
            _("%(connection)s (%(lane)s) makes no calls for %(duration)s. To call at once, reset the wait of the lane.")
            % {"connection": lane.connection, "lane": lane.name, "duration": timeuntil(rest_until, now)},
        )
        for lane in lanes
        if (rest_until := lane.rest_until)
    ]


def _blocked_budgets(now: datetime) -> list[Finding]:
    return [
        Finding(
            Alert.Kind.RESTING,
            # A budget's key may contain a URL and be too long for the key of an alert.
            f"{Alert.Kind.RESTING}:budget:{blake2b(budget.key.encode(), digest_size=16).hexdigest()}",
            None,
            None,
            _("The platform accepts no calls for %(duration)s: %(budget)s. To call at once, reset the rate budget.")
            % {"budget": budget.key, "duration": timeuntil(blocked_until, now)},
        )
        for budget in RateBudget.objects.filter(blocked_until__gt=now + LONG_REST)
        if (blocked_until := budget.blocked_until)
    ]


def _source_clock_differences(jobs: QuerySet[Job]) -> list[Finding]:
    """Sources whose clocks were wrong when they were last read, one finding per connection."""
    tolerance = SOURCE_CLOCK_TOLERANCE_SECONDS
    wrong = jobs.exclude(state__source_clock_difference__range=(-tolerance, tolerance))
    found: dict[int, Finding] = {}
    for job in wrong:
        message = _(
            "The clock of %(connection)s differs from the database's by %(seconds)d seconds. Correct it: changes dated "
            "by it may be read late."
        ) % {"connection": job.connection, "seconds": job.state.source_clock_difference}
        key = f"{Alert.Kind.CLOCK}:source:{job.connection_id}"
        found.setdefault(job.connection_id, Finding(Alert.Kind.CLOCK, key, None, job.connection.seller_id, message))
    return list(found.values())


def _clock_differences() -> list[Finding]:
    """One finding for each machine: a worker's name starts with that of its machine."""
    machines = {
        worker.name.partition(":")[0]: worker.clock_ahead_seconds
        for worker in Worker.objects.all()
        if abs(worker.clock_ahead_seconds) > CLOCK_TOLERANCE_SECONDS
    }
    return [
        Finding(
            Alert.Kind.CLOCK,
            f"{Alert.Kind.CLOCK}:{machine}"[:100],
            None,
            None,
            _("The clock of %(machine)s differs from the database's by %(seconds)s seconds. Synchronize it with NTP.")
            % {"machine": machine, "seconds": f"{seconds:+.0f}"},
        )
        for machine, seconds in sorted(machines.items())
    ]


def _job_finding(job: Job, kind: Alert.Kind, message: str) -> Finding:
    return Finding(kind, f"{kind}:{job.pk}", job, job.connection.seller_id, f"{job}. {message}")


@transaction.atomic
def update_alerts(*, findings: list[Finding], now: datetime) -> tuple[int, int]:
    """Open alerts for new findings and resolve those that are gone. Returns (opened, resolved).

    Every subscribed channel gets one delivery when an alert opens and one when it is resolved.
    """
    current_keys = {finding.key for finding in findings}
    open_alerts = {alert.key: alert for alert in Alert.objects.select_for_update().filter(resolved_at=None)}
    opened = [
        Alert(
            kind=finding.kind,
            key=finding.key,
            job=finding.job,
            seller_id=finding.seller_id,
            message=finding.message,
            opened_at=now,
        )
        for finding in findings
        if finding.key not in open_alerts
    ]
    Alert.objects.bulk_create(opened, ignore_conflicts=True)
    opened = list(Alert.objects.filter(resolved_at=None, key__in=[alert.key for alert in opened]))
    resolved = [alert for key, alert in open_alerts.items() if key not in current_keys]
    Alert.objects.filter(pk__in=[alert.pk for alert in resolved]).update(resolved_at=now)
    _queue_deliveries(opened, is_resolution=False)
    _queue_deliveries(resolved, is_resolution=True)
    return len(opened), len(resolved)


@transaction.atomic
def announce(*, key: str, message: str, now: datetime) -> None:
    """Send a notification that needs no action to all channels without a seller, once per key."""
    if Alert.objects.filter(key=key).exists():
        return
    notice = Alert.objects.create(kind=Alert.Kind.NOTICE, key=key, message=message, opened_at=now, resolved_at=now)
    _queue_deliveries([notice], is_resolution=False)


def _queue_deliveries(alerts: list[Alert], *, is_resolution: bool) -> None:
    channels = list(AlertChannel.objects.filter(enabled=True))
    AlertDelivery.objects.bulk_create(
        [
            AlertDelivery(alert=alert, channel=channel, is_resolution=is_resolution)
            for alert in alerts
            for channel in channels
            if channel.seller_id in (None, alert.seller_id)
        ],
        ignore_conflicts=True,
    )


def pending_deliveries(*, channel: AlertChannel, now: datetime) -> QuerySet[AlertDelivery]:
    """Unsent deliveries of a channel that are due, oldest first.

    After n failed attempts, the next one is 2ⁿ - 1 minutes after the alert was opened or resolved. The last one is
    17 hours after it.
    """
    event = Case(When(is_resolution=True, then=F("alert__resolved_at")), default=F("alert__opened_at"))
    delay = ExpressionWrapper((Power(2, F("attempts")) - 1) * timedelta(minutes=1), output_field=DurationField())
    return (
        AlertDelivery.objects.filter(sent_at=None, channel=channel, attempts__lt=MAX_DELIVERY_ATTEMPTS)
        .alias(due_at=ExpressionWrapper(event + delay, output_field=DateTimeField()))
        .filter(due_at__lte=now)
        .select_related("alert__seller")
        .order_by("pk")
    )
