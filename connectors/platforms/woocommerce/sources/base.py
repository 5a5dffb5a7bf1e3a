"""Base classes of sources: paging that misses no item, and converting rows to records."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from connectors.platforms.woocommerce.client import ShopClient, row_ids
from connectors.platforms.woocommerce.listings import TermListing
from connectors.platforms.woocommerce.paging import page_by_id
from connectors.sdk.details import fetch_each
from connectors.sdk.paging import Cursor, Page, numbered_page, numeric_ids
from connectors.sdk.records import Record
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)


class ShopSource(Source[ShopClient, RecordT]):
    """Reads a listing of products or orders by ID.

    A partial read asks for what changed since a time. It is not sorted by that time, because earlier versions of the
    shop cannot; so the cut date advances when it is complete.
    """

    path: ClassVar[str]

    def filters(self) -> dict[str, Any]:
        """The query of every read."""
        return {}

    @abstractmethod
    def records(self, rows: list[Any]) -> list[RecordT]:
        """A record for each row; one that cannot be read has a problem that describes why."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        return self.read_listing(self.filters(), since=since, cursor=cursor)

    def read_listing(self, query: dict[str, Any], *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        query = query | (changed_since(since) if since else {})
        limit = self.client.settings.page_size
        rows, following, total = page_by_id(self.client, self.path, cursor, limit=limit, **query)
        return Page(self.records(rows), following, total=None if cursor else total)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        """Items that a listing leaves out are fetched one by one, because a plug-in may hide them from it (D9)."""
        rows = self.client.existing(self.path, external_ids, **self.filters())
        rest = sorted({*numeric_ids(external_ids)} - {*row_ids(rows)})
        query = {name: value for name, value in self.filters().items() if name != "status"}
        found = fetch_each(self.client.http, rest, lambda number: self.client.find(f"{self.path}/{number}", **query))
        return self.records(rows + [row for row in found if self.exists(row)])

    def exists(self, row: dict[str, Any]) -> bool:
        """Whether an item that was fetched by its ID counts as existing: the shop returns those in the trash, too."""
        return row.get("status") != "trash"


class TermSource(Source[ShopClient, RecordT], TermListing[ShopClient]):
    """Reads categories or brands, always in full: terms have no modification time.

    If a concurrent deletion makes paging skip an item, the check for missing items after a full read finds it.
    """

    lane = "catalog"
    full_schedule = "1d"

    @abstractmethod
    def records(self, rows: list[Any]) -> list[RecordT]:
        """A record for each row."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        rows, following = numbered_page(cursor, self.term_page)
        return Page(self.records(rows), following)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        return self.records(self.client.existing(self.path, external_ids))


def changed_since(since: datetime) -> dict[str, Any]:
    """The query for items that changed at that second or later; the filter itself is exclusive."""
    before = since.astimezone(UTC) - timedelta(seconds=1)
    return {"modified_after": before.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}
