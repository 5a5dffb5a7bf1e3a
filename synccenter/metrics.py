"""Metrics for Prometheus (O1): what they are called, what they count, and the endpoint that serves them.

Most are read from PostgreSQL when they are asked for, by queries that stay cheap at a million rows: exact numbers
where there are few rows, otherwise up to a limit. Request durations are counted in the web processes, which share
files in PROMETHEUS_MULTIPROC_DIR (synccenter/wsgi.py). No label holds a name, an address or a text of a person.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_celery_beat.models import PeriodicTask
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from connectors.models import FeedImport, WebhookEvent, WebhookRefusal
from hub.models import Alert, Change, Connection, Lane, RateBudget, Run, RunCounter, Worker
from hub.workers import count_alive
from staging_copy.models import Backup, Copy
from synclog.models import Issue

# Rows that are counted one by one at most, where there may be a million.
COUNT_LIMIT = 10_000
# Runs take less than a week, so the indexed `created_at` finds those that ended within the last hour.
_LONGEST_RUN = timedelta(days=7)

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric. `read` returns its samples as (values of the labels, value) for a time."""

    name: str
    description: str
    labels: tuple[str, ...]
    read: Callable[[datetime], Iterable[Sample]]


def _value(number: float | None) -> list[Sample]:
    return [] if number is None else [((), number)]


def _up_to_limit(rows: QuerySet[Any]) -> list[Sample]:
    return _value(rows.order_by()[:COUNT_LIMIT].count())


def _seconds(since: datetime | None, now: datetime) -> list[Sample]:
    return _value(max(0.0, (now - since).total_seconds()) if since else 0.0)


def _time(moment: datetime | None) -> list[Sample]:
    """A time in seconds since 1970, UTC; no sample if it has not happened yet."""
    return _value(moment.timestamp() if moment else None)


def _backup_time() -> list[Sample]:
    last = Backup.objects.filter(state=Backup.State.GOOD).aggregate(last=Max("taken_at"))["last"]
    return _time(last) or ([] if settings.ENVIRONMENT == "staging" else _value(0.0))


def _by(rows: QuerySet[Any], *labels: str, known: Iterable[str] = ()) -> list[Sample]:
    """Rows by the values of the labels. Values that are known beforehand are there even if they have no rows."""
    counted = rows.order_by().values_list(*labels).annotate(number=Count("pk"))
    found: dict[tuple[str, ...], float] = {(value,): 0 for value in known}
    found |= {tuple(str(value) for value in row[:-1]): row[-1] for row in counted}
    return list(found.items())


def _lanes(now: datetime) -> list[Sample]:
    states = Lane.objects.aggregate(
        queued=Count("pk", Q(due=True, paused=False, leased_by="")),
        running=Count("pk", Q(lease_until__gt=now)),
        backing_off=Count("pk", Q(rest_until__gt=now)),
        paused=Count("pk", Q(paused=True)),
    )
    return [((state,), number) for state, number in states.items()]


def _ready_since(now: datetime) -> list[Sample]:
    oldest = Change.objects.filter(state=Change.State.READY).order_by("pk").values_list("created_at", flat=True).first()
    return _seconds(oldest, now)


def _ended(now: datetime) -> QuerySet[Run]:
    hour = timedelta(hours=1)
    return Run.objects.filter(created_at__gt=now - _LONGEST_RUN, finished_at__gt=now - hour)


def _outcomes(now: datetime) -> list[Sample]:
    sums = RunCounter.objects.filter(run__in=_ended(now)).aggregate(
        **{name: Sum(name, default=0) for name in RunCounter.Outcome}
    )
    return [((name,), number) for name, number in sums.items()]


def _budgets(now: datetime) -> list[Sample]:
    """By platform, which is the first part of a budget's key; the rest names an account."""
    left: dict[str, float] = {}
    for key, tokens in RateBudget.objects.values_list("key", "tokens"):
        platform = key.partition(":")[0]
        left[platform] = min(tokens, left.get(platform, tokens))
    return [((platform,), tokens) for platform, tokens in left.items()]


_PENDING_EVENTS = WebhookEvent.objects.filter(state=WebhookEvent.State.PENDING)

