"""Lets the check after a copy run on staging: in a process of its own, which has staging's database for its own.

So the same code and models work on staging, with the addresses and credentials that stand there, and never live's.
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

from staging_copy.copier import Config
from staging_copy.journal import Journal
from staging_copy.reconciliation import CheckFailed

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_LAST_LINES = 15
# What the process writes for us, line by line: `asked <what>\t<how many>`.
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
    """Checks staging, and returns what a person must be asked about before it is deleted; empty if it is done.

    `answer` ends a check that asked. Raises CheckFailed.
    """
    command = [sys.executable, "manage.py", "check_staging", str(record.folder), *(["--fresh"] if fresh else [])]
    if answer is not None:
        command += ["--answer", "yes" if answer else "no", "--by", by]
    keys = {"ENCRYPTION_KEYS": settings.STAGING_ENCRYPTION_KEYS} if settings.STAGING_ENCRYPTION_KEYS else {}
    guard = {name: str(getattr(settings, name)) for name in ("STAGING_COPY_GUARD_PERCENT", "STAGING_COPY_GUARD_ITEMS")}
    last_lines: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env={**os.environ, **guard, **keys, "DATABASE_URL": config.staging.url, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            if line.startswith(PROGRESS_PREFIX):
                what, _, count = line.removeprefix(PROGRESS_PREFIX).partition("\t")
                on_progress(what, int(count))
            else:
                last_lines.append(line)
    if process.returncode != 0:
        output = "".join(last_lines).strip()
        logger.error("The check of staging ended with %s: %s", process.returncode, output)
        reason = output.rpartition("CommandError: ")[2].splitlines() or ["It was killed."]
        raise CheckFailed(reason[-1])
    events = [event for event in record.events() if event["event"] in ("asking", "checked")]
    return events[-1]["harmful"] if events and events[-1]["event"] == "asking" else []
