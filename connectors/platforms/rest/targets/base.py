"""Base class of all targets of a custom system: batches of objects by key, which can be read back in full."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from connectors.platforms.rest.client import BATCH_SIZE, RestClient, Row
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.records import AddressRecord
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import Kind

ADDRESS_FIELDS = (
    "use", "first_name", "last_name", "company", "street", "street2", "city", "region", "postcode", "country",
    "phone", "email",
)  # fmt: skip

ItemT = TypeVar("ItemT")


class RestTargetStream(Target[RestClient, ItemT, Row]):
    """Writes a collection whose name is that of the data type."""

    batch_size = BATCH_SIZE
    comparable = ComparisonDepth.CONTENT

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """One PUT for objects that should exist and one DELETE for those that should not; both are safe to repeat."""
        keys = [operation.external_id or str(operation.item_id) for operation in operations]
        written = [index for index, operation in enumerate(operations) if operation.action is not Action.REMOVE]
        removed = [index for index, operation in enumerate(operations) if operation.action is Action.REMOVE]
        bodies = [operations[index].content | {"key": keys[index]} for index in written]
        outcomes: dict[int, Outcome] = {}
        for method, indexes, body in (
            ("PUT", written, bodies),
            ("DELETE", removed, [keys[index] for index in removed]),
        ):
            if indexes:
                results = self.client.write(method, self.data_type, body)
                outcomes |= {i: _outcome(keys[i], result) for i, result in zip(indexes, results, strict=True)}
        return [outcomes[index] for index in range(len(operations))]

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        answer = self.client.keyed_page(self.data_type, cursor)
        return ExistingPage({each.pop("key"): each for each in answer["items"]}, answer["next"])

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {each["key"] for each in self.client.find(self.data_type, list(external_ids))}


def _outcome(key: str, result: Any) -> Outcome:
    if isinstance(result, dict) and result.get("status") == "ok":
        return Outcome(external_id=key)
    errors = result.get("errors") if isinstance(result, dict) else None
    messages = [str(each.get("message")) for each in errors or () if isinstance(each, dict) and each.get("message")]
    reason = "; ".join(messages) or "no reason given"
    return Outcome(external_id=key, error=SkipRecord(issues.REJECTED(reason=reason)))


def reference(refs: References, kind: Kind, item_id: int | None) -> str:
    """The key of an item in the other system: our own ID, unless the system assigned one; empty if there is no item."""
    return "" if item_id is None else refs.get(kind, item_id) or str(item_id)


def address(item: AddressRecord) -> dict[str, str]:
    return {name: getattr(item, name) for name in ADDRESS_FIELDS}
