"""Translates network errors into connector errors with a readable text."""

from typing import Any

import requests
import urllib3

from connectors.sdk import ssrf
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater


def translate(error: BaseException) -> ConnectorError:
    """NeedsAttention for a forbidden address or what cannot be sent, else TryAgainLater; `sent` is False if the request
    was never sent."""
    if forbidden := _cause(error, ssrf.ForbiddenAddress):
        return NeedsAttention(str(forbidden), fix="Correct the connection's URL.")
    if isinstance(error, ValueError):
        return NeedsAttention(
            "The URL or a credential has a character that cannot be sent, such as a line break or an invisible space.",
            fix="Enter the URL and the credentials of the connection again.",
        )
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or bool(
        _cause(error, urllib3.exceptions.NewConnectionError)
    )
    return TryAgainLater(_readable(error), sent=not never_sent)


def _cause(error: BaseException, wanted: type[BaseException]) -> BaseException | None:
    """The exception of that type that caused `error`, however deeply it is nested."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, wanted):
            return current
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            waiting += [
                current.__cause__,
                current.__context__,
                getattr(current, "reason", None),
                *current.args,
            ]
    return None


def _readable(error: BaseException) -> str:
    """A short text for a network error, without memory addresses or query strings."""
    name = type(error).__name__
    return {
        "ConnectTimeout": "The platform could not be reached in time.",
        "ReadTimeout": "The platform did not answer in time.",
        "ConnectionError": "The connection to the platform was lost or could not be established.",
        "ChunkedEncodingError": "The response was incomplete.",
        "ContentDecodingError": "The response could not be decompressed.",
        "SSLError": "The platform's TLS certificate could not be verified.",
    }.get(name, f"Network error ({name}).")