GAUGES = (
    Gauge("synccenter_lanes", "Lanes by state; one lane may be counted in several", ("state",), _lanes),
    Gauge(
        "synccenter_changes_oldest_ready_seconds", "Age of the oldest change that waits to be sent", (), _ready_since
    ),
    Gauge(
        "synccenter_changes_delayed",
        f"Changes that wait for a retry (up to {COUNT_LIMIT:,})",
        (),
        lambda now: _up_to_limit(Change.objects.filter(state=Change.State.DELAYED)),
    ),
    Gauge(
        "synccenter_changes_held",
        f"Changes that wait for a person (up to {COUNT_LIMIT:,})",
        (),
        lambda now: _up_to_limit(Change.objects.filter(state=Change.State.HELD)),
    ),
    Gauge(
        "synccenter_runs_open",
        "Runs that have not ended",
        ("state",),
        lambda now: _by(Run.objects.filter(state__in=Run.OPEN), "state", known=Run.OPEN),
    ),
    Gauge(
        "synccenter_runs_ended_last_hour",
        "Runs that ended in the last hour",
        ("state",),
        lambda now: _by(_ended(now), "state", known=set(Run.State.values) - set(Run.OPEN)),
    ),
    Gauge(
        "synccenter_items_last_hour",
        "Items of the runs that ended in the last hour, by outcome",
        ("outcome",),
        _outcomes,
    ),
    Gauge(
        "synccenter_api_calls_last_hour",
        "Calls to platforms by the runs that ended in the last hour",
        ("platform",),
        lambda now: [
            ((platform,), calls)
            for platform, calls in _ended(now)
            .order_by()
            .values_list("job__connection__platform")
            .annotate(calls=Sum("api_calls"))
        ],
    ),
    Gauge(
        "synccenter_budget_requests_left",
        "Requests left in the fullest-used budget of a platform",
        ("platform",),
        _budgets,
    ),
    Gauge(
        "synccenter_connections",
        "Connections by platform and state",
        ("platform", "state"),
        lambda now: _by(Connection.objects.all(), "platform", "state"),
    ),
    Gauge(
        "synccenter_alerts_open",
        "Alerts that are not resolved",
        ("kind",),
        lambda now: _by(Alert.objects.filter(resolved_at=None), "kind", known=Alert.Kind.values),
    ),
    Gauge(
        "synccenter_issues_open",
        f"Issues that are not resolved (up to {COUNT_LIMIT:,})",
        (),
        lambda now: _up_to_limit(Issue.objects.filter(resolved_at=None)),
    ),
    Gauge(
        "synccenter_webhook_events_pending",
        f"Webhook events that wait to be processed (up to {COUNT_LIMIT:,})",
        (),
        lambda now: _up_to_limit(_PENDING_EVENTS),
    ),
    Gauge(
        "synccenter_webhook_events_oldest_pending_seconds",
        "Age of the oldest webhook event that waits to be processed",
        (),
        lambda now: _seconds(_PENDING_EVENTS.aggregate(oldest=Min("received_at"))["oldest"], now),
    ),
    Gauge(
        "synccenter_webhook_rejections_today",
        "Webhook requests that were rejected today (UTC)",
        ("reason",),
        lambda now: [
            ((reason,), number)
            for reason, number in WebhookRefusal.objects.filter(day=now.date())
            .order_by()
            .values_list("reason")
            .annotate(total=Sum("number"))
        ],
    ),
    Gauge(
        "synccenter_feed_imports_open",
        "Imports of search feeds that have not ended",
        ("state",),
        lambda now: _by(FeedImport.objects.filter(finished_at=None), "state"),
    ),
    Gauge(
        "synccenter_workers",
        "Workers that are alive",
        (),
        lambda now: _value(count_alive(now=now)),
    ),
    Gauge(
        "synccenter_worker_clock_ahead_seconds",
        "The largest difference between a worker's clock and PostgreSQL's, ahead or behind",
        (),
        lambda now: _value(
            max((abs(ahead) for ahead in Worker.objects.values_list("clock_ahead_seconds", flat=True)), default=0.0)
        ),
    ),
    Gauge(
        "synccenter_beat_last_task_timestamp_seconds",
        "When beat last started a task; it saves this every three minutes",
        (),
        lambda now: _time(PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]),
    ),
    Gauge(
        "synccenter_backup_last_success_timestamp_seconds",
        "The time of live in its newest good backup, 0 if there is none; absent on staging, which makes none",
        (),
        lambda now: _backup_time(),
    ),
    Gauge(
        "synccenter_copy_last_success_timestamp_seconds",
        "When the last copy to staging ended successfully",
        (),
        lambda now: _time(Copy.objects.filter(state=Copy.State.DONE).aggregate(last=Max("finished_at"))["last"]),
    ),
    Gauge(
        "synccenter_copies_running",
        "Copies to staging under way, by stage",
        ("stage",),
        lambda now: _by(Copy.objects.filter(state__in=Copy.UNDER_WAY), "stage"),
    ),
)

REQUEST_SECONDS = Histogram(
    "synccenter_request_duration_seconds",
    "Durations of answers to HTTP requests",
    ("view", "status"),
    registry=None,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class DatabaseCollector:
    """Reads all gauges for a scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.description, labels=gauge.labels)
            for labels, value in gauge.read(now):
                family.add_metric(labels, value)
            yield family


def measure_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that counts requests by view and class of status (`2xx`), and their durations."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else ""
        REQUEST_SECONDS.labels(view or "unknown", f"{response.status_code // 100}xx").observe(
            time.perf_counter() - started
        )
        return response

    return middleware


@never_cache
@require_safe
def metrics(request: HttpRequest, *, requests_only: bool = False) -> HttpResponse:
    """All metrics as text, with `Authorization: Bearer METRICS_TOKEN`; 404 without that setting.

    `requests_only`: only those of this web server's requests, for installations that have several web servers.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponse("Set METRICS_TOKEN to enable metrics.", status=404, content_type="text/plain")
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        answer = HttpResponse("The token is missing or wrong.", status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry()
    if not requests_only:
        registry.register(DatabaseCollector())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REQUEST_SECONDS)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
