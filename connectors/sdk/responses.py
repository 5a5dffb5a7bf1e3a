"""A platform's HTTP responses, and when a request may be retried."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater

# The number of values that a response may have. Twelve megabytes of `[[],[],…]` would become 340 MB of Python objects.
MAX_VALUES = 1_500_000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _count_values(content: bytes) -> int:
    """An upper bound of the values of a JSON document, without parsing it. Lists and objects count as four, because
    they take about as much memory as four other values.
    """
    return content.count(b",") + 4 * (content.count(b"[") + content.count(b"{"))


def _without_strings(content: bytes) -> bytes:
    return _STRING.sub(b'""', content)


@dataclass(slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    content: bytes
    max_values: int = MAX_VALUES

    def json(self) -> Any:
        """The parsed body. TryAgainLater if it is not JSON, such as a proxy's error page or an incomplete response, or
        if it has more than `max_values` values. The parser itself limits the depth to 1,024.
        """
        if _count_values(self.content) > self.max_values and _count_values(_without_strings(self.content)) > (
            self.max_values
        ):
            raise TryAgainLater(
                f"The response ({self.status}, {len(self.content)} bytes) has too many values to be read safely."
            )
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
