"""Base class of all sources. We defined the format of the rows: docs/platforms/seller-center.md."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from connectors.platforms.seller_center_shop.client import ShopClient
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import Record
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)


class ShopSource(Source[ShopClient, RecordT]):
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "15m"

    @property
    def filters(self) -> dict[str, str]:
        """Filters that limit the rows to read."""
        return {}

    @abstractmethod
    def record(self, raw: Any) -> RecordT:
        """The record for a row."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        rows, following, cut = self.client.listing.read(
            self.data_type, since=since, cursor=cursor, limit=self.client.settings.page_size, **self.filters
        )
        return Page([self.record(row) for row in rows], following, cut=cut)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        rows = self.client.listing.rows(self.data_type, external_ids, **self.filters)
        return [self.record(row) for row in rows]
