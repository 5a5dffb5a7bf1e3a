"""When a refused item is tried again: as the vendor does, after 1, 8, 27 … minutes, 480 at most."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.sdk.errors import BatchRefused, TryAgainLater
from connectors.sdk.operations import Operation, Outcome

MAX_RETRY_DELAY = timedelta(minutes=480)

PayloadT = TypeVar("PayloadT")


def retry_at(operation: Operation[Any]) -> datetime:
    return datetime.now(UTC) + min(timedelta(minutes=(operation.attempts + 1) ** 3), MAX_RETRY_DELAY)


def send_with_retries(
    operations: Sequence[Operation[PayloadT]], send: Callable[[Sequence[Operation[PayloadT]]], list[Outcome]]
) -> list[Outcome]:
    """A batch that is refused is sent item by item by the engine; a single item that is refused is tried again."""
    try:
        return send(operations)
    except BatchRefused as refusal:
        if len(operations) > 1:
            raise
        return [Outcome(error=TryAgainLater(str(refusal), not_before=retry_at(operations[0])))]
