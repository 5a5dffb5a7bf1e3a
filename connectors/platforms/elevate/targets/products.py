"""Products: each is a product group; discontinued and hidden ones are not in the feed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from catalog.items import ProductItem
from connectors.platforms.elevate import export
from connectors.platforms.elevate.client import ElevateClient
from connectors.platforms.elevate.feed import ClusterFeed
from connectors.platforms.elevate.product_groups import key_of, product_group_payload
from connectors.sdk.errors import ConnectorError
from connectors.sdk.feeds import FeedTarget
from connectors.sdk.operations import Operation, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth, SizeSchedules
from hub.kinds import DataType

Payload = dict[str, Any]


class ProductTarget(FeedTarget[ElevateClient, ProductItem, Payload]):
    data_type = DataType.PRODUCTS
    lane = ClusterFeed.lane
    feed = ClusterFeed
    batch_size = 1000
    comparable = ComparisonDepth.CONTENT
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

    def read_existing(self, *, cursor: Any) -> ExistingPage[Payload]:
        """All groups in one response, because the export has no pages: up to the size that the HTTP client accepts."""
        groups = self._exported()
        return ExistingPage({key: {"key": key, "productGroup": group} for key, group in groups.items()}, None)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        wanted = sorted(external_ids)
        found: set[str] = set()
        for start in range(0, len(wanted), export.MAX_KEYS):
            found |= self._exported(wanted[start : start + export.MAX_KEYS]).keys()
        return found

    def _exported(self, keys: Sequence[str] = ()) -> export.Groups:
        """A cluster on v3 exports what it would be after the upgrade: the comparison shows what the upgrade changes."""
        settings = self.client.settings
        if settings.api_version != "v4":
            # Fails the comparison only; NeedsAttention would also pause the imports.
            raise ConnectorError("Only Admin API v4 exports the catalog. Choose v4 in the settings to compare it.")
        try:
            return export.read_groups(self.client.http, keys=keys)
        except RequestRejected as error:
            if error.status != 405:
                raise
        return export.read_groups_to_upgrade(
            self.client.http, market=settings.markets[0], locale=settings.locale, keys=keys
        )
