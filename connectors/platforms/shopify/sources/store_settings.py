"""The store's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.shopify.client import ShopifyClient
from connectors.platforms.shopify.reader import Reader
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import SettingsRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType


class StoreSettings(Source[ShopifyClient, SettingsRecord]):
    """One record: `shop`."""

    data_type = DataType.SETTINGS
    lane = "catalog"
    full_schedule = "1d"
    required = ("id", "name", "currencyCode")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[SettingsRecord]:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[SettingsRecord]:
        record = self._record() if external_ids else None
        return [record] if record and record.external_id in external_ids else []

    def _record(self) -> SettingsRecord:
        self.client.clear_cache()
        record = SettingsRecord(external_id="", raw=self.client.shop, link=self.client.link("settings/general"))
        shop = Reader(self.client.shop, record.problems, what="shop")
        record.external_id = shop.number()
        record.name = shop.text("name")
        record.currency = shop.text("currencyCode")
        record.time_zone = shop.text("ianaTimezone")
        return record
