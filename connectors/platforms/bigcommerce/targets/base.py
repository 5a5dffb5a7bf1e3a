"""Base class of all targets of a store."""

from collections.abc import Sequence
from typing import TypeVar

from connectors.platforms.bigcommerce.client import Row, TargetClient
from connectors.sdk.operations import Action, Operation
from connectors.sdk.streams import Target

ItemT = TypeVar("ItemT")
Numbered = list[tuple[int, Operation[Row]]]


class StoreTarget(Target[TargetClient, ItemT, Row]):
    # One lane for all: the vendor asks for stock updates not to run in parallel with other writes.
    lane = "catalog"


def split(operations: Sequence[Operation[Row]]) -> tuple[Numbered, Numbered]:
    """Separate operations that write from those that remove, each with its position."""
    positions = list(enumerate(operations))
    return (
        [each for each in positions if each[1].action is not Action.REMOVE],
        [each for each in positions if each[1].action is Action.REMOVE],
    )
