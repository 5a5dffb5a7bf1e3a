"""Base classes of all sources of a store, and paging by modification time."""

from abc import abstractmethod
from datetime import datetime
from typing import Any, TypeVar

from connectors.platforms.bigcommerce.client import SourceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.paging import row_ids
from connectors.sdk.field_sources import FieldSource
from connectors.sdk.paging import Cursor, Page, Slice, by_change
from connectors.sdk.records import Record

RecordT = TypeVar("RecordT", bound=Record)


class StoreSource(FieldSource[SourceClient, RecordT]):
    lane = "catalog"

    def row_id(self, raw: Any) -> str:
        return next(iter(map(str, row_ids([raw]))), "")


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
