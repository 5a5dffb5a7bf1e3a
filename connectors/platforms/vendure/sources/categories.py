"""Collections, as categories."""

from typing import Any

from connectors.platforms.vendure.sources.base import VendureSource
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.records import CategoryRecord
from hub.kinds import DataType

# `breadcrumbs` begins with the root of all collections, which no list returns.
_COLLECTIONS = """
query Collections($options: CollectionListOptions) {
  collections(options: $options) {
    totalItems
    items { id createdAt updatedAt name slug position isPrivate parentId breadcrumbs { id } }
  }
}
"""


class Categories(VendureSource[CategoryRecord]):
    data_type = DataType.CATEGORIES
    name = "collections"
    document = _COLLECTIONS
    full_schedule = "1d"
    partial_schedule = "15m"
    required = ("name", "parentId", "breadcrumbs")

    def records(self, rows: list[Any]) -> list[CategoryRecord]:
        return [record(row, _Collection, self._build, self._placeholder) for row in rows]

    def _build(self, row: "_Collection") -> CategoryRecord:
        is_top = bool(row.breadcrumbs) and row.parentId == row.breadcrumbs[0].id
        return CategoryRecord(
            external_id=row.id,
            updated_at=row.updatedAt,
            link=self.client.link(f"collections/{row.id}"),
            name=row.name,
            slug=row.slug,
            parent_id="" if is_top else row.parentId,
            position=row.position,
            visible=not row.isPrivate,
        )

    def _placeholder(self, external_id: str) -> CategoryRecord:
        return CategoryRecord(external_id=external_id, name="", link=self.client.link(f"collections/{external_id}"))


class _Crumb(ApiModel):
    id: Text


class _Collection(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    name: Text
    slug: Text = ""
    position: int = 0
    isPrivate: bool = False
    parentId: Text
    breadcrumbs: list[_Crumb] = []
