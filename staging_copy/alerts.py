"""Alerts about backups and copies: failures, pending questions and overdue runs (N12)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from hub.alerts import Finding
from hub.models import Alert
from hub.schedules import time_between_runs
from staging_copy.copier import STAGE_LABELS
from staging_copy.models import Backup, Copy, CopySchedule

# A copy can take hours, and a nightly backup can start late.
_GRACE_PERIOD = timedelta(hours=6)


def find(*, now: datetime) -> list[Finding]:
    """The current problems with backups and copies. They concern the whole installation, not a seller."""
    return [*_backups(now), *_copies(now), *_overdue(now)]


def _backups(now: datetime) -> Iterator[Finding]:
    last = Backup.objects.exclude(state__in=(Backup.State.RUNNING, Backup.State.DELETED)).first()
    if last is None:
        return
    if last.state != Backup.State.GOOD:
        message = _("The latest live backup needs attention (%(state)s). %(problem)s")
        values = {"state": last.get_state_display(), "problem": last.problem}
        yield _finding(Alert.Kind.FAILING, "backup", message % values)
    good = Backup.objects.filter(state=Backup.State.GOOD, origin=Backup.Origin.NIGHTLY).first()
    if good is not None and now - good.taken_at > timedelta(days=1) + _GRACE_PERIOD:
        message = _("No successful nightly backup of live for %(duration)s.")
        yield _finding(Alert.Kind.OVERDUE, "backup", message % {"duration": timesince(good.taken_at, now)})


def _copies(now: datetime) -> Iterator[Finding]:
    last = Copy.objects.exclude(state__in=(Copy.State.PLANNED, Copy.State.CANCELLED, Copy.State.ROLLED_BACK)).first()
    if last is None:
        return
    if last.state == Copy.State.FAILED:
        message = _("Live-to-staging %(copy)s failed. %(problem)s")
        yield _finding(Alert.Kind.FAILING, "copy", message % {"copy": last, "problem": last.problem})
    elif last.state in (Copy.State.RUNNING, Copy.State.CHECKING):
        since = last.started_at or last.created_at
        if now - since > _GRACE_PERIOD:
            message = _(
                "Live-to-staging %(copy)s has been running for %(duration)s (stage: %(stage)s). "
                "Check the copier's log. If the copy is stuck, restart the copier."
            )
            values = {"copy": last, "duration": timesince(since, now), "stage": STAGE_LABELS.get(last.stage, "-")}
            yield _finding(Alert.Kind.ATTENTION, "copy", message % values)
    elif last.state == Copy.State.ASKING:
        message = _("Live-to-staging %(copy)s needs your answer before it can finish.")
        yield _finding(Alert.Kind.ATTENTION, "copy", message % {"copy": last})
    elif last.state == Copy.State.UNCHECKED:
        message = _("Live-to-staging %(copy)s could not be verified. Fix the problem, then check again. %(problem)s")
        yield _finding(Alert.Kind.ATTENTION, "copy", message % {"copy": last, "problem": last.problem})


def _overdue(now: datetime) -> Iterator[Finding]:
    for schedule in CopySchedule.objects.filter(paused=False):
        last = schedule.copies.filter(state__in=(*Copy.IN_PLACE, Copy.State.ROLLED_BACK)).first()
        since = last.not_before if last else schedule.created_at
        if now - since > time_between_runs(schedule.crontab, after=since, time_zone=schedule.time_zone) + _GRACE_PERIOD:
            message = _("Copy schedule “%(schedule)s” is overdue: no completed copy for %(duration)s.")
            values = {"schedule": schedule, "duration": timesince(since, now)}
            yield _finding(Alert.Kind.OVERDUE, f"schedule:{schedule.pk}", message % values)


def _finding(kind: Alert.Kind, about: str, message: str) -> Finding:
    return Finding(kind, f"{kind}:staging_copy:{about}", None, None, message)
