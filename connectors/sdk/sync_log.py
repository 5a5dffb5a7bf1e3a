"""Targets that keep a sync log of their own, which merchants read there (D16–D22)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from hub.kinds import DataType

ClientT = TypeVar("ClientT")


@dataclass(frozen=True, slots=True)
class LogError:
    """An open issue as the target's sync log gets it. `external_id` carries its kind (`product:5`); `link` leads to
    where it is fixed."""

    external_id: str
    message: str
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class LogUpdate:
    """What is added to the target's sync log.

    An error replaces the one with the same ID; `resolved` are the IDs of items that succeeded; `finished_at` (UTC) is
    the end of a full sync, and comes once, with the last update that belongs to it.
    """

    errors: Sequence[LogError] = ()
    resolved: Sequence[str] = ()
    finished_at: datetime | None = None


class RemoteSyncLog(Generic[ClientT]):
    """Writes the sync log of a target; `Adapter.sync_log` names a subclass. All calls are safe to repeat.

    `names`: data type of an export → the target's name of its log.
    """

    names: ClassVar[dict[DataType, str]] = {}

    def __init__(self, client: ClientT) -> None:
        self.client = client

    def start(self, data_type: DataType, *, started_at: datetime, last_finished_at: datetime | None) -> None:
        """A full sync started: the log begins again, without the errors before it. Times are UTC."""
        raise NotImplementedError

    def update(self, data_type: DataType, update: LogUpdate) -> None:
        """Add to the log, thousands of items at a time. SyncLogMissing if the target has none."""
        raise NotImplementedError

    def delete_all(self) -> None:
        """The connection was removed: delete the logs of its store (D22)."""
        raise NotImplementedError
