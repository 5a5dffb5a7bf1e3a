"""Brands of the shop."""

from typing import Annotated, Any

from pydantic import Field

from connectors.platforms.seller_center_shop.sources.base import ShopSource
from connectors.sdk.api_model import Text, record
from connectors.sdk.listing_protocol import Row
from connectors.sdk.records import BrandRecord
from hub.kinds import DataType


class BrandRow(Row):
    name: Annotated[Text, Field(min_length=1)]


class Brands(ShopSource[BrandRecord]):
    data_type = DataType.BRANDS
    required = ("name",)

    def record(self, raw: Any) -> BrandRecord:
        return record(raw, BrandRow, _brand, lambda key: BrandRecord(external_id=key, name=""))


def _brand(row: BrandRow) -> BrandRecord:
    return BrandRecord(external_id=row.id, updated_at=row.updated_at, name=row.name)
