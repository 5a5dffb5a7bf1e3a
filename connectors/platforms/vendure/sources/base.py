"""Base classes of sources: lists in order of creation or change, and items by ID."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from connectors.platforms.vendure.client import SourceClient
from connectors.platforms.vendure.paging import page_by_time
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import Record
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)


class VendureSource(Source[SourceClient, RecordT]):
    """Reads the list `name` of the API with `document`, which takes `$options`."""

    name: ClassVar[str]
    lane = "catalog"

    @property
    @abstractmethod
    def document(self) -> str:
        """The query that reads a page."""

    @abstractmethod
    def records(self, rows: list[Any]) -> list[RecordT]:
        """A record for each row; one that cannot be read has a problem that describes why."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        """All items in order of creation, or the changed ones in order of change."""
        order = "createdAt" if since is None else "updatedAt"
        rows, following = page_by_time(self._read, order, cursor, size=self.client.settings.page_size, since=since)
        return Page(self.records(rows), following)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        size = self.client.settings.page_size
        return self.records(self.client.existing(self.document, self.name, external_ids, size=size))

    def _read(self, options: Any) -> tuple[list[Any], int]:
        return self.client.list_page(self.document, self.name, options)
