"""Base class of targets that write a value of each variant; the value is linked by the variant's ID at the store."""

from collections.abc import Collection
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.bigcommerce.client import VARIANTS, Row, raise_malformed_response
from connectors.platforms.bigcommerce.targets.base import StoreTarget
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.paging import Slice
from connectors.sdk.streams import ComparisonDepth


class VariantValues(StoreTarget[VariantItem]):
    comparable = ComparisonDepth.CONTENT

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        rows = self.client.existing(VARIANTS, list(external_ids), include_fields="sku")
        return {str(row["id"]) for row in rows}

    def _slice(self, path: str, number: int, query: dict[str, Any]) -> Slice:
        """A page of a listing by its number. TryAgainLater for an incomplete one."""
        rows, total = self.client.list_page(path, **query, page=number)
        size = query["limit"]
        if len(rows) < min(size, total - (number - 1) * size):
            raise_malformed_response(path)
        return rows, number * size < total


def variant_outcome(operation: Operation[Row]) -> Outcome:
    return Outcome(external_id=str((operation.payload or {}).get("variant_id") or operation.external_id))
