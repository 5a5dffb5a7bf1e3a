"""What holds for every read, whatever the adapter returns. The engine reads sources through it (C1, C4, C6).

The cut date never passes the source's clock or ours; changes dated in the future block nothing; items that a filter of
the connection excludes are dropped; a listing that repeats itself is refused; texts and numbers that could not be
decoded cost their item only, and so does an answer that lacks what every item has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from common.storable import storable_json, storable_text
from connectors.sdk import issues
from connectors.sdk.adapter import Adapter
from connectors.sdk.decoding import find_malformed
from connectors.sdk.errors import ListingRepeats
from connectors.sdk.isolation import Isolation
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import Problem, Record
from connectors.sdk.transformations import SourceFieldMap, transform
from hub.kinds import DataType

# A change date further ahead than this, of both clocks, is a mistake of the source.
FUTURE_TOLERANCE = timedelta(minutes=10)
_NOT_CHECKED = {"raw", "problems", "link"}

ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class ReadState:
    """What a read remembers between pages, as JSON in the run's cursor.

    `limit` (UTC) is the time that the cut date may not pass: the earlier of the source's clock and ours when the read
    started. `mark` is an earlier cursor, replaced after 1, 2, 4, 8 … pages: a listing that goes around in a circle
    reaches it again, however long the circle is. `ids` is a digest of the IDs of the last page of a full read.
    `clock_difference` is how far the source's clock was ahead of ours when the read started, in seconds.
    """

    limit: datetime | None = None
    pages: int = 0
    mark: Cursor = None
    ids: str = ""
    clock_difference: float = 0.0

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ReadState":
        limit = value.get("limit")
        return cls(
            limit and datetime.fromisoformat(limit),
            value.get("pages", 0),
            value.get("mark"),
            value.get("ids", ""),
            value.get("clock_difference", 0.0),
        )

    def as_json(self) -> dict[str, Any]:
        limit = self.limit and self.limit.isoformat()
        return {
            "limit": limit,
            "pages": self.pages,
            "mark": self.mark,
            "ids": self.ids,
            "clock_difference": self.clock_difference,
        }


class Reader:
    """Reads one data type of an adapter's source. `isolation`: see `connectors.sdk.details`."""

    def __init__(self, adapter: Adapter[Any], data_type: DataType, isolation: Isolation = Isolation.NEVER) -> None:
        self._adapter = adapter
        self._isolation = isolation
        self._http = adapter.http
        self._source = adapter.source(data_type)
        self._data_type = data_type
        field_map = adapter.account.field_map
        self._transformations = field_map.transformations if isinstance(field_map, SourceFieldMap) else {}

    def read_page(
        self, *, since: datetime | None, cursor: Cursor, state: ReadState, now: datetime
    ) -> tuple[Page[Any], ReadState]:
        """The page after `cursor`, as `Source.read_page`, and the state for the next page. `now` is the time before the
        call. ListingRepeats if it was read before."""
        self._http.forget_server_time()
        page = self._isolating(lambda: self._source.read_page(since=since, cursor=cursor))
        # Changes may be read twice: those of the last second of a page come again on the next.
        ids = _digest(page.records) if since is None else ""
        if page.cursor is not None and page.cursor in (cursor, state.mark) or (ids and ids == state.ids):
            raise ListingRepeats(
                "The platform answered with a page that was already read: it ignores the position in its listing. "
                "Nothing after this page was imported."
            )
        server_time = self._http.server_time or now
        limit = state.limit or min(now, server_time)
        difference = state.clock_difference if state.pages else (server_time - now).total_seconds()
        page.records = self._checked(page.records, now)
        page.cut = page.cut and min(page.cut, limit)
        pages = state.pages + 1
        is_power_of_two = pages & (pages - 1) == 0
        return page, ReadState(limit, pages, page.cursor if is_power_of_two else state.mark, ids, difference)

    def fetch(self, external_ids: Sequence[str], *, now: datetime) -> tuple[list[Any], set[str]]:
        """The items that exist, as `Source.fetch`, and the IDs of those that exist but that the settings exclude."""
        self._http.forget_server_time()
        found = self._isolating(lambda: self._source.fetch(external_ids))
        records = self._checked(found, now)
        excluded = {record.external_id for record in found if not self._source.includes(record.raw)}
        rest = set(external_ids) - {record.external_id for record in found}
        return records, excluded | (self._source.excluded(rest) if rest else set())

    def _isolating(self, read: Callable[[], ReadT]) -> ReadT:
        if self._isolation is Isolation.ALWAYS:
            self._adapter.check()  # fails if the platform is down
        self._http.isolation = self._isolation
        try:
            return read()
        finally:
            self._http.isolation = Isolation.NEVER

    def _checked(self, records: Sequence[Any], now: datetime) -> list[Any]:
        included = [record for record in records if self._source.includes(record.raw)]
        latest = max(now, self._http.server_time or now) + FUTURE_TOLERANCE
        for record in included:
            if not record.external_id:
                # Linked to nothing, the item would be another one at each import, or all such items the same.
                record.external_id = "unknown"
                record.problems = [*record.problems, issues.INCOMPLETE(field="id")]
            if (missing := _first_missing(record.raw, self._source.required)) and not _is_refused(record):
                record.problems = [*record.problems, issues.INCOMPLETE(field=missing)]
            if record.updated_at is not None and record.updated_at > latest:
                _report_future_change(record)
            if self._transformations:
                transform(record, self._data_type, self._transformations)
        # Almost always false: looking at every text of every record would cost more than decoding it.
        return [_without_malformed(record) for record in included] if self._http.repaired else included


