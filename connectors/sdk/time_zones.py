"""Days of a shop as moments: its prices begin and end by its own calendar (C9)."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator


def time_zone(name: str) -> ZoneInfo | None:
    """The time zone with this IANA name, such as Europe/Berlin; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _existing(name: str) -> str:
    if time_zone(name) is None:
        raise ValueError(f"{name!r} is not a time zone; enter one such as America/Los_Angeles")
    return name


# A setting: the IANA name of a time zone.
TimeZone = Annotated[str, AfterValidator(_existing)]


def day_in(moment: datetime, zone: str) -> str:
    """The day of a moment in a time zone of the settings, as 2026-01-31."""
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def start_of_day(day: date | None, zone: tzinfo) -> datetime | None:
    """The first moment of a day, in UTC; None for no day, and for the first day of the calendar: "always"."""
    return None if day is None or day == date.min else datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of_day(day: date | None, zone: tzinfo) -> datetime | None:
    """The moment after the last one of a day, in UTC; None for no day, and for the last days of the calendar, which
    mean "never"."""
    return None if day is None or day.year == date.max.year else start_of_day(day + timedelta(days=1), zone)
