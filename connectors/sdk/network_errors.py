"""What a failed request means: whether it left, and what people read about it."""

from typing import Any

import requests
import urllib3

from connectors.sdk import ssrf
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater


def translate(error: BaseException) -> ConnectorError:
    """NeedsAttention for an address that may not be called; else TryAgainLater, with `sent` False if nothing left."""
    if forbidden := _cause(error, ssrf.ForbiddenAddress):
        return NeedsAttention(str(forbidden), fix="Correct the connection's address.")
    never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or bool(
        _cause(error, urllib3.exceptions.NewConnectionError)
    )
    return TryAgainLater(_readable(error), sent=not never_sent)


def _cause(error: BaseException, wanted: type[BaseException]) -> BaseException | None:
    """The exception of that type behind another, however deeply libraries wrapped it."""
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
    """A network error in a few words, without memory addresses or query strings."""
    name = type(error).__name__
    return {
        "ConnectTimeout": "The platform could not be reached in time.",
        "ReadTimeout": "The platform did not answer in time.",
        "ConnectionError": "The connection to the platform was lost or could not be made.",
        "ChunkedEncodingError": "The answer was cut off.",
        "ContentDecodingError": "The answer's compression is broken.",
        "SSLError": "The platform's TLS certificate could not be verified.",
    }.get(name, f"Network error ({name}).")
