"""How the pages of backups and copies show times."""

from datetime import UTC, datetime


def format_utc(timestamp: datetime | None) -> str:
    """To the minute, in UTC: operators compare these times with backups of other systems."""
    return f"{timestamp.astimezone(UTC):%a %-d %b %Y, %H:%M} UTC" if timestamp else "-"
