"""Brands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.bigcommerce.client import BRANDS, SourceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.listings import BrandListing
from connectors.platforms.bigcommerce.paging import page_by_id
from connectors.platforms.bigcommerce.sources.base import StoreSource
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import BrandRecord, Problem
from hub.kinds import DataType


class Brands(StoreSource[BrandRecord], BrandListing[SourceClient]):
    """Always read in full, by ID: the vendor returns no modification time and has no webhooks for brands."""

    data_type = DataType.BRANDS
    full_schedule = "1h"
    required = ("name",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[BrandRecord]:
        rows, after, left = page_by_id(
            self.client, BRANDS, cursor["after"] if cursor else 0, limit=self.client.settings.page_size
        )
        return Page(self.records(rows), {"after": after} if after else None, total=None if cursor else left)

    def fetch(self, external_ids: Sequence[str]) -> list[BrandRecord]:
        return self.records(self.client.existing(BRANDS, external_ids))

    def placeholder(self, number: str) -> BrandRecord:
        return BrandRecord(external_id=number, name="")

    def build(self, raw: Any, problems: list[Problem]) -> BrandRecord:
        brand = FieldReader(raw, problems, what="brand")
        number = brand.key("id")
        return BrandRecord(
            external_id=number,
            link=self.client.link(f"products/brands/{number}/edit"),
            name=brand.text("name"),
            image_url=brand.text("image_url"),
        )
