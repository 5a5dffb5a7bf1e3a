"""The copier's sign of life: a file on its machine that says since when it is at what. `manage.py healthy` reads it.

A worker of one process answers nobody while it works, and a copy may be silent for a long time; so it is said before.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

# Beat asks every minute what is due.
_MAX_IDLE = timedelta(minutes=10)
# Longer than any copy or backup may reasonably last.
_MAX_BUSY = timedelta(hours=24)


@contextmanager
def working_on(task: str) -> Iterator[None]:
    """The copier is at `task` as long as this lasts, and waits for the next one afterwards."""
    _write(task)
    try:
        yield
    finally:
        _write("")


def find_problem(*, now: datetime) -> str:
    """What is wrong with this machine's copier; empty if it looks at what is due, or is busy with it."""
    try:
        heartbeat = json.loads(_file().read_text())
    except FileNotFoundError:
        return "The copier of this machine has not looked yet at what is due."
    age = now - datetime.fromisoformat(heartbeat["since"])
    if heartbeat["task"]:
        return f"The copier has been at {heartbeat['task']} for {age}." if age > _MAX_BUSY else ""
    return f"The copier has not looked at what is due for {age}." if age > _MAX_IDLE else ""


def _write(task: str) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({"task": task, "since": timezone.now().isoformat()}))
    unfinished.replace(file)


def _file() -> Path:
    return Path(settings.VAR_DIR) / f"copier-{socket.gethostname()}.json"
