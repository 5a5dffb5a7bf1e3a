"""Brands, as docs/platforms/rest.md specifies them."""

from catalog.items import BrandItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream
from connectors.sdk.operations import References
from hub.kinds import DataType


class BrandTarget(RestTargetStream[BrandItem]):
    data_type = DataType.BRANDS
    lane = "brands"

    def payload(self, item: BrandItem, refs: References) -> Row | None:
        return {"name": item.name, "image_url": item.image_url} if item.status == "live" else None
