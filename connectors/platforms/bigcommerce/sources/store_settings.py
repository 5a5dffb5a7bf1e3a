"""The store's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.platforms.bigcommerce.client import SourceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import SettingsRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType


class StoreSettings(Source[SourceClient, SettingsRecord]):
    """One record: `GET /v2/store`."""

    data_type = DataType.SETTINGS
    lane = "catalog"
    full_schedule = "1d"
    required = ("id", "currency")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[SettingsRecord]:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[SettingsRecord]:
        record = self._record()
        return [record] if record.external_id in external_ids else []

    def _record(self) -> SettingsRecord:
        self.client.clear_cache()
        record = SettingsRecord(external_id="", raw=self.client.info, link=self.client.link("settings/store"))
        store = FieldReader(self.client.info, record.problems, what="store")
        record.external_id = store.text("id")
        record.name = store.text("name")
        record.currency = store.text("currency")
        record.time_zone = store.nested("timezone").text("name")
        return record
