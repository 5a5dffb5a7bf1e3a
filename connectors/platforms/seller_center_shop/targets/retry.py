"""When a rejected item is retried, following the vendor's own schedule: after 1, 8, 27 … minutes, at most 480."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.sdk import clock
from connectors.sdk.errors import BatchRejected, TryAgainLater
from connectors.sdk.operations import Operation, Outcome

MAX_RETRY_DELAY = timedelta(minutes=480)

PayloadT = TypeVar("PayloadT")


def retry_at(operation: Operation[Any]) -> datetime:
    return clock.now() + min(timedelta(minutes=(operation.attempts + 1) ** 3), MAX_RETRY_DELAY)


def send_with_retries(
    operations: Sequence[Operation[PayloadT]], send: Callable[[Sequence[Operation[PayloadT]]], list[Outcome]]
) -> list[Outcome]:
    """The engine sends the items of a rejected batch one by one; a single item that is rejected is retried later."""
    try:
        return send(operations)
    except BatchRejected as error:
        if len(operations) > 1:
            raise
        return [Outcome(error=TryAgainLater(str(error), not_before=retry_at(operations[0])))]
