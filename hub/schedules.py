"""Schedules: an interval (`90s`, `15m`, `6h`, `1d`) or a crontab in a time zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_INTERVAL = re.compile(r"(\d{1,6})\s*([smhdw])", re.ASCII)
_LONGEST = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class InvalidSchedule(ValueError):
    """A stored schedule or time zone that cannot be used."""


def parse_interval(schedule: str) -> timedelta | None:
    """The interval of a schedule, or None if it is a crontab."""
    match = _INTERVAL.fullmatch(schedule.strip())
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def validate_schedule(schedule: str) -> None:
    """Raise ValidationError unless it is an interval of a second to a year, or a crontab that fires at some time."""
    interval = parse_interval(schedule)
    if interval is not None:
        if interval < timedelta(seconds=1):
            raise ValidationError(_("The interval must be at least 1 second (1s)."))
        if interval > _LONGEST:
            raise ValidationError(_("The interval must be at most a year (366d)."))
        return
    try:
        next(CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValidationError(
            _("Enter an interval such as 15m, 6h or 1d, or a crontab with five fields such as 0 3 * * 0.")
        ) from error


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless it is an IANA time zone, for example Europe/Berlin."""
    if name not in available_timezones():
        raise ValidationError(
            _('"%(name)s" isn\'t a time zone. Enter one such as Europe/Berlin or UTC.'), params={"name": name}
        )


def next_time(schedule: str, *, after: datetime, time_zone: str = "UTC") -> datetime | None:
    """The first time (UTC) after `after` at which the schedule fires, or None if the schedule is empty.

    Crontabs are evaluated in `time_zone`. A time in the hour skipped by daylight saving fires at the end of that hour,
    and a time in the repeated hour fires once. Raises InvalidSchedule.
    """
    if not schedule:
        return None
    try:
        interval = parse_interval(schedule)
        if interval is not None:
            return after + interval
        return next(CronSim(schedule, after.astimezone(ZoneInfo(time_zone)))).astimezone(UTC)
    except (CronSimError, StopIteration, OverflowError, ValueError, ZoneInfoNotFoundError) as error:
        raise InvalidSchedule(f"{schedule} in {time_zone}") from error


def overdue_from(schedule: str, *, since: datetime, time_zone: str = "UTC") -> datetime | None:
    """When a schedule whose last success was at `since` is overdue (UTC): at its second firing after that. None if it
    is empty or invalid: that is reported where runs are started."""
    try:
        first = next_time(schedule, after=since, time_zone=time_zone)
        return next_time(schedule, after=first, time_zone=time_zone) if first else None
    except InvalidSchedule:
        return None
