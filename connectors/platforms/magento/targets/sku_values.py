"""Base class for stock and prices, written by SKU as absolute values, so that it is safe to repeat.

The shop accepts values for SKUs that do not exist, or reports them only in the error text, so products are looked up
first. Items are linked by the shop's product ID, which stays the same when the SKU changes.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets import existing_products
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.paging import ExistingPage
from connectors.sdk.records import Problem
from connectors.sdk.streams import ComparisonDepth, Target
from connectors.sdk.values import json_number

Entry = dict[str, Any]


class SkuValueTarget(Target[TargetClient, VariantItem, Entry]):
    """Writes one entry per variant, with as many entries per call as the settings allow."""

    batch_size = 1000
    comparable = ComparisonDepth.CONTENT

    @abstractmethod
    def save(self, entries: list[Entry]) -> dict[str, Exception]:
        """Save the entries. Returns SKU → error for those that the shop has not saved."""

    @abstractmethod
    def removal_entry(self, sku: str) -> Entry | None:
        """The entry to save for a variant that is no longer offered; None to save nothing."""

    @abstractmethod
    def existing_entries(self, rows: list[Row]) -> Mapping[str, Entry]:
        """ID → entry of the products for which the shop has a value."""

    def send(self, operations: Sequence[Operation[Entry]]) -> list[Outcome]:
        existing = self.client.products_by_sku([each.payload["sku"] for each in operations if each.payload])
        removed = self.client.products_by_id(each.external_id for each in operations if each.action is Action.REMOVE)
        outcomes: list[Outcome] = []
        entries: dict[int, Entry] = {}
        for position, operation in enumerate(operations):
            outcomes.append(Outcome(external_id=operation.external_id))
            if operation.action is Action.REMOVE:
                if not operation.external_id:
                    outcomes[position].error = SkipRecord(issues.OUTCOME_UNKNOWN())
                elif (row := removed.get(operation.external_id)) and (entry := self.removal_entry(row["sku"])):
                    entries[position] = entry
            elif (row := existing.get(sku_key(operation.content["sku"]))) is None:
                outcomes[position].error = SkipRecord(issues.NOT_AT_TARGET_YET(name=operation.content["sku"]))
            elif problem := _unsuitable(row, operation):
                outcomes[position].error = SkipRecord(problem)
            else:
                outcomes[position].external_id = str(row["id"])
                entries[position] = operation.content
        for chunk in _chunks(entries, self.client.settings.items_per_call):
            rejected = self.save([entries[position] for position in chunk])
            for position in chunk:
                outcomes[position].error = rejected.get(entries[position]["sku"])
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Entry]:
        simple = product_rows.of_types(*product_rows.SIMPLE_TYPES)
        rows, following = existing_products.read_page(self.client, simple, cursor=cursor)
        return ExistingPage(self.existing_entries(rows), following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return set(self.existing_entries(existing_products.find(self.client, external_ids)))


def _unsuitable(row: Row, operation: Operation[Entry]) -> Problem | None:
    """Why the shop's product with an equal SKU does not get the value."""
    sku = operation.content["sku"]
    if row.get("type_id") not in product_rows.SIMPLE_TYPES:
        return issues.PRODUCT_TYPE_UNSUPPORTED(type=row.get("type_id"))
    if row["sku"] != sku and str(row["id"]) != operation.external_id:
        return issues.SKU_EQUAL(sku=f"“{sku}”", other=f"“{row['sku']}”")
    return None


def json_value(value: Any) -> Any:
    """A number of the shop in the format used in payloads."""
    return json_number(Decimal(str(value))) if isinstance(value, int | float) else value


def _chunks(entries: dict[int, Entry], size: int) -> Iterator[list[int]]:
    positions = list(entries)
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
