"""Sends items batch by batch or as a feed, as the engine does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.sdk.adapter import Adapter
from connectors.sdk.feeds import FeedTarget, ImportResult, ImportState
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType, Kind

NOTHING = References({})
# NetSuite's sandbox has this customer from the start. An order that names a customer waits for it (M10).
CUSTOMER_KNOWN = References({(Kind.CUSTOMER, 3): "1"})


def creations(adapter: Adapter[Any], data_type: DataType, items: Sequence[Any]) -> list[Operation[Any]]:
    target = adapter.target(data_type)
    return [Operation(Action.CREATE, item.id, "", target.payload(item, CUSTOMER_KNOWN)) for item in items]


def write(
    adapter: Adapter[Any], data_type: DataType, operations: Sequence[Operation[Any]], folder: Path
) -> list[Outcome]:
    target = adapter.target(data_type)
    if isinstance(target, FeedTarget):
        answer = feed(target, operations, folder)
        assert answer.state is ImportState.DONE, answer
        return [Outcome(external_id=target.item_key(operation)) for operation in operations]
    return target.send(operations)


def feed(
    target: FeedTarget[Any, Any, Any],
    operations: Sequence[Operation[Any]],
    folder: Path,
    *,
    replace_all: bool = False,
    force: bool = False,
) -> ImportResult:
    path = file_of(target, operations, folder, replace_all=replace_all)
    return target.feed(target.client).start_import(path, replace_all=replace_all, name="test", force=force)


def file_of(
    target: FeedTarget[Any, Any, Any],
    operations: Sequence[Operation[Any]],
    folder: Path,
    *,
    replace_all: bool = False,
) -> str:
    path = str(folder / "feed.gz")
    with target.feed(target.client).open_file(path, replace_all=replace_all) as file:
        for operation in operations:
            file.add(target.data_type, operation)
    return path
