"""Figures of what a shop sells, by SKU: absolute, so that a repetition changes nothing.

The shop takes figures for SKUs that it does not have, or tells them apart by words alone; so they are looked up first.
Items are known by the ID of the product there, which stays when its SKU changes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.targets import held_products
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.paging import HeldPage
from connectors.sdk.streams import ComparisonDepth, Target
from connectors.sdk.values import json_number

Entry = dict[str, Any]


class FigureTarget(Target[TargetClient, VariantItem, Entry]):
    """Writes one entry for each variant, as many a call as the connection allows."""

    batch_size = 1000
    comparable = ComparisonDepth.CONTENT

    def save(self, entries: list[Entry]) -> dict[str, str]:
        """SKU → reason for those that were refused."""
        raise NotImplementedError

    def removal_entry(self, sku: str) -> Entry | None:
        """What is saved of a variant that is no longer offered; None: nothing."""
        raise NotImplementedError

    def held_entries(self, rows: list[Row]) -> Mapping[str, Entry]:
        """ID → entry of those products that the shop has a figure of."""
        raise NotImplementedError

    def send(self, operations: Sequence[Operation[Entry]]) -> list[Outcome]:
        existing = self.client.products_by_sku([each.payload["sku"] for each in operations if each.payload])
        removed = self.client.products_by_id(each.external_id for each in operations if each.action is Action.REMOVE)
        outcomes: list[Outcome] = []
        entries: dict[int, Entry] = {}
        for place, operation in enumerate(operations):
            outcomes.append(Outcome(external_id=operation.external_id))
            if operation.action is Action.REMOVE:
                if not operation.external_id:
                    outcomes[place].error = SkipRecord(issues.OUTCOME_UNKNOWN())
                elif (row := removed.get(operation.external_id)) and (entry := self.removal_entry(row["sku"])):
                    entries[place] = entry
            elif (row := existing.get(operation.content["sku"].lower())) is None:
                outcomes[place].error = SkipRecord(issues.NOT_AT_TARGET_YET(name=operation.content["sku"]))
            else:
                outcomes[place].external_id = str(row["id"])
                entries[place] = operation.content
        for chunk in _chunks(entries, self.client.settings.entities_a_call):
            refused = self.save([entries[place] for place in chunk])
            for place in chunk:
                if reason := refused.get(entries[place]["sku"]):
                    outcomes[place].error = SkipRecord(issues.REJECTED(reason=reason))
        return outcomes

    def read_held(self, *, cursor: Any) -> HeldPage[Entry]:
        simple = product_rows.of_types(*product_rows.SIMPLE_TYPES)
        rows, following = held_products.read_page(self.client, simple, cursor=cursor)
        return HeldPage(self.held_entries(rows), following)

    def find_held(self, external_ids: Collection[str]) -> set[str]:
        return set(self.held_entries(held_products.find(self.client, external_ids)))


def held_number(value: Any) -> Any:
    """A figure of the shop's in the form that payloads have."""
    return json_number(Decimal(str(value))) if isinstance(value, int | float) else value


def _chunks(entries: dict[int, Entry], size: int) -> Iterator[list[int]]:
    places = list(entries)
    for start in range(0, len(places), size):
        yield places[start : start + size]
