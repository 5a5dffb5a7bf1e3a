"""The time for adapters: that of the database, which all workers share."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hub.clock import MAX_REST, latest

__all__ = ["MAX_REST", "now", "parse_http_date"]


def now() -> datetime:
    """The current time (UTC) for due times, expiry and signatures. Makes no call."""
    return latest()


def parse_http_date(text: str) -> datetime | None:
    """A date in a header (RFC 9110, 5.6.7), in UTC; None if it is malformed."""
    try:
        date = parsedate_to_datetime(text.strip())
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
