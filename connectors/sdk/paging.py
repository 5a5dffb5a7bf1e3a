"""Pages of what a platform holds, and paging by time of change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from connectors.sdk.records import Record

RecordT = TypeVar("RecordT", bound=Record)
PayloadT = TypeVar("PayloadT")

# Where to continue: JSON that the stream itself defines. None: from the start, or nothing follows.
Cursor = dict[str, Any] | None
# Rows of a listing, and whether more follow.
Slice = tuple[list[Any], bool]


@dataclass(slots=True)
class Page(Generic[RecordT]):
    """A page read from a source. `cursor` goes into the next `read_page`; None means that this was the last.

    `cut` (UTC) is set only by sources that sort by time of change: everything that changed before it has been read, so
    the job's cut date may move with this page. `total` is the number of items in all, if the source tells.
    """

    records: Sequence[RecordT]
    cursor: Cursor
    cut: datetime | None = None
    total: int | None = None


class IdPage(NamedTuple):
    """IDs that exist at a platform. `cursor` (JSON) goes into the next `list_ids`; None means that this was the last.

    What is deleted while paging must hide nothing: pages go by key where the vendor allows it.
    """

    ids: Sequence[str]
    cursor: Any


@dataclass(slots=True)
class HeldPage(Generic[PayloadT]):
    """What a target holds: external ID → its content in the shape of `payload`, None where only presence is told.

    Fields that a content leaves out are not compared. `cursor` is that of `read_held`.
    """

    items: Mapping[str, PayloadT | None]
    cursor: Any


def by_change(
    since: datetime,
    cursor: Cursor,
    *,
    list_from: Callable[[datetime], Slice],
    list_within: Callable[[datetime, int], Slice],
    changed_at: Callable[[Any], datetime | None],
    row_ids: Callable[[Iterable[Any]], list[int]],
) -> tuple[list[Any], Cursor, datetime]:
    """The next page of what changed since then, oldest change first: rows, cursor, cut.

    For sources that sort by time of change but cannot be asked for what follows a pair of time and ID. `list_from`
    lists what changed at a second or later, by time of change; `list_within` what changed in that second and has a
    greater ID, by ID. The next page begins with the second at which this one ends, so rows that share it are read again
    rather than missed; an item that changes while paging moves to the end and is read there. A second that fills a
    whole page by itself (a bulk edit) is read by ID before the next one begins.

    `changed_at` and `row_ids` read the time of change of a row, and the IDs of those rows that have one.
    """
    cursor = cursor or {}
    start = datetime.fromisoformat(cursor["min"]) if cursor else since.replace(microsecond=0)
    if "tie" in cursor:
        rows, more = list_within(start, cursor["tie"])
        if more:
            return rows, {"min": _iso(start), "tie": max(row_ids(rows), default=cursor["tie"])}, start
        return rows, {"min": _iso(start + timedelta(seconds=1))}, start
    rows, more = list_from(start)
    last = max((changed for row in rows if (changed := changed_at(row))), default=start)
    if not more:
        return rows, None, last
    if last > start:
        return rows, {"min": _iso(last)}, last
    return rows, {"min": _iso(start), "tie": 0}, start


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
