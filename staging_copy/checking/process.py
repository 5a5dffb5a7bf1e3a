"""Runs the post-copy check in a separate process that has staging as its database.

The same models and services then use staging's endpoints and credentials, never live's.
"""

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from staging_copy.checking import CheckFailed
from staging_copy.copying.config import Config
from staging_copy.copying.journal import Journal

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
_LAST_LINES = 15
# Prefix of the process's progress lines: `asked <what>\t<count>`.
PROGRESS_PREFIX = "asked "


def run(
    config: Config,
    record: Journal,
    *,
    fresh: bool = False,
    answer: bool | None = None,
    by: str = "",
    on_progress: Callable[[str, int], None] = lambda what, count: None,
) -> list[dict[str, Any]]:
    """Checks staging. Returns the missing items that a person must confirm before they are deleted; empty if finished.

    `answer` is the answer to an earlier question. Raises CheckFailed.
    """
    command = ["check_staging", str(record.folder), *(["--fresh"] if fresh else [])]
    if answer is not None:
        command += ["--answer", "yes" if answer else "no", "--by", by]
    keys = {"ENCRYPTION_KEYS": settings.STAGING_ENCRYPTION_KEYS} if settings.STAGING_ENCRYPTION_KEYS else {}
    guard = {name: str(getattr(settings, name)) for name in ("STAGING_COPY_GUARD_PERCENT", "STAGING_COPY_GUARD_ITEMS")}
    last_lines: deque[str] = deque(maxlen=_LAST_LINES)

    def read(line: str) -> None:
        if line.startswith(PROGRESS_PREFIX):
            what, _, count = line.removeprefix(PROGRESS_PREFIX).partition("\t")
            on_progress(what, int(count))
        else:
            last_lines.append(line)

    code = execute(command, {**guard, **keys, **config.staging.environment}, read)
    if code != 0:
        output = "".join(last_lines).strip()
        logger.error("The check of staging exited with code %s: %s", code, output)
        reason = output.rpartition("CommandError: ")[2].splitlines() or ["The check was killed."]
        raise CheckFailed(reason[-1])
    events = [event for event in record.events() if event["event"] in ("asking", "checked")]
    return events[-1]["harmful"] if events and events[-1]["event"] == "asking" else []


def execute(command: list[str], environment: dict[str, str], on_line: Callable[[str], None]) -> int:
    """Runs a management command with additional environment variables; returns its exit code."""
    with subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=_ROOT,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            on_line(line)
    return process.returncode
