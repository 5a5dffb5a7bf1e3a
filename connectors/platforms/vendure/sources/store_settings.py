"""The channel's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.vendure.client import SHOP, SourceClient
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import SettingsRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType


class StoreSettings(Source[SourceClient, SettingsRecord]):
    """One record: `activeChannel`. Vendure has no time zone."""

    data_type = DataType.SETTINGS
    lane = "catalog"
    full_schedule = "1d"
    required = ("id", "defaultCurrencyCode")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[SettingsRecord]:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[SettingsRecord]:
        record = self._record()
        return [record] if record.external_id in external_ids else []

    def _record(self) -> SettingsRecord:
        raw = self.client.query("query Settings { ...Shop }" + SHOP)["activeChannel"]
        channel = self.client.channel
        return SettingsRecord(
            external_id=channel.id,
            raw=raw,
            link=self.client.link(f"channels/{channel.id}"),
            name=channel.code,
            currency=channel.defaultCurrencyCode,
        )
