"""The rows of one batch of stock or prices."""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.platforms.sparklayer.rejections import missing_id_error
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome

Row = dict[str, Any]


class BatchRows:
    """The rows to send for a batch, each SKU once.

    A second variant with the same SKU is rejected here, because SparkLayer would reject the whole batch; a removal is
    left out if the same SKU is also written.
    """

    def __init__(self, operations: Sequence[Operation[Row]]) -> None:
        self.operations = operations
        self.entries: list[Row] = []
        self.position_by_sku: dict[str, int] = {}
        self._duplicate_skus: dict[int, str] = {}
        positions = list(enumerate(operations))
        self.written = [each for each in positions if each[1].action is not Action.REMOVE]
        self.removed = [each for each in positions if each[1].action is Action.REMOVE and each[1].external_id]

    def add(self, position: int, rows: Iterable[Row]) -> None:
        for row in rows:
            if self.position_by_sku.setdefault(row["sku"], position) == position:
                self.entries.append(row)
            else:
                self._duplicate_skus[position] = row["sku"]

    def outcomes(self) -> list[Outcome]:
        return [self._outcome(position, operation) for position, operation in enumerate(self.operations)]

    def _outcome(self, position: int, operation: Operation[Row]) -> Outcome:
        if operation.action is Action.REMOVE:
            return Outcome(
                external_id=operation.external_id, error=None if operation.external_id else missing_id_error()
            )
        if sku := self._duplicate_skus.get(position):
            return Outcome(error=SkipRecord(issues.SKU_DUPLICATE(sku=sku)))
        return Outcome(external_id=operation.content["external_id"])
