"""A target that queues what it receives and is polled for the results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from catalog.items import ProductItem
from connectors.sdk import issues
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, Queued, SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.streams import PolledReceipts, Target
from hub.kinds import DataType, Role


@dataclass
class Vendor:
    """The platform. `sent` and `polled` are the titles and receipts of each call.

    `answer` is the error of the outcomes that a poll returns, or None for success. A product whose title is `A needs B`
    is only queued once B exists. `poll_error` is raised by the next poll.
    """

    sent: list[list[str]] = field(default_factory=list)
    polled: list[list[str]] = field(default_factory=list)
    queue: dict[str, Operation[Any]] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    answer: Any = None
    poll_error: Exception | None = None

    def process(self) -> None:
        """Process the whole queue."""
        for operation in self.queue.values():
            if operation.action is Action.REMOVE:
                self.products.pop(str(operation.item_id), None)
            else:
                self.products[str(operation.item_id)] = operation.content["title"]
        self.queue.clear()


class QueueingProducts(PolledReceipts[dict[str, str]], Target[Vendor, ProductItem, dict[str, str]]):
    data_type = DataType.PRODUCTS
    lane = "products"
    batch_size = 10

    def payload(self, item: ProductItem, refs: References) -> dict[str, str] | None:
        return {"title": item.title} if item.status == "live" else None

    def send(self, operations: Sequence[Operation[dict[str, str]]]) -> list[Outcome]:
        self.client.sent.append([(each.payload or {}).get("title", "") for each in operations])
        return [self._enqueue(operation) for operation in operations]

    def poll(self, operations: Sequence[Operation[dict[str, str]]]) -> list[Outcome]:
        self.client.polled.append([each.receipt_id for each in operations])
        if error := self.client.poll_error:
            self.client.poll_error = None
            raise error
        return [self._ask(operation) for operation in operations]

    def _enqueue(self, operation: Operation[dict[str, str]]) -> Outcome:
        title = (operation.payload or {}).get("title", "")
        _, needs, needed = title.partition(" needs ")
        if needs and needed not in self.client.products.values():
            return Outcome(error=Queued(f"{title}: not there yet.", not_before=datetime.now(UTC)))
        receipt = f"receipt-{len(self.client.sent)}-{operation.item_id}"
        self.client.queue[receipt] = operation
        return Outcome(error=Queued("Accepted.", not_before=datetime.now(UTC), receipt_id=receipt))

    def _ask(self, operation: Operation[dict[str, str]]) -> Outcome:
        if operation.receipt_id in self.client.queue:
            return Outcome(error=Queued("Still open.", not_before=datetime.now(UTC), receipt_id=operation.receipt_id))
        return Outcome(str(operation.item_id), self.client.answer)


class QueueingPlatform(Adapter[Vendor]):
    key = "queueing"
    name = "Queueing platform"
    role = Role.CUSTOM
    streams = (QueueingProducts,)
    vendor = Vendor()

    def make_client(self) -> Vendor:
        return type(self).vendor

    def check(self) -> str:
        return "Queueing platform"


def rejection(reason: str) -> SkipRecord:
    return SkipRecord(issues.REJECTED(reason=reason))


def batch_rejection(position: int, reason: str) -> BatchRejected:
    return BatchRejected(reason, item_errors={position: issues.REJECTED(reason=reason)})
