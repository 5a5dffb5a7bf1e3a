"""Paging by time of change, for sources that sort by it but cannot be asked for what follows (time, id)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

# Rows of a listing, and whether more follow.
Slice = tuple[list[Any], bool]


def next_changed_page(
    since: datetime,
    cursor: dict[str, Any] | None,
    *,
    list_since: Callable[[datetime], Slice],
    list_within_second: Callable[[datetime, int], Slice],
    changed_at: Callable[[Any], datetime | None],
    row_ids: Callable[[Iterable[Any]], list[int]],
) -> tuple[list[Any], dict[str, Any] | None, datetime]:
    """The next page of what changed since then, oldest change first: rows, cursor, cut.

    `list_since` lists what changed at a second or later, by time of change; `list_within_second` what changed in that
    second and has a
    greater id, by id. The next page begins with the second at which this one ends, so whoever shares it is read again
    rather than missed; an item that changes meanwhile moves to the end and is met there. A second that fills a whole
    page by itself (a bulk edit) is read by id before the next one begins.

    `changed_at` and `row_ids` read the time of change of a row, and the ids of those rows that have one.
    """
    cursor = cursor or {}
    start = datetime.fromisoformat(cursor["min"]) if cursor else since.replace(microsecond=0)
    if "tie" in cursor:
        rows, more = list_within_second(start, cursor["tie"])
        if more:
            return rows, {"min": _iso(start), "tie": max(row_ids(rows), default=cursor["tie"])}, start
        return rows, {"min": _iso(start + timedelta(seconds=1))}, start
    rows, more = list_since(start)
    last = max((changed for row in rows if (changed := changed_at(row))), default=start)
    if not more:
        return rows, None, last
    if last > start:
        return rows, {"min": _iso(last)}, last
    return rows, {"min": _iso(start), "tie": 0}, start


def _iso(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
