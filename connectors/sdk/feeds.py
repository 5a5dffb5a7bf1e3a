"""Targets that take one import at a time, as a file: search engines."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from connectors.sdk.operations import Operation
from connectors.sdk.streams import Target

ClientT = TypeVar("ClientT")
ItemT = TypeVar("ItemT")
PayloadT = TypeVar("PayloadT")


class ImportState(StrEnum):
    DONE = "done"
    RUNNING = "running"
    REFUSED = "refused"
    HARMFUL = "harmful"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class ImportResult:
    """What the target says of an import. `item_errors`: external ID of an item → what is wrong with it; `raw` is the
    answer word for word."""

    state: ImportState
    remote_id: str = ""
    reason: str = ""
    item_errors: dict[str, str] = field(default_factory=dict)
    raw: Any = None


class FeedFile(AbstractContextManager["FeedFile[PayloadT]"], Generic[PayloadT]):
    """The gzip file of an import while it is written, in constant memory; complete once the context is left."""

    def add(self, operation: Operation[PayloadT]) -> None:
        raise NotImplementedError


class FeedTarget(Target[ClientT, ItemT, PayloadT]):
    """A target stream whose changes collect and go out as one import every `drain_seconds` (F7).

    `payload` is asked for each item as usual; `send` is never called.
    """

    @property
    def drain_seconds(self) -> float:
        """How long changes collect before they are sent (F7); from the connection's settings."""
        return 300.0

    @property
    def format(self) -> str:
        """Names the format of the files. A target whose format changed is sent everything again."""
        return ""

    def item_key(self, operation: Operation[PayloadT]) -> str:
        """The item's identity in the file, also where it is sent for the first time."""
        raise NotImplementedError

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile[PayloadT]:
        """Start a file that replaces everything, or changes what it names."""
        raise NotImplementedError

    def read_names(self, payload: PayloadT) -> dict[tuple[str, str], str]:
        """(attribute, ID) → the name that the payload gives it, where the target tells IDs from names (F4)."""
        return {}

    def replace_names(self, payload: PayloadT, names: Mapping[tuple[str, str], str]) -> PayloadT:
        """The payload with other names for its IDs: within an import an ID has one name."""
        raise NotImplementedError

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        """Send the gzip file. Raises TryAgainLater (with `sent`) if the answer was lost."""
        raise NotImplementedError

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        """The state of the import. The file is given as well: some targets name item_errors only when it is checked."""
        raise NotImplementedError
