"""Base classes of all sources of a store: converting rows to records, and paging by modification time."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from connectors.platforms.bigcommerce.client import Row, SourceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.paging import row_ids
from connectors.sdk import issues
from connectors.sdk.api_model import unreadable
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.paging import Cursor, Page, Slice, by_change
from connectors.sdk.records import Problem, Record
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)
# What a row has instead of details that the store rejected.
_REJECTED = "details_rejected"


class StoreSource(Source[SourceClient, RecordT]):
    lane = "catalog"

    @abstractmethod
    def build(self, raw: Any, problems: list[Problem]) -> RecordT:
        """The record for a row; problems found are added to `problems`. MalformedField if the row cannot be read."""

    @abstractmethod
    def placeholder(self, number: str) -> RecordT:
        """A record for a row that cannot be read."""

    def records(self, rows: Iterable[Any]) -> list[RecordT]:
        return [self._record(row) for row in rows]

    @staticmethod
    def add_details(row: Row, add: Callable[[Row], None]) -> None:
        """Add to a row what calls of its own return. If the store refuses one, this item alone cannot be read: it may
        have been deleted since it was listed."""
        try:
            add(row)
        except RequestRejected as error:
            row[_REJECTED] = f"the store answered with status {error.status}"

    def _record(self, raw: Any) -> RecordT:
        problems: list[Problem] = []
        record = self.placeholder(next(iter(map(str, row_ids([raw]))), "unknown"))
        if isinstance(raw, dict) and _REJECTED in raw:
            problems = [issues.UNREADABLE(field="Details", reason=raw[_REJECTED])]
        else:
            try:
                record = self.build(raw, problems)
            except MalformedField as error:
                problems = [issues.UNREADABLE(field=error.name, reason=error.reason)]
            except ArithmeticError as error:
                problems = unreadable(error)
        record.raw, record.problems = raw, problems
        return record


class ChangeSource(StoreSource[RecordT]):
    """A source that can also be read by modification time, where each page advances the cut."""

    @abstractmethod
    def list_from(self, second: datetime) -> Slice:
        """Rows changed at that second or later, ordered by modification time."""

    @abstractmethod
    def list_within(self, second: datetime, after: int) -> Slice:
        """Rows changed in that second with a greater ID, ordered by ID."""

    def changed_page(self, since: datetime, cursor: Cursor) -> Page[RecordT]:
        rows, following, cut = by_change(
            since,
            cursor,
            list_from=self.list_from,
            list_within=self.list_within,
            changed_at=changed_at,
            row_ids=row_ids,
        )
        return Page(self.records(rows), following, cut=cut)


def changed_at(row: Any) -> datetime | None:
    """When a row was last changed, to the second; None if the time is missing or malformed."""
    try:
        return FieldReader.parse_time(row["date_modified"]).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None
