"""Base class of targets that write a value of each variant; the value is linked by the variant's ID at the store."""

from collections.abc import Collection
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.bigcommerce.client import Row, raise_malformed_response
from connectors.platforms.bigcommerce.inventory import read_locations
from connectors.platforms.bigcommerce.targets.base import StoreTarget
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.paging import Slice, numeric_ids
from connectors.sdk.streams import ComparisonDepth


class VariantValues(StoreTarget[VariantItem]):
    comparable = ComparisonDepth.CONTENT

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        """Looked up in the inventory, because the catalog cannot be asked for several variants by their IDs."""
        return set(map(str, read_locations(self.client, numeric_ids(external_ids))))

    def _slice(self, path: str, number: int, query: dict[str, Any]) -> Slice:
        """A page of a listing by its number. TryAgainLater for an incomplete one."""
        rows, total = self.client.list_page(path, **query, page=number)
        size = query["limit"]
        if len(rows) < min(size, total - (number - 1) * size):
            raise_malformed_response(path)
        return rows, number * size < total


def variant_outcome(operation: Operation[Row]) -> Outcome:
    return Outcome(external_id=str((operation.payload or {}).get("variant_id") or operation.external_id))
