"""Brands, which WooCommerce has since version 9.6."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.woocommerce.client import ShopClient
from connectors.platforms.woocommerce.error_messages import is_missing_route
from connectors.platforms.woocommerce.field_types import Label
from connectors.platforms.woocommerce.listings import BrandListing
from connectors.platforms.woocommerce.sources.base import TermSource
from connectors.sdk.api_model import ApiModel, Text, record
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import BrandRecord
from hub.kinds import DataType


class Brands(TermSource[BrandRecord], BrandListing[ShopClient]):
    """Empty for shops of earlier versions."""

    data_type = DataType.BRANDS
    required = ("name",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[BrandRecord]:
        try:
            return super().read_page(since=since, cursor=cursor)
        except NeedsAttention as error:
            if not is_missing_route(error):
                raise
            return Page([], None, total=0)

    def fetch(self, external_ids: Sequence[str]) -> list[BrandRecord]:
        try:
            return super().fetch(external_ids)
        except NeedsAttention as error:
            if not is_missing_route(error):
                raise
            return []

    def records(self, rows: list[Any]) -> list[BrandRecord]:
        return [record(row, _Brand, self._build, self._placeholder) for row in rows]

    def _build(self, api_row: "_Brand") -> BrandRecord:
        return BrandRecord(
            external_id=api_row.id, link=self._link(api_row.id), name=api_row.name, image_url=api_row.image.src
        )

    def _placeholder(self, external_id: str) -> BrandRecord:
        return BrandRecord(external_id=external_id, name="", link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.admin_link(f"term.php?taxonomy=product_brand&tag_ID={external_id}")


class _Image(ApiModel):
    src: Text = ""


class _Brand(ApiModel):
    id: Text
    name: Label
    image: _Image = _Image()
