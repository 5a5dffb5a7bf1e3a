"""Categories below the root category of each shop."""

from typing import Any

from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.sources.base import ListedSource
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.records import CategoryRecord
from hub.kinds import DataType, Kind

# Level 0 is the root of all categories, level 1 the root of a shop: customers see neither.
MIN_CATEGORY_LEVEL = 2


class Categories(ListedSource[CategoryRecord]):
    data_type = DataType.CATEGORIES
    kind = Kind.CATEGORY
    lane = "catalog"
    full_schedule = "1d"
    partial_schedule = "1h"
    path = "/categories/list"
    required = ("name", "is_active", "level", "path")

    def includes(self, raw: Any) -> bool:
        path = raw.get("path") if isinstance(raw, dict) else None
        if not self.client.websites.limited or not isinstance(path, str):
            return True
        return tree_of(path) in map(str, self.client.websites.own_roots)

    def website_filters(self) -> list[Group]:
        websites = self.client.websites
        return [[Filter("path", f"1/{root}/%", "like") for root in websites.own_roots]] if websites.limited else []

    def base_filters(self) -> list[Group]:
        return [[Filter("level", MIN_CATEGORY_LEVEL, "gteq")], *self.website_filters()]

    def records(self, rows: list[Any]) -> list[CategoryRecord]:
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

    def _placeholder(self, external_id: str) -> CategoryRecord:
        return CategoryRecord(external_id=external_id, name="", link=self._link(external_id))

    def _link(self, external_id: str) -> str:
        return self.client.link(f"catalog/category/edit/id/{external_id}")


def tree_of(path: str) -> str:
    """The ID of the category's root: the second part of `1/2/17`."""
    return path.split("/")[1] if path.count("/") else ""


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
