"""Times of a site, which is not in the time zone of GMT: each is told twice, in the site's zone and as GMT."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
_FORMAT = "%Y-%m-%dT%H:%M:%S"


def stamp(seconds: float) -> str:
    """A time as GMT, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_FORMAT)


def now() -> str:
    return datetime.now(UTC).strftime(_FORMAT)


def local(gmt: str | None) -> str | None:
    """The same time in the site's zone."""
    if not gmt:
        return None
    return datetime.strptime(gmt, _FORMAT).replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE)).strftime(_FORMAT)


def gmt(local_time: str | None) -> str | None:
    """A time of the site's zone as GMT. Raises ValueError."""
    if not local_time:
        return None
    given = datetime.fromisoformat(local_time)
    return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(ZONE))).astimezone(UTC).strftime(_FORMAT)


def both(name: str, value: str | None) -> dict[str, Any]:
    """A field in both forms; `value` is GMT."""
    return {name: local(value), f"{name}_gmt": value or None}
