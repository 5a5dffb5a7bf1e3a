"""Copies that repeat (L2): when they are due, and the planned copy that each firing leaves."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event as audit
from hub.schedules import next_time
from staging_copy.models import Copy, CopySchedule

# What stands in the way of another copy of the same schedule.
_ACTIVE_STATES = (Copy.State.PLANNED, Copy.State.RUNNING, Copy.State.CHECKING)


def next_times(schedule: CopySchedule, *, after: datetime, count: int = 5) -> list[datetime]:
    """The next firings, in UTC."""
    times: list[datetime] = []
    for _ in range(count):
        following = next_time(schedule.crontab, after=times[-1] if times else after, time_zone=schedule.time_zone)
        if following is None:
            break
        times.append(following)
    return times


@transaction.atomic
def save_schedule(*, schedule: CopySchedule, by: User | None, now: datetime) -> CopySchedule:
    """Writes it down, new or changed, and computes when it fires next."""
    if schedule._state.adding:
        schedule.created_by = by
    schedule.next_at = next_time(schedule.crontab, after=now, time_zone=schedule.time_zone)
    schedule.save()
    audit(user=by, action="copy.schedule", target=schedule, crontab=schedule.crontab, time_zone=schedule.time_zone)
    return schedule


@transaction.atomic
def set_paused(*, schedule: CopySchedule, paused: bool, by: User | None, now: datetime) -> None:
    """A paused schedule fires no more; resumed, it fires at its next time, and makes up for nothing."""
    following = next_time(schedule.crontab, after=now, time_zone=schedule.time_zone)
    CopySchedule.objects.filter(pk=schedule.pk).update(paused=paused, next_at=following)
    audit(user=by, action="copy.schedule.pause" if paused else "copy.schedule.resume", target=schedule)


def plan_due(*, now: datetime) -> int:
    """Plans a copy for each schedule whose time has come; returns how many. Two callers plan none twice.

    Times that were missed while nothing ran are made up for once, together.
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
        copy.problem = f"Not begun: {earlier} of the same schedule is {earlier.get_state_display()}."
    copy.save()
    return earlier is None
