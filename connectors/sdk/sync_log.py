"""Sync logs that targets keep and show to merchants (D16–D22)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from hub.kinds import DataType

ClientT = TypeVar("ClientT")


@dataclass(frozen=True, slots=True)
class LogError:
    """An open issue for the target's sync log. `external_id` includes the kind (`product:5`); `link` is the URL where
    it can be fixed."""

    external_id: str
    message: str
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class LogUpdate:
    """An update of the target's sync log.

    An error replaces the one with the same ID; `resolved` are the IDs of items that succeeded; `finished_at` (UTC) is
    the end of a full sync, set once, in its last update.
    """

    errors: Sequence[LogError] = ()
    resolved: Sequence[str] = ()
    finished_at: datetime | None = None


class RemoteSyncLog(ABC, Generic[ClientT]):
    """Writes a target's sync log; `Adapter.sync_log` is a subclass. All calls must be safe to repeat.

    `names`: data type of an export → the target's name for its log.
    """

    names: ClassVar[dict[DataType, str]] = {}

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    def start(self, data_type: DataType, *, started_at: datetime, last_finished_at: datetime | None) -> None:
        """Start the log of a new full sync, and clear earlier errors. Times are UTC."""

    @abstractmethod
    def update(self, data_type: DataType, update: LogUpdate) -> None:
        """Add to the log, up to thousands of items at a time. SyncLogMissing if the target does not have the log."""

    @abstractmethod
    def delete_all(self) -> None:
        """Delete the logs of the connection's store, because the connection was uninstalled (D22)."""
