"""Sending items, batch by batch or as a feed, the way the engine does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.sdk.adapter import Adapter
from connectors.sdk.feeds import FeedTarget, ImportResult, ImportState
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType

NOTHING = References({})


def creations(adapter: Adapter, data_type: DataType, items: Sequence[Any]) -> list[Operation]:
    return [Operation(Action.CREATE, item.id, "", adapter.payload(data_type, item, NOTHING)) for item in items]


def write(adapter: Adapter, data_type: DataType, operations: Sequence[Operation], folder: Path) -> list[Outcome]:
    if isinstance(adapter, FeedTarget):
        answer = feed(adapter, operations, folder)
        assert answer.state is ImportState.DONE, answer
        return [Outcome(external_id=adapter.key_of(operation)) for operation in operations]
    return adapter.send(data_type, operations)


def feed(
    adapter: FeedTarget,
    operations: Sequence[Operation],
    folder: Path,
    *,
    replace_all: bool = False,
    force: bool = False,
) -> ImportResult:
    path = file_of(adapter, operations, folder, replace_all=replace_all)
    return adapter.start_import(path, replace_all=replace_all, name="test", force=force)


def file_of(adapter: FeedTarget, operations: Sequence[Operation], folder: Path, *, replace_all: bool = False) -> str:
    path = str(folder / "feed.gz")
    with adapter.open_feed(path, replace_all=replace_all) as file:
        for operation in operations:
            file.add(operation)
    return path
