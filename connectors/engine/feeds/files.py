"""Deletes files of feed imports that are no longer needed."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from connectors.models import FeedImport


def prune_files(*, before: datetime) -> int:
    """Delete files last written before `before` (UTC) that no import refers to. Returns the number of files."""
    folder = Path(settings.FEED_DIR)
    old = [path for path in folder.glob("*.gz") if path.stat().st_mtime < before.timestamp()]
    kept = set(FeedImport.objects.filter(file__in=[path.name for path in old]).values_list("file", flat=True))
    unused = [path for path in old if path.name not in kept]
    for path in unused:
        path.unlink(missing_ok=True)
    return len(unused)
