"""The copier's heartbeat: a local file with its current task and start time. `manage.py healthy` reads it.

A single-process worker cannot answer pings while it works, so it records the task before it starts.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

# Beat starts the copier's task every minute.
_MAX_IDLE = timedelta(minutes=10)
# Longer than any copy or backup should take.
_MAX_BUSY = timedelta(hours=24)


@contextmanager
def working_on(task: str) -> Iterator[None]:
    """Records `task` as the copier's current task for the duration of the block, and idle afterwards."""
    _write(task)
    try:
        yield
    finally:
        _write("")


def find_problem(*, now: datetime) -> str:
    """Describes what is wrong with this machine's copier; empty if it is healthy."""
    try:
        heartbeat = json.loads(_file().read_text())
    except FileNotFoundError:
        return "The copier on this machine has not run yet."
    age = now - datetime.fromisoformat(heartbeat["since"])
    if heartbeat["task"]:
        return f"The copier has been working on {heartbeat['task']} for {age}." if age > _MAX_BUSY else ""
    return f"The copier has not checked for due copies for {age}." if age > _MAX_IDLE else ""


def _write(task: str) -> None:
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({"task": task, "since": timezone.now().isoformat()}))
    unfinished.replace(file)


def _file() -> Path:
    return Path(settings.VAR_DIR) / f"copier-{socket.gethostname()}.json"
