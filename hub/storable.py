"""Text and JSON in a form that PostgreSQL can store: no NUL, no lone surrogates, only finite numbers.

The characters are replaced by U+FFFD, and such numbers by null.
"""

import math
import re
from typing import Any

import orjson

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# A NUL escaped in JSON; after an odd number of further backslashes, the backslash itself is escaped.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable_text(text: str) -> str:
    return _SURROGATE.sub(_REPLACEMENT, text).replace("\x00", _REPLACEMENT)


def storable_json(value: Any) -> str:
    """The value as JSON with sorted keys. orjson.JSONEncodeError if it is nested too deeply."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        try:
            value = _storable(value)
        except RecursionError as error:
            raise orjson.JSONEncodeError("Nested too deeply") from error
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return _NUL.sub(rf"\1{_REPLACEMENT}", text) if "\\u0000" in text else text


def _storable(value: Any) -> Any:
    """The value with storable texts; integers beyond 64 bits become numbers of less precision."""
    match value:
        case str():
            return storable_text(value)
        case list() | tuple():
            return [_storable(each) for each in value]
        case dict():
            return {storable_text(str(name)): _storable(each) for name, each in value.items()}
        case int() if not -(2**63) <= value < 2**64:
            return float(value) if abs(value) < 10**300 else None
        case float() if not math.isfinite(value):
            return None
    return value
