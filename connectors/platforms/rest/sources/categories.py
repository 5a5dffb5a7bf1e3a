"""Categories of a custom shop."""

from typing import Annotated

from pydantic import Field

from connectors.platforms.rest.sources.base import ApiObject, RestSource
from connectors.sdk.records import CategoryRecord
from hub.kinds import DataType


class ApiCategory(ApiObject):
    name: Annotated[str, Field(min_length=1)]
    parent: str = ""
    slug: str = ""
    position: int = 0
    visible: bool = True


class Categories(RestSource[CategoryRecord]):
    data_type = DataType.CATEGORIES
    schema = ApiCategory
    required = ("name",)

    def build(self, row: ApiCategory) -> CategoryRecord:
        return CategoryRecord(
            external_id=row.key,
            updated_at=row.updated_at,
            name=row.name,
            parent_id=row.parent,
            slug=row.slug,
            position=row.position,
            visible=row.visible,
        )

    def placeholder(self, key: str) -> CategoryRecord:
        return CategoryRecord(external_id=key, name="")
