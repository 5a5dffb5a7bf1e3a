"""Formats a shop's error messages."""

import re
from typing import Any

from connectors.sdk.responses import RequestRejected

_PLACEHOLDER = re.compile(r"%(\w+)")


def error_message(error: RequestRejected) -> str:
    """The vendor's message with its placeholders filled in, followed by those of nested errors."""
    body = error.body
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return str(error)
    errors = [each for each in body.get("errors") or () if isinstance(each, dict)]
    texts = [fill_placeholders(each.get("message"), each.get("parameters")) for each in (body, *errors)]
    return " ".join(text for text in texts if text)


def fill_placeholders(message: Any, parameters: Any) -> str:
    """A message with its placeholders filled in: `%1` from a list, `%name` from an object, or from a list in order."""
    values = {}
    if isinstance(parameters, dict):
        values = {str(name): value for name, value in parameters.items()}
    elif isinstance(parameters, list):
        names = dict.fromkeys(_PLACEHOLDER.findall(str(message or "")))
        values = {str(position): value for position, value in enumerate(parameters, 1)}
        values |= dict(zip((name for name in names if not name.isdecimal()), parameters, strict=False))
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), str(message or ""))
