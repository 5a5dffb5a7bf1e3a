"""The console's first page: what an operator wants to know before anything else."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil

from accounts.admin_base import COUNT_LIMIT
from hub.models import Change, Connection, JobState, Lane, Run, Worker
from hub.workers import HEARTBEAT_INTERVAL
from staging_copy.models import Backup, Copy, CopySchedule
from synccenter.unfold import may_view
from synclog.models import Issue


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold asks for this when it renders the index: `cards`, and lists of what waits or runs."""
    now = timezone.now()
    return context | {
        "title": "How it stands",
        "cards": [card for card in [*_cards(now), *_staging_cards(now)] if may_view(request, card["label"])],
        "waiting_jobs": _waiting_jobs() if may_view(request, "hub.job") else [],
        "open_runs": _open_runs() if may_view(request, "hub.run") else [],
    }


def _cards(now: datetime) -> list[dict[str, Any]]:
    lanes = Lane.objects.aggregate(
        due=Count("pk", Q(due=True, paused=False, lease_until=None)),
        leased=Count("pk", Q(lease_until__gt=now)),
        resting=Count("pk", Q(rest_until__gt=now)),
        paused=Count("pk", Q(paused=True)),
    )
    runs = Run.objects.filter(state__in=Run.OPEN)
    # A run that failed within a day was hardly begun more than a week ago, and only its beginning is indexed.
    failed = Run.objects.filter(
        created_at__gt=now - timedelta(days=7), finished_at__gt=now - timedelta(days=1), state=Run.State.FAILED
    )
    oldest = Change.objects.filter(state=Change.State.READY).order_by("pk").first()
    held = Change.objects.filter(state=Change.State.HELD)
    seen = Worker.objects.filter(seen_at__gt=now - 3 * HEARTBEAT_INTERVAL).count()
    needs_attention = Connection.objects.filter(state=Connection.State.NEEDS_ATTENTION).count()
    return [
        _card("Open issues", _capped_count(Issue.objects.filter(resolved_at=None)), "synclog.issue"),
        _card(
            "Changes held for a person", _capped_count(held), "hub.change", "?state__exact=held", alarm=held.exists()
        ),
        _card("Failed runs, last 24 hours", failed.count(), "hub.run", "?state__exact=failed", alarm=failed.exists()),
        _card(
            "Connections needing you",
            needs_attention,
            "hub.connection",
            "?state__exact=needs_attention",
            alarm=bool(needs_attention),
        ),
        _card("Runs under way", runs.count(), "hub.run"),
        _card(
            "Oldest waiting change",
            timesince(oldest.created_at, now) if oldest else "none",
            "hub.change",
            "?state__exact=ready",
            alarm=oldest is not None and now - oldest.created_at > timedelta(hours=1),
        ),
        _card(
            "Lanes",
            f"{lanes['leased']} at work",
            "hub.lane",
            note=f"{lanes['due']} due, {lanes['resting']} resting after failures, {lanes['paused']} paused",
            alarm=bool(lanes["resting"]),
        ),
        _card(
            "Workers seen",
            seen,
            "hub.worker",
            note="" if seen else "Nothing is synced until one starts.",
            alarm=not seen,
        ),
    ]


def _staging_cards(now: datetime) -> list[dict[str, Any]]:
    backup = Backup.objects.filter(state=Backup.State.GOOD).order_by("-taken_at").first()
    last = Copy.objects.exclude(state__in=(Copy.State.PLANNED, Copy.State.CANCELLED)).order_by("-pk").first()
    times = [
        *Copy.objects.filter(state=Copy.State.PLANNED).order_by("not_before").values_list("not_before", flat=True)[:1],
        *CopySchedule.objects.filter(paused=False).order_by("next_at").values_list("next_at", flat=True)[:1],
    ]
    upcoming = min((time for time in times if time), default=None)
    return [
        _card(
            "Last good backup",
            f"{timesince(backup.taken_at, now, depth=1)} old" if backup else "none",
            "staging_copy.backup",
            note="" if backup else "A copy to staging reads it.",
            # They are nightly; one may be under way.
            alarm=backup is not None and now - backup.taken_at > timedelta(hours=30),
        ),
        _card(
            "Last copy to staging",
            f"{timesince(last.created_at, now, depth=1)} ago" if last else "none",
            "staging_copy.copy",
            note=last.get_state_display() if last else "",
            alarm=last is not None and last.state in (Copy.State.FAILED, Copy.State.UNCHECKED, Copy.State.ASKING),
        ),
        _card(
            "Next copy to staging",
            f"in {timeuntil(upcoming, now, depth=1)}" if upcoming and upcoming > now else "now" if upcoming else "none",
            "staging_copy.copyschedule",
        ),
    ]


def _card(
    title: str, value: object, label: str, query: str = "", *, note: str = "", alarm: bool = False
) -> dict[str, Any]:
    address = reverse(f"admin:{label.replace('.', '_')}_changelist") + query
    return {"title": title, "value": value, "note": note, "alarm": alarm, "address": address, "label": label}


def _capped_count(rows: QuerySet[Any]) -> str:
    number = rows.order_by()[: COUNT_LIMIT + 1].count()
    return f"more than {COUNT_LIMIT:,}" if number > COUNT_LIMIT else f"{number:,}"


def _waiting_jobs() -> QuerySet[JobState]:
    return JobState.objects.exclude(attention="").select_related("job__connection__seller").order_by("pk")[:20]


def _open_runs() -> QuerySet[Run]:
    return Run.objects.filter(state__in=Run.OPEN).select_related("job__connection").order_by("-pk")[:20]
