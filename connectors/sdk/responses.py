"""A platform's HTTP responses, and when a request may be retried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater


@dataclass(slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The parsed body. TryAgainLater if it is not JSON, such as a proxy's error page or an incomplete response."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise TryAgainLater(
                f"The response ({self.status}, {len(self.content)} bytes) is not valid JSON: {error}."
            ) from error

    def text(self, limit: int) -> str:
        return self.content[:limit].decode("utf-8", "replace").replace("\x00", "")


class RequestRejected(SkipRecord):
    """A 4xx response that rejects the request's content. Adapters interpret `status` and `body`."""

    def __init__(self, response: Response) -> None:
        super().__init__(issues.REJECTED(reason=f"{response.status} {response.text(300)}".strip()))
        self.args = (f"Rejected with HTTP status {response.status}: {response.text(300)}",)
        self.status = response.status
        self.response = response

    @property
    def body(self) -> Any:
        """The parsed JSON of the response, None if it is not JSON."""
        try:
            return self.response.json()
        except TryAgainLater:
            return None


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The value of `Retry-After` in either of its forms (RFC 9110, 10.2.3), seconds or a date, at most a day ahead.

    None if it is missing or malformed.
    """
    value = headers.get("Retry-After", "").strip()
    latest = now + timedelta(days=1)
    if value.isascii() and value.isdecimal():
        return min(now + timedelta(seconds=min(int(value[:10]), 86_400)), latest)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return min(date if date.tzinfo else date.replace(tzinfo=UTC), latest)
