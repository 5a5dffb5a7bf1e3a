"""Categories of products."""

from typing import Any

from connectors.platforms.woocommerce.client import ShopClient
from connectors.platforms.woocommerce.field_types import Label
from connectors.platforms.woocommerce.listings import CategoryListing
from connectors.platforms.woocommerce.sources.base import TermSource
from connectors.sdk.api_model import ApiModel, Text, record
from connectors.sdk.records import CategoryRecord
from hub.kinds import DataType


class Categories(TermSource[CategoryRecord], CategoryListing[ShopClient]):
    data_type = DataType.CATEGORIES
    required = ("name", "parent")

    def records(self, rows: list[Any]) -> list[CategoryRecord]:
        return [record(row, _Category, self._build, self._placeholder) for row in rows]

    def _build(self, api_row: "_Category") -> CategoryRecord:
        return CategoryRecord(
            external_id=api_row.id,
            link=self._link(api_row.id),
            name=api_row.name,
            parent_id=api_row.parent if api_row.parent != "0" else "",
            slug=api_row.slug,
            position=api_row.menu_order,
        )

    def _placeholder(self, external_id: str) -> CategoryRecord:
        return CategoryRecord(external_id=external_id, name="", link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.admin_link(f"term.php?taxonomy=product_cat&tag_ID={external_id}")


class _Category(ApiModel):
    id: Text
    name: Label
    slug: Text = ""
    parent: Text = "0"
    menu_order: int = 0
