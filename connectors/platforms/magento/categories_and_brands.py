"""Categories below the root of each shop, and brands: the options of the attribute that is mapped to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import IdPage, Page
from connectors.listing import Text, UtcDatetime, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.client import Filter, Group, MagentoClient
from connectors.platforms.magento.settings import mapped_value, text
from connectors.platforms.magento.source_base import ApiModel, Cursor, Listing
from connectors.records import BrandRecord, CategoryRecord, Record

# 0 is the root of everything, 1 the root of a shop: neither is a category that a customer sees.
MIN_CATEGORY_LEVEL = 2


class Categories(Listing):
    path = "/categories/list"

    def base_filters(self) -> list[Group]:
        return [[Filter("level", MIN_CATEGORY_LEVEL, "gteq")]]

    def records(self, rows: list[Any]) -> list[Record]:
        return [record(row, _Category, self._build, self._placeholder) for row in rows]

    def _build(self, api_row: "_Category") -> CategoryRecord:
        return CategoryRecord(
            external_id=api_row.id,
            updated_at=api_row.updated_at,
            link=self._link(api_row.id),
            name=api_row.name,
            parent_id=api_row.parent_id if api_row.level > MIN_CATEGORY_LEVEL else "",
            tree=tree_of(api_row.path),
            slug=text(mapped_value(api_row.custom_attributes, "url_key")),
            position=api_row.position,
            visible=api_row.is_active,
        )

    def _placeholder(self, number: str) -> CategoryRecord:
        return CategoryRecord(external_id=number, name="", link=self._link(number))

    def _link(self, number: str) -> str:
        return self.client.link(f"catalog/category/edit/id/{number}")


def tree_of(path: str) -> str:
    """The root that a category hangs under: the second of `1/2/17`."""
    return path.split("/")[1] if path.count("/") else ""


class Brands:
    """Read whole every time: an option has no time of change. None if no attribute is mapped."""

    def __init__(self, client: MagentoClient) -> None:
        self.client = client

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        found = self._records()
        return Page(found, None, total=len(found))

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return [each for each in self._records() if each.external_id in external_ids] if external_ids else []

    def ids(self) -> IdPage:
        return IdPage([each.external_id for each in self._records()], None)

    def _records(self) -> list[Record]:
        code = self.client.field_map.products.brand
        options = Attributes(self.client).options(code) if code else {}
        link = self.client.link("catalog/product_attribute")
        return [
            BrandRecord(external_id=value, name=label, link=link, raw={"value": value, "label": label})
            for value, label in options.items()
        ]


class _Category(ApiModel):
    id: Text
    parent_id: Text = ""
    name: Text
    is_active: bool = False
    position: int = 0
    level: int
    path: Text
    updated_at: UtcDatetime | None = None
    custom_attributes: list[Any] = []
