"""Categories of the shop."""

from typing import Annotated, Any

from pydantic import Field

from connectors.platforms.seller_center_shop.sources.base import ShopSource
from connectors.sdk.api_model import Text, record
from connectors.sdk.listing_protocol import Row
from connectors.sdk.records import CategoryRecord
from hub.kinds import DataType


class CategoryRow(Row):
    name: Annotated[Text, Field(min_length=1)]
    parent: Text | None = None
    position: int = 0


class Categories(ShopSource[CategoryRecord]):
    data_type = DataType.CATEGORIES
    required = ("name",)

    def record(self, raw: Any) -> CategoryRecord:
        return record(raw, CategoryRow, _category, lambda key: CategoryRecord(external_id=key, name=""))


def _category(row: CategoryRow) -> CategoryRecord:
    return CategoryRecord(
        external_id=row.id, updated_at=row.updated_at, name=row.name, parent_id=row.parent or "", position=row.position
    )
