"""How listings are paged so that nothing hides, and how their rows become records."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, model_validator

from connectors.contract import IdPage, Page
from connectors.listing import utc
from connectors.paging import Slice, next_changed_page
from connectors.platforms.magento.client import IDS_PER_REQUEST, Filter, Group, MagentoClient, format_timestamp
from connectors.records import Record

Cursor = dict[str, Any] | None


class Source(Protocol):
    """What reads one kind of data from a shop; `Adapter.read_page` and `Adapter.fetch` say how."""

    def __init__(self, client: MagentoClient) -> None: ...

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page: ...

    def fetch(self, external_ids: Sequence[str]) -> list[Record]: ...


class ApiModel(BaseModel):
    """Base of what a row must look like to be understood. Null is as good as missing; ids may be numbers or text."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        return {name: value for name, value in raw.items() if value is not None} if isinstance(raw, dict) else raw


class IdPagedListing:
    """A listing whose rows have a number.

    Always asked for its first page of what follows a number, never for a later one: an item that goes meanwhile moves
    no other onto a page that was read already.
    """

    path: ClassVar[str]
    key: ClassVar[str] = "id"  # what a row calls its number; searched by as entity_id

    def __init__(self, client: MagentoClient) -> None:
        self.client = client

    @property
    def size(self) -> int:
        """Rows a page."""
        return IDS_PER_REQUEST

    def base_filters(self) -> list[Group]:
        """Groups of filters for what is read at all."""
        return []

    def existing(self, external_ids: Iterable[str]) -> set[str]:
        """Which of the numbers exist (L11), whatever is read."""
        row_ids = [each for each in external_ids if each.isdecimal()]
        return {str(each) for each in self.row_ids(self.client.fetch_by_values(self.path, "entity_id", row_ids))}

    def ids(self, cursor: int | None, *groups: Group) -> IdPage:
        """A page of all ids (L15)."""
        rows, after, _ = self.after(cursor or 0, *groups)
        return IdPage([str(each) for each in self.row_ids(rows)], after)

    def after(self, number: int, *groups: Group) -> tuple[list[Any], int | None, int]:
        """Rows above a number, the number to go on from or None, how many are left in all."""
        greater = [Filter("entity_id", number, "gt")]
        rows, left = self.client.search(
            self.path, greater, *self.base_filters(), *groups, sort=("entity_id",), size=self.size
        )
        found = self.row_ids(rows)
        # A shop that passes the filter over would be read in circles.
        if len(found) < len(rows) or (left and not found) or any(each <= number for each in found):
            self.client.raise_malformed_response(self.path)
        return rows, max(found) if len(rows) < left else None, left

    def row_ids(self, rows: Iterable[Any]) -> list[int]:
        return [row[self.key] for row in rows if isinstance(row, dict) and isinstance(row.get(self.key), int)]


class Listing(IdPagedListing, ABC):
    """One whose rows have a time of change as well, and become records: read by number, or by that time, which hides
    nothing that changes meanwhile either."""

    @property
    def size(self) -> int:
        size: int = self.client.settings.page_size
        return size

    @abstractmethod
    def records(self, rows: list[Any]) -> list[Record]:
        """A record for each row; one that cannot be understood says so."""

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        if since is not None:
            rows, following, cut = self.changes(since, cursor)
            return Page(self.records(rows), following, cut=cut)
        rows, after, total = self.after(cursor["after"] if cursor else 0)
        return Page(self.records(rows), {"after": after} if after else None, total=None if cursor else total)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        row_ids = [each for each in external_ids if each.isdecimal()]
        return self.records(self.client.fetch_by_values(self.path, "entity_id", row_ids, *self.base_filters()))

    def changes(self, since: datetime, cursor: Cursor) -> tuple[list[Any], Cursor, datetime]:
        return next_changed_page(
            since,
            cursor,
            list_since=self._changed_from,
            list_within_second=self._changed_within,
            changed_at=changed_at,
            row_ids=self.row_ids,
        )

    def _changed_from(self, second: datetime) -> Slice:
        changed, sort = [Filter("updated_at", format_timestamp(second), "gteq")], ("updated_at", "entity_id")
        rows, total = self.client.search(self.path, changed, *self.base_filters(), sort=sort, size=self.size)
        return rows, len(rows) < total

    def _changed_within(self, second: datetime, number: int) -> Slice:
        rows, following, _ = self.after(number, [Filter("updated_at", format_timestamp(second))])
        return rows, following is not None


def changed_at(row: Any) -> datetime | None:
    """When a row was last changed; None if it does not say so legibly."""
    try:
        return utc(datetime.fromisoformat(row["updated_at"])).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None
