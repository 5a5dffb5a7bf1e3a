"""Categories, as docs/platforms/rest.md specifies them."""

from catalog.items import CategoryItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from hub.kinds import DataType, Kind


class CategoryTarget(RestTargetStream[CategoryItem]):
    data_type = DataType.CATEGORIES
    lane = "categories"

    def payload(self, item: CategoryItem, refs: References) -> Row | None:
        if item.status != "live":
            return None
        return {
            "name": item.name,
            "parent": reference(refs, Kind.CATEGORY, item.parent_id),
            "path": item.path,
            "slug": item.slug,
            "position": item.position,
            "visible": item.visible,
        }
