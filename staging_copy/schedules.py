"""Recurring copies (L2): computes when schedules are due, and plans a copy each time."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event as audit
from hub.schedules import next_time
from staging_copy.models import Copy, CopySchedule

# Copies in these states prevent another copy of the same schedule.
_ACTIVE_STATES = (Copy.State.PLANNED, Copy.State.RUNNING, Copy.State.CHECKING)


def next_times(schedule: CopySchedule, *, after: datetime, count: int = 5) -> list[datetime]:
    """The next `count` run times after `after`, in UTC."""
    times: list[datetime] = []
    while len(times) < count:
        following = next_time(schedule.crontab, after=times[-1] if times else after, time_zone=schedule.time_zone)
        if following is None:
            break
        times.append(following)
    return times


@transaction.atomic
def save_schedule(*, schedule: CopySchedule, by: User | None, now: datetime) -> CopySchedule:
    """Saves a new or changed schedule and computes its next run time."""
    if schedule._state.adding:
        schedule.created_by = by
    schedule.next_at = next_time(schedule.crontab, after=now, time_zone=schedule.time_zone)
    schedule.save()
    audit(user=by, action="copy.schedule", target=schedule, crontab=schedule.crontab, time_zone=schedule.time_zone)
    return schedule


@transaction.atomic
def set_paused(*, schedule: CopySchedule, paused: bool, by: User | None, now: datetime) -> None:
    """Pauses or resumes a schedule. After resuming, runs missed during the pause are not made up."""
    following = next_time(schedule.crontab, after=now, time_zone=schedule.time_zone)
    CopySchedule.objects.filter(pk=schedule.pk).update(paused=paused, next_at=following)
    audit(user=by, action="copy.schedule.pause" if paused else "copy.schedule.resume", target=schedule)


def plan_due(*, now: datetime) -> int:
    """Plans a copy for each due schedule; returns how many. Safe to call concurrently.

    Several missed run times lead to a single copy.
    """
    planned = 0
    for schedule in CopySchedule.objects.filter(paused=False, next_at__lte=now):
        following = next_time(schedule.crontab, after=now, time_zone=schedule.time_zone)
        with transaction.atomic():
            due = CopySchedule.objects.filter(pk=schedule.pk, paused=False, next_at=schedule.next_at)
            if due.update(next_at=following):
                planned += _plan(schedule, now)
    return planned


def _plan(schedule: CopySchedule, now: datetime) -> bool:
    earlier = Copy.objects.filter(schedule=schedule, state__in=_ACTIVE_STATES).first()
    copy = Copy(schedule=schedule, requested_by=schedule.created_by, not_before=schedule.next_at or now)
    if earlier is not None:
        copy.state, copy.finished_at = Copy.State.CANCELLED, now
        message = _("Skipped because %(copy)s of the same schedule has not finished. Its status: %(state)s.")
        copy.problem = message % {"copy": earlier, "state": earlier.get_state_display()}
    copy.save()
    return earlier is None
