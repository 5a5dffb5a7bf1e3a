"""Brands of a custom shop."""

from typing import Annotated

from pydantic import Field

from connectors.platforms.rest.sources.base import ApiObject, RestSource
from connectors.sdk.records import BrandRecord
from hub.kinds import DataType


class ApiBrand(ApiObject):
    name: Annotated[str, Field(min_length=1)]
    image_url: str = ""


class Brands(RestSource[BrandRecord]):
    data_type = DataType.BRANDS
    schema = ApiBrand
    required = ("name",)

    def build(self, row: ApiBrand) -> BrandRecord:
        return BrandRecord(external_id=row.key, updated_at=row.updated_at, name=row.name, image_url=row.image_url)

    def placeholder(self, key: str) -> BrandRecord:
        return BrandRecord(external_id=key, name="")
