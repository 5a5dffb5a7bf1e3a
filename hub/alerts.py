"""What deserves an alert, found in the rows; and which channels are owed a word about it.

Nothing is sent here: connectors.alerting does that, outside any transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.timesince import timesince

from hub.models import Alert, AlertChannel, AlertDelivery, Connection, Job, Lane, Run
from hub.schedules import time_between_runs

# A lane that rests this long is more than a hiccup.
UNREACHABLE_AFTER = 6
# A schedule may be missed once, and by a little, before anybody is woken.
OVERDUE_GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Alert.Kind
    key: str
    job: Job | None
    seller_id: int | None
    message: str


class Detector(Protocol):
    """Says what is wrong now, in a few queries."""

    def __call__(self, *, now: datetime) -> Iterable[Finding]: ...


_detectors: list[Detector] = []


def register_detector(detector: Detector) -> None:
    """For rooms above this one, when Django starts: what else deserves an alert."""
    if detector not in _detectors:
        _detectors.append(detector)


def collect_findings(*, now: datetime) -> list[Finding]:
    """Everything that is wrong now. A few queries over jobs and lanes, none over items."""
    monitored = monitored_jobs()
    own = [
        *_failing(monitored),
        *_needs_attention(monitored),
        *_overdue(monitored, now),
        *_drifted(monitored),
        *_unreachable(),
    ]
    return [*own, *(finding for detector in _detectors for finding in detector(now=now))]


def monitored_jobs() -> QuerySet[Job]:
    """Those that people expect to work: nobody has switched them off."""
    return Job.objects.filter(
        enabled=True, connection__paused_at=None, connection__state__in=(Connection.State.ACTIVE, "needs_attention")
    ).select_related("connection__seller", "state")


def _failing(jobs: QuerySet[Job]) -> list[Finding]:
    last = Run.objects.filter(job=OuterRef("pk"), scope__in=Run.SYNCS).exclude(state__in=Run.OPEN).order_by("-id")
    failed = jobs.annotate(last_state=Subquery(last.values("state")[:1]), why=Subquery(last.values("reason")[:1]))
    return [
        _job_finding(job, Alert.Kind.FAILING, f"The last run failed: {job.why}")
        for job in failed.filter(last_state=Run.State.FAILED, state__attention="")
    ]


def _needs_attention(jobs: QuerySet[Job]) -> list[Finding]:
    return [
        _job_finding(job, Alert.Kind.ATTENTION, f"Waits for a person: {job.state.attention}")
        for job in jobs.exclude(state__attention="")
    ]


def _overdue(jobs: QuerySet[Job], now: datetime) -> list[Finding]:
    """Jobs that have not succeeded for two lengths of their closest schedule, though nothing failed (N12)."""
    found = []
    scheduled = jobs.filter(paused=False).exclude(full_schedule="", partial_schedule="")
    for job in scheduled:
        lengths = [
            time_between_runs(schedule, after=now, time_zone=job.time_zone)
            for schedule in (job.full_schedule, job.partial_schedule)
            if schedule
        ]
        since = job.state.last_success_at or job.connection.created_at
        if now - since > 2 * min(lengths) + OVERDUE_GRACE:
            found.append(_job_finding(job, Alert.Kind.OVERDUE, f"No success for {timesince(since, now)}."))
    return found


def _drifted(jobs: QuerySet[Job]) -> list[Finding]:
    """Jobs whose last comparison that came to an end found differences (N9)."""
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
            f"{lane.connection}: {lane.failures} calls in a row failed ({lane.name}).",
        )
        for lane in lanes
    ]


def _job_finding(job: Job, kind: Alert.Kind, message: str) -> Finding:
    return Finding(kind, f"{kind}:{job.pk}", job, job.connection.seller_id, f"{job}. {message}")


@transaction.atomic
def update_alerts(*, findings: list[Finding], now: datetime) -> tuple[int, int]:
    """Open alerts for new findings, resolve those that are found no more: (opened, resolved).

    Each opening and each end is owed once to every channel that listens; a finding that stays is owed nothing more.
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


def pending_deliveries(*, channel: AlertChannel) -> QuerySet[AlertDelivery]:
    """What a channel has yet to be told, oldest first. After five failed tries a message is given up."""
    return (
        AlertDelivery.objects.filter(Q(sent_at=None), channel=channel, attempts__lt=5)
        .select_related("alert__seller")
        .order_by("pk")
    )
