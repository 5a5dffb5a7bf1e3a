"""Base class for stock and prices, written by SKU as absolute values, so that it is safe to repeat."""

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Sequence

from catalog.items import VariantItem
from connectors.platforms.woocommerce.client import PRODUCTS, Row, TargetClient
from connectors.platforms.woocommerce.targets.batches import find_by_sku, save
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.streams import Target


class SkuValueTarget(Target[TargetClient, VariantItem, Row]):
    """One lookup for fifty SKUs; one batch for all products, and one for the variations of each product."""

    lane = "catalog"
    batch_size = 100

    @abstractmethod
    def removal_values(self) -> Row | None:
        """What is written for a variant that is no longer offered; None for nothing."""

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        skus = [_sku(each) for each in operations]
        found = find_by_sku(self.client, skus, _fields="id,sku,type,parent_id")
        entries: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        for place, (operation, sku) in enumerate(zip(operations, skus, strict=True)):
            removed = operation.action is Action.REMOVE
            values = self.removal_values() if removed else operation.content
            if not sku:
                outcomes[place].error = SkipRecord(issues.OUTCOME_UNKNOWN())
            elif (row := found.get(sku)) is None:
                outcomes[place].error = None if removed else SkipRecord(issues.NOT_AT_TARGET_YET(name=sku))
            else:
                outcomes[place].external_id = str(row["id"])
                if values is not None:
                    parent = row.get("parent_id") if row.get("type") == "variation" else None
                    path = f"{PRODUCTS}/{parent}/variations" if parent else PRODUCTS
                    body = {name: value for name, value in values.items() if name != "sku"}
                    entries[path].append((place, body | {"id": row["id"]}))
        for path, chosen in entries.items():
            results = save(self.client, path, "update", [body for _, body in chosen])
            for (place, _), result in zip(chosen, results, strict=True):
                outcomes[place].error = result if isinstance(result, SkipRecord) else None
        return outcomes


def _sku(operation: Operation[Row]) -> str:
    """A removal only has what was sent last."""
    content = operation.payload or operation.previous
    return str(content["sku"]) if content else ""
