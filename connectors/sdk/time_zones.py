"""Days of a shop as moments: its prices begin and end by its own calendar (C9)."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def time_zone(name: str) -> ZoneInfo | None:
    """The time zone with this IANA name, such as Europe/Berlin; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def start_of_day(day: date | None, zone: tzinfo) -> datetime | None:
    """The first moment of a day, in UTC; None for no day, and for the first day of the calendar: "always"."""
    return None if day is None or day == date.min else datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of_day(day: date | None, zone: tzinfo) -> datetime | None:
    """The moment after the last one of a day, in UTC; None for no day, and for the last days of the calendar, which
    mean "never"."""
    return None if day is None or day.year == date.max.year else start_of_day(day + timedelta(days=1), zone)
