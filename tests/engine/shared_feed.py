"""A search engine whose feed has two streams in one lane: products, and the stock of variants."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.feeds import Feed, FeedFile, FeedTarget, ImportResult, ImportState
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import DataType, Role


@dataclass
class Engine:
    """The platform. `imports` has (full replacement?, its lines) of each import; `answer` is what it says to them."""

    imports: list[tuple[bool, list[dict[str, Any]]]] = field(default_factory=list)
    contents: dict[str, Any] = field(default_factory=dict)
    answer: ImportResult = field(default_factory=lambda: ImportResult(ImportState.DONE))

    def receive(self, lines: list[dict[str, Any]], *, replace_all: bool) -> ImportResult:
        self.imports.append((replace_all, lines))
        if self.answer.state is ImportState.DONE:
            if replace_all:
                self.contents.clear()
            for line in lines:
                if line["content"] is None:
                    self.contents.pop(line["key"], None)
                else:
                    self.contents[line["key"]] = line["content"]
        return self.answer


class LinesFile(FeedFile):
    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._lines: list[str] = []

    def add(self, data_type: DataType, operation: Operation[Any]) -> None:
        content = None if operation.action is Action.REMOVE else operation.payload
        self._lines.append(json.dumps({"key": f"{data_type}-{operation.item_id}", "content": content}))

    def __exit__(self, *error: object) -> None:
        self._path.write_text("\n".join(self._lines))


class SharedFeed(Feed[Engine]):
    lane = "feed"
    drain_seconds = 0.0

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        return LinesFile(path)

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
        return self.client.receive(lines, replace_all=replace_all)

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        raise AssertionError("Every import is finished when it has been started.")


class _Stream(FeedTarget[Engine, Any, dict[str, Any]]):
    lane = SharedFeed.lane
    feed = SharedFeed

    def item_key(self, operation: Operation[dict[str, Any]]) -> str:
        return f"{self.data_type}-{operation.item_id}"

    def replace_names(self, payload: dict[str, Any], names: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        return payload


class FeedProducts(_Stream):
    data_type = DataType.PRODUCTS

    def payload(self, item: ProductItem, refs: References) -> dict[str, Any] | None:
        return {"title": item.title} if item.status == "live" else None


class FeedStock(_Stream):
    data_type = DataType.STOCK

    def payload(self, item: VariantItem, refs: References) -> dict[str, Any] | None:
        return {"sku": item.sku} if item.status == "live" else None


class SharedFeedPlatform(Adapter[Engine]):
    key = "shared_feed"
    name = "Shared feed"
    role = Role.SEARCH
    streams = (FeedProducts, FeedStock)
    engine = Engine()

    def make_client(self) -> Engine:
        return type(self).engine

    def check(self) -> str:
        return "Shared feed"
