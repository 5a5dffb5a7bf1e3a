"""Products: each is a product group with one product; discontinued and hidden ones are not in the feed."""

from collections.abc import Mapping
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.elevate.client import ElevateClient
from connectors.platforms.elevate.feed import ClusterFeed
from connectors.platforms.elevate.product_groups import key_of, product_group_payload
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Operation, References
from connectors.sdk.streams import SizeSchedules
from hub.kinds import DataType

Payload = dict[str, Any]


class ProductTarget(FeedTarget[ElevateClient, ProductItem, Payload]):
    data_type = DataType.PRODUCTS
    lane = ClusterFeed.lane
    feed = ClusterFeed
    batch_size = 1000
    # Recommended by the vendor; between full imports, waiting changes are sent every few minutes.
    full_schedule = SizeSchedules(10_000, below="1h", above="1d")

    def payload(self, item: ProductItem, refs: References) -> Payload | None:
        return product_group_payload(item, self.client.settings, self.client.field_map)

    def read_names(self, payload: Payload) -> dict[tuple[str, str], str]:
        labels = payload.get("names", {}).items()
        return {(label, value): name for label, names in labels for value, name in names.items()}

    def replace_names(self, payload: Payload, names: Mapping[tuple[str, str], str]) -> Payload:
        labels: dict[str, dict[str, str]] = {}
        for (label, value), name in names.items():
            labels.setdefault(label, {})[value] = name
        return payload | {"names": labels}

    def item_key(self, operation: Operation[Payload]) -> str:
        return operation.external_id or key_of(operation.item_id)
