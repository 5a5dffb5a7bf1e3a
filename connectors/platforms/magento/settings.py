"""The shop's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import Page
from connectors.listing import Text, record
from connectors.platforms.magento.reading import Cursor, Wire
from connectors.platforms.magento.shop import Shop
from connectors.records import Record, SettingsRecord


class StoreSettings:
    """One record: what the store view says of itself."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        found = self._record()
        return [found] if found.external_id in external_ids else []

    def _record(self) -> Record:
        vars(self.shop).pop("config", None)  # it may have changed since it was asked for
        raw: Any = self.shop.config
        return record(raw, _Config, self._made, lambda number: SettingsRecord(external_id=number))

    def _made(self, wire: "_Config") -> SettingsRecord:
        return SettingsRecord(
            external_id=wire.id,
            link=self.shop.link("admin/system_config"),
            name=wire.code,
            currency=wire.base_currency_code,
            time_zone=wire.timezone,
        )


class _Config(Wire):
    id: Text
    code: Text = ""
    base_currency_code: Text
    timezone: Text = ""
