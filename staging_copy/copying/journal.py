"""The journal of a copy: one JSON line per step, flushed to disk before the step takes effect.

It is stored outside both databases, so it stays available after they are swapped.
"""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from staging_copy.private_files import (
    FOLDER_MODE,
    Locked,
    exclusive_file_lock,
    make_folder,
    open_private,
    write_private,
)

_FILE = "journal.jsonl"
_REPORT = "report.json"
_CHECK = "check.json"
# After one of these events, nothing is left to do for the copy.
_FINAL_EVENTS = frozenset({"finished", "failed", "cleaned"})


class AlreadyRunning(Exception):
    """Another copy is running."""


class Journal:
    """The journal in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, home: Path, now: datetime) -> "Journal":
        folder = home / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        make_folder(home)
        folder.mkdir(mode=FOLDER_MODE)
        return cls(folder)

    @property
    def name(self) -> str:
        return self.folder.name

    def write(self, event: str, **fields: Any) -> None:
        """Appends an event and flushes it to disk."""
        line = json.dumps({"event": event, "at": datetime.now(UTC).isoformat(), **fields}, default=str)
        with open_private(self.folder / _FILE, "a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def events(self) -> list[dict[str, Any]]:
        """All events; an incomplete last line after a crash is ignored."""
        path = self.folder / _FILE
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def last(self, event: str) -> dict[str, Any] | None:
        """The latest event of that name."""
        return next((each for each in reversed(self.events()) if each["event"] == event), None)

    @property
    def is_open(self) -> bool:
        return not any(each["event"] in _FINAL_EVENTS for each in self.events())

    def save_report(self, report: dict[str, Any]) -> None:
        write_private(self.folder / _REPORT, json.dumps(report, indent=2, default=str, ensure_ascii=False))

    def report(self) -> dict[str, Any]:
        path = self.folder / _REPORT
        return json.loads(path.read_text()) if path.exists() else {}

    def save_check(self, result: dict[str, Any]) -> None:
        """Saves the result of the check on staging, for the report on live."""
        write_private(self.folder / _CHECK, json.dumps(result, indent=2, default=str, ensure_ascii=False))

    def check(self) -> dict[str, Any]:
        path = self.folder / _CHECK
        return json.loads(path.read_text()) if path.exists() else {}


def unfinished(home: Path) -> list[Journal]:
    """Journals of killed copies, oldest first. Call it under the lock."""
    folders = sorted(path.parent for path in home.glob(f"*/{_FILE}"))
    return [journal for journal in map(Journal, folders) if journal.is_open]


@contextmanager
def lock(home: Path) -> Iterator[None]:
    """Allows one copier at a time on this machine; the kernel releases the lock. Raises AlreadyRunning."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive_file_lock(home / "copy.lock"))
        except Locked as error:
            raise AlreadyRunning("Another copy is running. Wait until it has finished.") from error
        yield
