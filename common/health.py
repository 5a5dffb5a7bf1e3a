"""Reports of this machine's processes that they work, for health checks (synccenter/healthcheck.py reads them).

In files, because a check that starts Django costs more than the process that it checks does while it is idle.
"""

import json
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings


def report(role: str, *, within: timedelta, busy_with: str = "") -> None:
    """Record that a process works: it is healthy if it reports again `within` this time.

    `role` is `worker`, `copier` or `beat`; one process of several of a role is enough. `busy_with` tells in the
    check's message what the process was doing when it last reported.
    """
    file = Path(settings.RUNTIME_DIR) / "health" / role
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{uuid4().hex}")
    unfinished.write_text(json.dumps({"until": time.time() + within.total_seconds(), "busy_with": busy_with}))
    unfinished.replace(file)
