"""When a job is due: an interval (`90s`, `15m`, `6h`, `1d`) or a crontab in a time zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError

_INTERVAL = re.compile(r"(\d{1,6})\s*([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_interval(schedule: str) -> timedelta | None:
    """The length of an interval schedule, None for a crontab."""
    match = _INTERVAL.fullmatch(schedule.strip())
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def validate_schedule(schedule: str) -> None:
    """ValidationError unless it is an interval of at least a second or a crontab that ever fires."""
    interval = parse_interval(schedule)
    if interval is not None:
        if interval < timedelta(seconds=1):
            raise ValidationError("An interval must be at least one second: write 1s or more.")
        return
    try:
        next(CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValidationError(
            "Write an interval such as 15m, 6h or 1d, or a crontab of five fields such as 0 3 * * 0."
        ) from error


def validate_time_zone(name: str) -> None:
    """ValidationError unless it is a zone of the time zone database, such as Europe/Berlin."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is no time zone: write one such as Europe/Berlin, or UTC.")


def next_time(schedule: str, *, after: datetime, time_zone: str = "UTC") -> datetime | None:
    """The first time (UTC) that the schedule fires after `after`; None for an empty schedule.

    A crontab is read in `time_zone`; the hour that daylight saving skips fires at its end, the doubled one once.
    """
    if not schedule:
        return None
    interval = parse_interval(schedule)
    if interval is not None:
        return after + interval
    return next(CronSim(schedule, after.astimezone(ZoneInfo(time_zone)))).astimezone(UTC)


def time_between_runs(schedule: str, *, after: datetime, time_zone: str = "UTC") -> timedelta:
    """The time between two firings, for saying that one is overdue; zero for an empty schedule."""
    first = next_time(schedule, after=after, time_zone=time_zone) or after
    return (next_time(schedule, after=first, time_zone=time_zone) or first) - first
