"""How these pages write moments: to the minute, and in UTC, since backups of several systems are compared by them."""

from datetime import UTC, datetime


def when(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC" if moment else "-"
