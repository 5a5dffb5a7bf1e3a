"""Pages lists in order of a time, so that no item is missed.

The API pages by number only, its filters cannot compare IDs, and of several fields to sort by, the first in its schema
comes first. Deleting an item would move others onto a page that was already read, so each page starts at the last time
of the page before, and rows of that millisecond which were read before are dropped. Items that were created in one
transaction have the same time; if they fill a whole page, they are read by ID and number before the next ones.

Times have milliseconds in answers and filters, and microseconds in the database.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.platforms.vendure.client import id_of
from connectors.sdk.errors import ListingRepeats, TryAgainLater
from connectors.sdk.paging import Cursor

_MILLISECOND = timedelta(milliseconds=1)
# `read(options)` returns the rows of a page and the number of all rows that match.
Read = Callable[[Mapping[str, Any]], tuple[list[Any], int]]


def page_by_time(
    read: Read, name: str, cursor: Cursor, *, size: int, since: datetime | None = None
) -> tuple[list[Any], Cursor]:
    """A page of the rows in order of the field `name` (from `since` on, UTC), and the cursor of the next page."""
    seen = set(cursor["seen"]) if cursor else set()
    if cursor and "at" in cursor:
        return _page_within(read, name, datetime.fromisoformat(cursor["at"]), cursor["skip"], seen, size)
    after = datetime.fromisoformat(cursor["after"]) if cursor else since and since - _MILLISECOND
    options: dict[str, Any] = {"take": size, "sort": {name: "ASC"}}
    if after:
        options["filter"] = {name: {"after": format_timestamp(after)}}
    rows, total = read(options)
    times = _times(rows, name, after)
    new = [row for row in rows if id_of(row) not in seen]
    if len(rows) >= total:
        return new, None
    if not times:
        raise TryAgainLater(f"Vendure returned a page without {name}.")
    following = times[-1] - _MILLISECOND
    if after is not None and following <= after:
        known = sorted(seen | {number for row in rows if (number := id_of(row))})
        return new, {"at": times[-1].isoformat(), "skip": 0, "seen": known}
    at_end = [id_of(row) for row in rows if (time := timestamp(row, name)) and time > following]
    return new, {"after": following.isoformat(), "seen": at_end}


def _page_within(
    read: Read, name: str, time: datetime, skip: int, seen: set[str], size: int
) -> tuple[list[Any], Cursor]:
    """A page of the rows of one millisecond, by ID. The range includes its ends, `after` does not."""
    end = time + _MILLISECOND
    within = {"between": {"start": format_timestamp(time), "end": format_timestamp(end)}}
    rows, total = read({"take": size, "skip": skip, "sort": {"id": "ASC"}, "filter": {name: within}})
    _times(rows, name, time)
    new = [row for row in rows if id_of(row) not in seen]
    if rows and skip + len(rows) < total:
        return new, {"at": time.isoformat(), "skip": skip + len(rows), "seen": sorted(seen)}
    return new, {"after": end.isoformat(), "seen": []}


def _times(rows: list[Any], name: str, earliest: datetime | None) -> list[datetime]:
    times = [time for row in rows if (time := timestamp(row, name))]
    if earliest and any(time < earliest.replace(microsecond=earliest.microsecond // 1000 * 1000) for time in times):
        raise ListingRepeats("Vendure returned older items: it ignores the time of the request.")
    return times


def timestamp(row: Any, name: str) -> datetime | None:
    """A time of a row; None if it is missing or malformed."""
    try:
        return datetime.fromisoformat(row[name]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def format_timestamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
