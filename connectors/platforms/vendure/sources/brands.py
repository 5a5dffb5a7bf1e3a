"""The values of one facet, as brands."""

from typing import Any

from connectors.platforms.vendure.sources.base import VendureSource
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, record
from connectors.sdk.records import BrandRecord
from hub.kinds import DataType

_VALUES = """
query FacetValues($options: FacetValueListOptions) {
  facetValues(options: $options) { totalItems items { id createdAt updatedAt name facet { code } } }
}
"""


class Brands(VendureSource[BrandRecord]):
    """Values of other facets are dropped: they are attributes of products."""

    data_type = DataType.BRANDS
    name = "facetValues"
    document = _VALUES
    full_schedule = "1d"
    partial_schedule = "15m"
    required = ("name", "facet")

    def records(self, rows: list[Any]) -> list[BrandRecord]:
        return [record(row, _Value, self._build, self._placeholder) for row in rows if self.includes(row)]

    def includes(self, raw: Any) -> bool:
        facet = raw.get("facet") if isinstance(raw, dict) else None
        return not isinstance(facet, dict) or facet.get("code") == self.client.field_map.products.brand

    def _build(self, row: "_Value") -> BrandRecord:
        return BrandRecord(external_id=row.id, updated_at=row.updatedAt, name=row.name)

    def _placeholder(self, external_id: str) -> BrandRecord:
        return BrandRecord(external_id=external_id, name="")


class _Value(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    name: Text
