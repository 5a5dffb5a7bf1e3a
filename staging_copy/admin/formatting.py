"""How these pages write moments: to the minute, and in UTC, since backups of several systems are compared by them."""

from datetime import UTC, datetime


def format_utc(timestamp: datetime | None) -> str:
    return f"{timestamp.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC" if timestamp else "-"
