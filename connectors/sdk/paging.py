"""Pages of a platform's data, and paging by time of change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from common.storable import storable_json
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import CollectionAbsent, ListingRepeats
from connectors.sdk.records import Record

RecordT = TypeVar("RecordT", bound=Record)
PayloadT = TypeVar("PayloadT")

_SAME_PAGE = "The platform returned the same page of a listing twice: it ignores the page number."

# Where to continue: JSON that the stream defines. None: from the start, or there is no next page.
Cursor = dict[str, Any] | None
# Rows of a listing, and whether there are more.
Slice = tuple[list[Any], bool]


@dataclass(slots=True)
class Page(Generic[RecordT]):
    """A page read from a source. `cursor` is passed to the next `read_page`; None means that this is the last page.

    `cut` (UTC) is set only by sources that sort by time of change: everything that changed before it has been read, so
    the job's cut date can advance with this page. `total` is the total number of items, if the source reports it.
    `to_check` are IDs of items that may have left the listing (a product that was hidden): those that were imported
    before are fetched, and are discontinued if the source no longer has them. `absent` is set if the system says
    that it has no such collection, and need not have it: nothing was read, and the cut date stays. The run fails with
    this error if items of the collection were imported before.
    """

    records: Sequence[RecordT]
    cursor: Cursor
    cut: datetime | None = None
    total: int | None = None
    to_check: Sequence[str] = ()
    absent: CollectionAbsent | None = None


class IdPage(NamedTuple):
    """IDs that exist at a platform. `cursor` (JSON) is passed to the next `list_ids`; None means that this is the last
    page.

    Items deleted while paging must not cause others to be missed: page by key if the vendor allows it.
    """

    ids: Sequence[str]
    cursor: Any


@dataclass(slots=True)
class ExistingPage(Generic[PayloadT]):
    """A page of a target's data: external ID → content in the format of `payload`, None if only presence is known.

    Fields that a content does not have are not compared. `cursor` is passed to the next `read_existing`.
    """

    items: Mapping[str, PayloadT | None]
    cursor: Any


def numeric_ids(external_ids: Iterable[str]) -> list[int]:
    """The IDs that are numbers, once each and in order; others cannot exist at a platform with numeric IDs."""
    return sorted({number for each in external_ids if (number := whole_number(each)) is not None})


def numbered_page(cursor: Cursor, read: Callable[[int], Slice]) -> tuple[list[Any], Cursor]:
    """A page of a listing that can only be paged by number: its rows and the next cursor.

    `read` returns a page by its number, counted from 1. An empty page is not the end, if there are more.
    ListingRepeats if the platform returns the same page again.
    """
    number, previous = (cursor["page"], cursor["digest"]) if cursor else (1, "")
    rows, more = read(number)
    digest = _digest(rows)
    if digest and digest == previous:
        raise ListingRepeats(_SAME_PAGE)
    return rows, {"page": number + 1, "digest": digest} if more else None


def _digest(rows: list[Any]) -> str:
    """Empty without rows, and for rows that are nested too deeply to be stored."""
    try:
        return blake2b(storable_json(rows).encode(), digest_size=8).hexdigest() if rows else ""
    except orjson.JSONEncodeError:
        return ""


def all_pages(read: Callable[[int], Slice]) -> list[Any]:
    """The rows of all pages of a short listing. `read` returns a page by its number, counted from 1.

    An empty page is not the end, if there are more. ListingRepeats if the platform returns a page twice, because it
    would do so without end.
    """
    found: list[Any] = []
    previous: list[Any] = []
    for number in count(1):
        rows, more = read(number)
        if rows and rows == previous:
            raise ListingRepeats(_SAME_PAGE)
        found += rows
        if not more:
            break
        previous = rows
    return found


def by_change(
    since: datetime,
    cursor: Cursor,
    *,
    list_from: Callable[[datetime], Slice],
    list_within: Callable[[datetime, int], Slice],
    changed_at: Callable[[Any], datetime | None],
    row_ids: Callable[[Iterable[Any]], list[int]],
) -> tuple[list[Any], Cursor, datetime]:
    """The next page of rows changed since `since`, oldest change first: rows, cursor, cut.

    For sources that sort by time of change but cannot page by the pair of time and ID. `list_from` lists rows changed
    at the given second or later, by time of change; `list_within` lists rows changed in that second with a greater ID,
    by ID. The next page starts with the last second of this page, so that rows of the same second are read twice rather
    than missed; an item that changes while paging moves to the end and is read there. If one second fills a whole page
    (a bulk edit), its rows are read by ID before the next second.

    `changed_at` returns a row's time of change; `row_ids` returns the IDs of the rows that have one.
    """
    cursor = cursor or {}
    start = datetime.fromisoformat(cursor["min"]) if cursor else since.replace(microsecond=0)
    if "tie" in cursor:
        rows, more = list_within(start, cursor["tie"])
        if more:
            return rows, {"min": _iso(start), "tie": max(row_ids(rows), default=cursor["tie"])}, start
        return rows, {"min": _iso(start + timedelta(seconds=1))}, start
    rows, more = list_from(start)
    # Of the last row that has a time. A single row with a wrong time must not move the position.
    last = next((changed for row in reversed(rows) if (changed := changed_at(row))), start)
    if last < start:
        raise ListingRepeats("The platform returned only older items: it ignores the date of the request.")
    if not more:
        return rows, None, last
    if last > start:
        return rows, {"min": _iso(last)}, last
    return rows, {"min": _iso(start), "tie": 0}, start


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
