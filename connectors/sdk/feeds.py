"""Targets that accept one import at a time, as a file: search engines."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.streams import Target
from hub.kinds import DataType

ClientT = TypeVar("ClientT")
ItemT = TypeVar("ItemT")
PayloadT = TypeVar("PayloadT")


class ImportState(StrEnum):
    DONE = "done"
    RUNNING = "running"
    REJECTED = "refused"
    HARMFUL = "harmful"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class ImportResult:
    """The state of an import at the target. `item_errors`: external ID of an item → its error; `raw` is the complete
    response."""

    state: ImportState
    remote_id: str = ""
    reason: str = ""
    item_errors: dict[str, str] = field(default_factory=dict)
    raw: Any = None


class FeedFile(AbstractContextManager["FeedFile"]):
    """Writes the gzip file of an import, in constant memory. The file is complete when the context is left."""

    @abstractmethod
    def add(self, data_type: DataType, operation: Operation[Any]) -> None:
        """Write an operation of the feed's stream of this data type."""


class Feed(ABC, Generic[ClientT]):
    """The imports of one lane: the changes of its streams are collected and sent as one file every `drain_seconds`.

    `lane` is that of the streams, which name this class as their `feed`. `client` is the adapter's.
    """

    lane: ClassVar[str]

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @property
    def drain_seconds(self) -> float:
        """The time between two imports, in seconds (F7); from the connection's settings."""
        return 300.0

    @property
    def format(self) -> str:
        """The name of the file format. If it changes, everything is sent again."""
        return ""

    @abstractmethod
    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        """Start a file: for a full replacement, or with changes only."""

    @abstractmethod
    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        """Send the gzip file. Raises TryAgainLater (with `sent`) if the response was lost."""

    @abstractmethod
    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        """The state of the import. `path` is its file, because some targets report item errors only by line."""


class FeedTarget(Target[ClientT, ItemT, PayloadT]):
    """A target stream whose changes are sent with the imports of its `feed`.

    `payload` is called for each item as usual; `send` is never called.
    """

    feed: ClassVar[type[Feed[Any]]]

    def send(self, operations: Sequence[Operation[PayloadT]]) -> list[Outcome]:
        raise TypeError("Changes of a feed are sent with its imports.")

    @abstractmethod
    def item_key(self, operation: Operation[PayloadT]) -> str:
        """The item's external ID in the file, also if it is sent for the first time."""

    def read_names(self, payload: PayloadT) -> dict[tuple[str, str], str]:
        """(attribute, ID) → its display name in the payload, for targets where IDs have display names (F4)."""
        return {}

    def replace_names(self, payload: PayloadT, names: Mapping[tuple[str, str], str]) -> PayloadT:
        """The payload with these display names, because an ID has one name within an import."""
        raise NotImplementedError
