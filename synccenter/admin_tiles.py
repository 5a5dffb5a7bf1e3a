"""Tiles of the console's home: the engine's figures, and the state of staging."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _

from common.admin import COUNT_LIMIT
from hub.models import Change, Lane, Run
from hub.workers import count_alive
from staging_copy.alerts import BACKUP_OVERDUE, backups_expected_since
from staging_copy.models import Backup, Copy, CopySchedule


def engine_tiles(now: datetime) -> list[dict[str, Any]]:
    lanes = Lane.objects.aggregate(
        queued=Count("pk", Q(due=True, paused=False, lease_until=None)),
        running=Count("pk", Q(lease_until__gt=now)),
        backing_off=Count("pk", Q(rest_until__gt=now)),
        paused=Count("pk", Q(paused=True)),
    )
    runs = Run.objects.filter(state__in=Run.OPEN)
    # Only `created_at` is indexed; runs take less than a week, so this includes every run that failed in the last day.
    failed = Run.objects.filter(
        created_at__gt=now - timedelta(days=7), finished_at__gt=now - timedelta(days=1), state=Run.State.FAILED
    ).count()
    oldest = Change.objects.filter(state=Change.State.READY).order_by("pk").first()
    held = _capped_count(Change.objects.filter(state=Change.State.HELD))
    workers = count_alive(now=now)
    return [
        _card(_("Changes that need action"), held, "hub.change", "?state__exact=held", alarm=held != "0"),
        _card(_("Failed runs (last 24 hours)"), failed, "hub.run", "?state=failed", alarm=failed > 0),
        _card(_("Active runs"), runs.count(), "hub.run", "?state=open"),
        _card(
            _("Queue lag"),
            _age(oldest.created_at, now) if oldest else _("0 s"),
            "hub.change",
            "?state__exact=ready",
            alarm=oldest is not None and now - oldest.created_at > timedelta(hours=1),
        ),
        _card(
            _("Lanes"),
            _("%(running)d running") % lanes,
            "hub.lane",
            note=_("%(queued)d queued · %(backing_off)d backing off · %(paused)d paused") % lanes,
            alarm=bool(lanes["backing_off"]),
        ),
        _card(
            _("Active workers"),
            workers,
            "hub.worker",
            note="" if workers else _("Nothing syncs until a worker starts."),
            alarm=not workers,
        ),
    ]


def staging_tiles(now: datetime) -> list[dict[str, Any]]:
    backup = Backup.objects.filter(state=Backup.State.GOOD).order_by("-taken_at").first()
    last = Copy.objects.exclude(state__in=(Copy.State.PLANNED, Copy.State.CANCELLED)).order_by("-pk").first()
    times = [
        *Copy.objects.filter(state=Copy.State.PLANNED).order_by("not_before").values_list("not_before", flat=True)[:1],
        *CopySchedule.objects.filter(paused=False).order_by("next_at").values_list("next_at", flat=True)[:1],
    ]
    upcoming = min((time for time in times if time), default=None)
    if upcoming is None:
        next_copy = _("Not scheduled")
    elif upcoming > now:
        next_copy = _("In %(duration)s") % {"duration": timeuntil(upcoming, now, depth=1)}
    else:
        next_copy = _("Starting")
    since = backup.taken_at if backup else backups_expected_since()
    overdue = since is not None and now - since > BACKUP_OVERDUE
    note = "" if backup else _("The first nightly backup is made at 00:30 UTC. Copies to staging need one.")
    if overdue:
        note = _("Open this page and select “Back up live now”. If it stays queued, start the copier.")
    return [
        _card(
            _("Last verified backup"),
            _ago(backup.taken_at, now) if backup else _("None"),
            "staging_copy.backup",
            note=note,
            alarm=overdue,
        ),
        _card(
            _("Last copy to staging"),
            _ago(last.created_at, now) if last else _("None"),
            "staging_copy.copy",
            note=last.get_state_display() if last else "",
            alarm=last is not None and last.state in (Copy.State.FAILED, Copy.State.UNCHECKED, Copy.State.ASKING),
        ),
        _card(_("Next copy to staging"), next_copy, "staging_copy.copyschedule"),
    ]


def _ago(timestamp: datetime, now: datetime) -> str:
    """The largest unit only: "5 hours ago"."""
    return _("%(duration)s ago") % {"duration": timesince(timestamp, now, depth=1)}


def _age(timestamp: datetime, now: datetime) -> str:
    """A duration with seconds below a minute, where `timesince` would say "0 minutes"."""
    seconds = int((now - timestamp).total_seconds())
    return _("%(seconds)d s") % {"seconds": max(seconds, 0)} if seconds < 60 else timesince(timestamp, now)


def _card(
    title: str, value: object, label: str, query: str = "", *, note: str = "", alarm: bool = False
) -> dict[str, Any]:
    address = reverse(f"admin:{label.replace('.', '_')}_changelist") + query
    return {"title": title, "value": value, "note": note, "alarm": alarm, "address": address, "label": label}


def _capped_count(rows: QuerySet[Any]) -> str:
    """An exact number up to the limit, above it "10,000+"; counting more would slow the page down."""
    number = rows.order_by()[: COUNT_LIMIT + 1].count()
    return f"{COUNT_LIMIT:,}+" if number > COUNT_LIMIT else f"{number:,}"
