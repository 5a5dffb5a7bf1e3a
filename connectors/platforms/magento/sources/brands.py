"""Brands: the options of the attribute that the field map names."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.sdk.paging import Cursor, IdPage, Page
from connectors.sdk.records import BrandRecord
from connectors.sdk.streams import Listing, Source
from hub.kinds import DataType, Kind


class Brands(Source[ShopClient, BrandRecord], Listing[ShopClient]):
    """Always read in full: options have no modification time. Empty if no attribute is mapped."""

    data_type = DataType.BRANDS
    kind = Kind.BRAND
    lane = "catalog"
    full_schedule = "1h"
    required = ("value", "label")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[BrandRecord]:
        found = self._records()
        return Page(found, None, total=len(found))

    def fetch(self, external_ids: Sequence[str]) -> list[BrandRecord]:
        return [each for each in self._records() if each.external_id in external_ids] if external_ids else []

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {each.external_id for each in self.fetch(list(external_ids))}

    def list_ids(self, *, cursor: Any) -> IdPage:
        return IdPage([each.external_id for each in self._records()], None)

    def _records(self) -> list[BrandRecord]:
        code = self.client.field_map.products.brand
        options = self.client.attributes.read_options(code) if code else {}
        link = self.client.link("catalog/product_attribute")
        return [
            BrandRecord(external_id=value, name=label, link=link, raw={"value": value, "label": label})
            for value, label in options.items()
        ]
