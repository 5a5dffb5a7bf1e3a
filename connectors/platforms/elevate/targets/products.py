"""Products: each is a product group with one product; discontinued and hidden ones are not in the feed."""

from collections.abc import Mapping
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.elevate.client import ElevateClient
from connectors.platforms.elevate.product_groups import key_of, product_group_payload
from connectors.sdk.feeds import FeedFile, FeedTarget, ImportResult
from connectors.sdk.operations import Operation, References
from connectors.sdk.streams import SizeSchedules
from hub.kinds import DataType

Payload = dict[str, Any]


class ProductTarget(FeedTarget[ElevateClient, ProductItem, Payload]):
    data_type = DataType.PRODUCTS
    lane = "feed"
    batch_size = 1000
    # Recommended by the vendor; between full imports, waiting changes are sent every few minutes.
    full_schedule = SizeSchedules(10_000, below="1h", above="1d")

    @property
    def drain_seconds(self) -> float:
        return float(self.client.settings.drain_every)

    @property
    def format(self) -> str:
        return str(self.client.settings.api_version)

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

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile[Payload]:
        return self.client.api.open_file(path, replace_all=replace_all)

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        return self.client.api.send(path, replace_all=replace_all, name=name, force=force)

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        return self.client.api.poll(remote_id, path=path, replace_all=replace_all)
