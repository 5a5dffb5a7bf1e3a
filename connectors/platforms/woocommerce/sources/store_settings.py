"""The shop's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.woocommerce.client import ShopClient
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import SettingsRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType

# A site has one shop, which has no ID.
ID = "shop"


class StoreSettings(Source[ShopClient, SettingsRecord]):
    """One record: name and time zone of the site, and the currency of the shop."""

    data_type = DataType.SETTINGS
    lane = "catalog"
    full_schedule = "1d"
    required = ("id", "currency")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[SettingsRecord]:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[SettingsRecord]:
        return [self._record()] if ID in external_ids else []

    def _record(self) -> SettingsRecord:
        self.client.clear_cache()
        raw = {
            "id": ID,
            "name": self.client.name,
            "currency": self.client.currency,
            "time_zone": self.client.time_zone,
        }
        return SettingsRecord(
            external_id=ID,
            raw=raw,
            link=self.client.admin_link("admin.php?page=wc-settings"),
            name=raw["name"],
            currency=raw["currency"],
            time_zone=raw["time_zone"],
        )
