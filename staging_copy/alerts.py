"""Alerts about backups and copies: failures, pending questions and overdue runs (N12)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import User
from hub.alerts import Finding
from hub.models import Alert
from staging_copy.copying.stages import STAGE_LABELS
from staging_copy.models import Backup, Copy, CopySchedule

# A copy can take hours, and a nightly backup can start late.
_GRACE_PERIOD = timedelta(hours=6)
# A nightly backup is overdue after this time.
BACKUP_OVERDUE = timedelta(days=1) + _GRACE_PERIOD
_REHEARSAL_INTERVAL = timedelta(days=7)


def find(*, now: datetime) -> list[Finding]:
    """The current problems with backups and copies. They concern the whole installation, not a seller."""
    return [*_backups(now), *_copies(now), *_overdue(now)]


def _backups(now: datetime) -> Iterator[Finding]:
    last = Backup.objects.exclude(state__in=(Backup.State.RUNNING, Backup.State.STORED, Backup.State.DELETED)).first()
    if last is not None and last.state != Backup.State.GOOD:
        message = _("The latest live backup needs attention (%(state)s). %(problem)s")
        values = {"state": last.get_state_display(), "problem": last.problem}
        yield _finding(Alert.Kind.FAILING, "backup", message % values)
    if settings.BACKUP_STORAGE_BUCKET:
        waiting = Backup.objects.filter(state=Backup.State.GOOD, stored_at=None, finished_at__lt=now - _GRACE_PERIOD)
        if (oldest := waiting.order_by("finished_at").first()) is not None:
            message = _("Backup %(backup)s is not in the object storage yet. %(problem)s")
            yield _finding(Alert.Kind.OVERDUE, "storage", message % {"backup": oldest, "problem": oldest.problem})
    yield from _rehearsal(now)
    good = Backup.objects.filter(state=Backup.State.GOOD, origin=Backup.Origin.NIGHTLY).first()
    since = good.taken_at if good else backups_expected_since()
    if since is not None and now - since > BACKUP_OVERDUE:
        message = _("No successful nightly backup of live for %(duration)s.")
        yield _finding(Alert.Kind.OVERDUE, "backup", message % {"duration": timesince(since, now)})


def backups_expected_since() -> datetime | None:
    """Since when nightly backups should be made: since there is an account. None on staging, which makes none."""
    if settings.ENVIRONMENT == "staging":
        return None
    return User.objects.aggregate(first=Min("date_joined"))["first"]


def _rehearsal(now: datetime) -> Iterator[Finding]:
    """A backup that was never restored proves nothing. Of those that failed, only the latest backup matters."""
    latest = Backup.objects.exclude(rehearsed_at=None, rehearsal_problem="").order_by("-taken_at").first()
    if latest is not None and latest.rehearsal_problem:
        message = _("The rehearsal of a restore of backup %(backup)s failed. %(problem)s")
        values = {"backup": latest, "problem": latest.rehearsal_problem}
        yield _finding(Alert.Kind.FAILING, "rehearsal", message % values)
    first = Backup.objects.filter(origin=Backup.Origin.NIGHTLY).order_by("taken_at").first()
    last = Backup.objects.exclude(rehearsed_at=None).order_by("-rehearsed_at").first()
    since = last.rehearsed_at if last else first.taken_at if first else None
    if since is not None and now - since > _REHEARSAL_INTERVAL + _GRACE_PERIOD:
        message = _("No rehearsal of a restore has succeeded for %(duration)s.")
        yield _finding(Alert.Kind.OVERDUE, "rehearsal", message % {"duration": timesince(since, now)})


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
        # Each time that is due has a copy, whatever becomes of it; those during a pause have none.
        missed = schedule.copies.filter(not_before__gt=since).order_by("not_before").first()
        due = missed.not_before if missed else schedule.next_at
        if due is not None and now - due > _GRACE_PERIOD:
            message = _("Copy schedule “%(schedule)s” is overdue: no completed copy for %(duration)s.")
            values = {"schedule": schedule, "duration": timesince(since, now)}
            yield _finding(Alert.Kind.OVERDUE, f"schedule:{schedule.pk}", message % values)


def _finding(kind: Alert.Kind, about: str, message: str) -> Finding:
    return Finding(kind, f"{kind}:staging_copy:{about}", None, None, message)
