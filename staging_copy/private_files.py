"""Files and folders that only their owner may read: backups hold live's data, journals its canaries."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

FILE_MODE = 0o600
FOLDER_MODE = 0o700


class Locked(Exception):
    """Another process holds the lock."""


def open_private(path: Path, mode: str) -> IO[Any]:
    """Like `path.open(mode)`; a new file is for its owner only."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, FILE_MODE))


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step."""
    unfinished = path.with_name(f"{path.name}.writing")
    unfinished.unlink(missing_ok=True)
    with open_private(unfinished, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def make_folder(folder: Path) -> None:
    """Creates a folder and its parents; `folder` itself is for its owner only."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def protect(folder: Path) -> None:
    """Takes the folder and everything in it away from everybody but the owner, whatever made it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)


@contextmanager
def exclusive_file_lock(path: Path) -> Iterator[None]:
    """Holds a lock that the kernel releases when the process ends. Raises Locked."""
    make_folder(path.parent)
    with open_private(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked(path.name) from error
        yield
