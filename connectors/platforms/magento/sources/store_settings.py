"""The shop's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.magento.client import ShopClient
from connectors.sdk.api_model import ApiModel, Text, record
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import SettingsRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType


class StoreSettings(Source[ShopClient, SettingsRecord]):
    """One record: the configuration of the store view."""

    data_type = DataType.SETTINGS
    lane = "catalog"
    full_schedule = "1d"
    required = ("id", "base_currency_code")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[SettingsRecord]:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[SettingsRecord]:
        found = self._record()
        return [found] if found.external_id in external_ids else []

    def _record(self) -> SettingsRecord:
        """The current configuration, fetched again because `client.config` may be outdated."""
        return record(
            self.client.read_config(), _Config, self._build, lambda number: SettingsRecord(external_id=number)
        )

    def _build(self, api_row: "_Config") -> SettingsRecord:
        return SettingsRecord(
            external_id=api_row.id,
            link=self.client.link("admin/system_config"),
            name=api_row.code,
            currency=api_row.base_currency_code,
            time_zone=api_row.timezone,
        )


class _Config(ApiModel):
    id: Text
    code: Text = ""
    base_currency_code: Text
    timezone: Text = ""
