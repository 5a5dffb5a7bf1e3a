"""Base class of both sources. We defined the format of the rows, with the vendor's field names where it has any."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from connectors.platforms.seller_center_oms.client import OmsClient
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import Record
from connectors.sdk.streams import Source

RecordT = TypeVar("RecordT", bound=Record)


class OmsSource(Source[OmsClient, RecordT]):
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "15m"

    @abstractmethod
    def record(self, raw: Any) -> RecordT:
        """The record for a row."""

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[RecordT]:
        limit = self.client.settings.page_size
        rows, following, cut = self.client.listing.read(self.data_type, since=since, cursor=cursor, limit=limit)
        return Page([self.record(row) for row in rows], following, cut=cut)

    def fetch(self, external_ids: Sequence[str]) -> list[RecordT]:
        return [self.record(row) for row in self.client.listing.rows(self.data_type, external_ids)]
