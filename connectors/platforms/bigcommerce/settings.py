"""The store's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.contract import Page
from connectors.platforms.bigcommerce.reading import Cursor
from connectors.platforms.bigcommerce.shop import Shop
from connectors.platforms.bigcommerce.values import Values
from connectors.records import Record, SettingsRecord


class StoreSettings:
    """One record: `GET /v2/store`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        record = self._record()
        return [record] if record.external_id in external_ids else []

    def _record(self) -> SettingsRecord:
        self.shop.forget()
        record = SettingsRecord(external_id="", raw=self.shop.info, link=self.shop.link("settings/store"))
        store = Values(self.shop.info, record.problems, what="store")
        record.external_id = store.text("id")
        record.name = store.text("name")
        record.currency = store.text("currency")
        record.time_zone = store.nested("timezone").text("name")
        return record