def _digest(records: Sequence[Record]) -> str:
    ids = storable_json([record.external_id for record in records])
    return blake2b(ids.encode(), digest_size=8).hexdigest() if records else ""


def _is_refused(record: Record) -> bool:
    return any(problem.fatal for problem in record.problems)


def _first_missing(raw: Any, required: Sequence[str]) -> str:
    """The first of the names that the raw item lacks; empty if it has them all, or is not an object at all."""
    return next((path for path in required if _lacks(raw, path)), "")


def _lacks(value: Any, path: str) -> bool:
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        return any(_lacks(each, path) for each in value)
    if not isinstance(value, dict):
        return False  # unreadable, which the adapter reports
    return name not in value or bool(rest and _lacks(value[name], rest))


def _report_future_change(record: Record) -> None:
    """The date is dropped: kept, it would count as newer than every later edit."""
    date = f"{record.updated_at:%Y-%m-%d %H:%M} UTC"
    record.problems = [*record.problems, issues.CHANGED_IN_FUTURE(date=date)]
    record.updated_at = None


def _without_malformed(record: Record) -> Record:
    """The record with a problem if one of its values could not be decoded; its other problems can be stored."""
    record.problems = [_storable_problem(each) for each in record.problems]
    values = {each.name: getattr(record, each.name) for each in fields(record) if each.name not in _NOT_CHECKED}
    if found := find_malformed(_plain(values)):
        field, reason = found
        # The ID is the only value of the item that is used from here on.
        record = replace(record, external_id=storable_text(record.external_id), link=storable_text(record.link))
        record.problems = [*record.problems, issues.UNREADABLE(field=storable_text(field), reason=reason)]
    return record


def _storable_problem(problem: Problem) -> Problem:
    values = {name: storable_text(each) if isinstance(each, str) else each for name, each in problem.values.items()}
    return replace(problem, values=values, ref=storable_text(problem.ref))


def _plain(value: Any) -> Any:
    """Records as dicts and decimals as floats, for `find_malformed`."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case Decimal() if not value.is_finite():
            return float("nan")
        case _ if is_dataclass(value):
            return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
