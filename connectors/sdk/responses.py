"""A platform's HTTP responses, and when a request may be retried."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from common.storable import without_nul
from connectors.sdk import issues
from connectors.sdk.clock import MAX_REST, parse_http_date
from connectors.sdk.decoding import decode_json, whole_number
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
    # Called if the body had to be repaired to be decoded.
    on_repair: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    max_values: int = MAX_VALUES

    def json(self) -> Any:
        """The parsed body, decoded leniently (see `decoding`).

        TryAgainLater if it is not JSON, such as a proxy's error page or an incomplete response, or if it has more than
        `max_values` values.
        """
        if _count_values(self.content) > self.max_values and _count_values(_without_strings(self.content)) > (
            self.max_values
        ):
            raise TryAgainLater(
                f"The response ({self.status}, {len(self.content)} bytes) has too many values to be read safely."
            )
        try:
            value, repaired = decode_json(self.content, content_type=self.headers.get("Content-Type", ""))
        except ValueError as error:
            raise TryAgainLater(
                f"The response ({self.status}, {len(self.content)} bytes) is not valid JSON: {error}."
            ) from error
        if repaired:
            self.on_repair()
        return value

    def text(self, limit: int) -> str:
        return without_nul(self.content[:limit].decode("utf-8", "replace"))


def describe_denial(response: Response) -> tuple[str, str]:
    """What a 401 or 403 response means, and how to fix it."""
    return (
        f"The platform rejected our credentials ({response.status}).",
        "Renew the credentials of this connection, or grant them the missing permission.",
    )


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
    if value.isascii() and value.isdecimal():
        return now + seconds_ahead(value)
    date = parse_http_date(value)
    return None if date is None else min(date, now + MAX_REST)


def seconds_ahead(value: str, *, unit: timedelta = timedelta(seconds=1)) -> timedelta:
    """A number of seconds, or of another unit, from a header; at most a day. Zero if it is not a number."""
    text = value.strip()
    if not (text.isascii() and text.isdecimal()):
        return timedelta(0)
    number = whole_number(text)
    return MAX_REST if number is None or number >= MAX_REST / unit else number * unit
