"""The store's own settings (D15)."""

from collections.abc import Sequence
from datetime import datetime

from connectors.contract import Page
from connectors.platforms.bigcommerce.client import BigCommerceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.source_base import Cursor
from connectors.records import Record, SettingsRecord


class StoreSettings:
    """One record: `GET /v2/store`."""

    def __init__(self, client: BigCommerceClient) -> None:
        self.client = client

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        return Page([self._record()], None, total=1)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
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
