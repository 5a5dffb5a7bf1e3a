"""The shop's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import Page
from connectors.listing import Text, record
from connectors.platforms.magento.client import MagentoClient
from connectors.platforms.magento.source_base import ApiModel, Cursor
from connectors.records import Record, SettingsRecord


class StoreSettings:
    """One record: what the store view says of itself."""

    def __init__(self, client: MagentoClient) -> None:
        self.client = client

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        found = self._record()
        return [found] if found.external_id in external_ids else []

    def _record(self) -> Record:
        vars(self.client).pop("config", None)  # it may have changed since it was asked for
        raw: Any = self.client.config
        return record(raw, _Config, self._build, lambda number: SettingsRecord(external_id=number))

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
