"""Sending items, batch by batch or as a feed, the way the engine does."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.contract import (
    Action,
    Adapter,
    FeedAdapter,
    ImportAnswer,
    ImportState,
    Operation,
    Outcome,
    References,
)
from hub.kinds import DataType

NOTHING = References({})


def creations(adapter: Adapter, data_type: DataType, items: Sequence[Any]) -> list[Operation]:
    return [Operation(Action.CREATE, item.id, "", adapter.payload(data_type, item, NOTHING)) for item in items]


def write(adapter: Adapter, data_type: DataType, operations: Sequence[Operation], folder: Path) -> list[Outcome]:
    if isinstance(adapter, FeedAdapter):
        answer = feed(adapter, operations, folder)
        assert answer.state is ImportState.DONE, answer
        return [Outcome(external_id=adapter.key_of(operation)) for operation in operations]
    return adapter.send(data_type, operations)


def feed(
    adapter: FeedAdapter,
    operations: Sequence[Operation],
    folder: Path,
    *,
    replace_all: bool = False,
    force: bool = False,
) -> ImportAnswer:
    path = folder / "feed.gz"
    with gzip.open(path, "wb") as file:
        file.write(adapter.header(replace_all=replace_all))
        for operation in operations:
            file.write(adapter.line(operation, replace_all=replace_all))
        file.write(adapter.footer(replace_all=replace_all))
    return adapter.start_import(str(path), replace_all=replace_all, name="test", force=force)
