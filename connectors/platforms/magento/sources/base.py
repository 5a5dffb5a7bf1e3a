"""Base classes of sources: paging that misses no item, and converting rows to records."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from connectors.platforms.magento.client import ShopClient, row_ids
from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.values import format_timestamp
from connectors.sdk.api_model import utc
from connectors.sdk.paging import Cursor, IdPage, Page, Slice, by_change
from connectors.sdk.records import Record
from connectors.sdk.streams import Listing, Source

RecordT = TypeVar("RecordT", bound=Record)


class MagentoSource(Source[ShopClient, RecordT]):
    """Reads a listing whose rows have an ID and a modification time, ordered by either.

    An item that is changed or deleted while paging does not cause others to be missed. `key` is the name of the ID in a
    row.
    """

    path: ClassVar[str]
    key: ClassVar[str] = "id"
    # Whether an item that has left the website stays as it is; else it is discontinued, since it is not sold there.
    stays_outside: ClassVar[bool] = False

    @property
    def page_size(self) -> int:
        return self.client.settings.page_size

    def website_filters(self) -> list[Group]:
        """Groups of filters for what `includes` allows; empty if the connection is not limited to a website."""
        return []

    def base_filters(self) -> list[Group]:
        """Groups of filters that apply to every read."""
        return self.website_filters()

    def full_filters(self) -> list[Group]:
        """The filters of a full read, if it excludes more."""
        return self.base_filters()

    def excluded(self, external_ids: Collection[str]) -> set[str]:
        """Items of other websites, where these stay as they are."""
        if not self.stays_outside or not self.website_filters():
            return set()
        found = self.client.fetch_by_ids(self.path, external_ids)
        return {str(number) for row in found if not self.includes(row) for number in self.row_ids([row])}

    @abstractmethod
    def records(self, rows: list[Any]) -> list[RecordT]:
        """A record for each row; one that cannot be read has a problem that describes why."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        if since is not None:
            rows, following, cut = self.changes(since, cursor)
            return Page(self.records(rows), following, cut=cut)
        rows, after, total = self.rows_after(cursor["after"] if cursor else 0, *self.full_filters())
        return Page(self.records(rows), {"after": after} if after else None, total=None if cursor else total)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        return self.records(self.client.fetch_by_ids(self.path, external_ids, *self.full_filters()))

    def rows_after(self, number: int, *groups: Group) -> tuple[list[Any], int | None, int]:
        """Rows with greater IDs, the ID for the next page or None, the number of items left."""
        return self.client.search_after(self.path, number, *groups, size=self.page_size, key=self.key)

    def row_ids(self, rows: Iterable[Any]) -> list[int]:
        return row_ids(rows, self.key)

    def changes(self, since: datetime, cursor: Cursor) -> tuple[list[Any], Cursor, datetime]:
        return by_change(
            since,
            cursor,
            list_from=self._changed_from,
            list_within=self._changed_within,
            changed_at=changed_at,
            row_ids=self.row_ids,
        )

    def _changed_from(self, second: datetime) -> Slice:
        changed, sort = [Filter("updated_at", format_timestamp(second), "gteq")], ("updated_at", "entity_id")
        rows, total = self.client.search(self.path, changed, *self.base_filters(), sort=sort, size=self.page_size)
        return rows, len(rows) < total

    def _changed_within(self, second: datetime, number: int) -> Slice:
        same_second = [Filter("updated_at", format_timestamp(second))]
        rows, following, _ = self.rows_after(number, *self.base_filters(), same_second)
        return rows, following is not None


class ListedSource(MagentoSource[RecordT], Listing[ShopClient]):
    """A source that can also list which IDs exist, including items that are not imported (L11, L15)."""

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {str(each) for each in self.row_ids(self.client.fetch_by_ids(self.path, external_ids))}

    def list_ids(self, *, cursor: Any) -> IdPage:
        everywhere = [group for group in self.full_filters() if group not in self.website_filters()]
        rows, after, _ = self.rows_after(cursor or 0, *everywhere)
        return IdPage([str(each) for each in self.row_ids(rows)], after)


def changed_at(row: Any) -> datetime | None:
    """When a row was last changed; None if the time is missing or malformed."""
    try:
        return utc(datetime.fromisoformat(row["updated_at"])).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None
