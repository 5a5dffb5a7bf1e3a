"""Vendors of products, as brands. Shopify only has their names, so the name is the ID."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sources.base import StoreSource
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import BrandRecord, Problem
from hub.kinds import DataType

PER_PAGE = 250


class Vendors(StoreSource[BrandRecord]):
    data_type = DataType.BRANDS
    full_schedule = "1d"
    required = ("name",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[BrandRecord]:
        names, after = self._page(cursor["after"] if cursor else None)
        return Page(self.records({"name": name} for name in names if name), {"after": after} if after else None)

    def fetch(self, external_ids: Sequence[str]) -> list[BrandRecord]:
        """There is no search by name, so all names are read."""
        found: list[str] = []
        after, first = None, True
        while external_ids and (first or after):
            names, after = self._page(after)
            found, first = found + [name for name in names if name in external_ids], False
        return self.records({"name": name} for name in found)

    def _page(self, after: str | None) -> tuple[list[str], str | None]:
        return self.client.page(documents.VENDORS, "productVendors", first=PER_PAGE, after=after)

    def placeholder(self, number: str) -> BrandRecord:
        return BrandRecord(external_id=number, name="")

    def build(self, raw: Any, problems: list[Problem]) -> BrandRecord:
        name = Reader(raw, problems, what="vendor").text("name")
        return BrandRecord(external_id=name, name=name, link=self.client.link("products"))
