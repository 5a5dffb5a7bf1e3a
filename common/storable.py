"""Text and JSON in a form that PostgreSQL can store: no NUL, no lone surrogates, only finite numbers.

Data of platforms is made storable (`storable_text`, `storable_json`); a field that is read from it loses its NUL
characters (`without_nul`); input of people and programs that contains some is refused (`refuse_nul`, `Text`, `Line`).
The six characters `\\u0000` in a text are not NUL, and stay.
"""

import math
import re
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import StringConstraints

NUL = "\x00"
# Without NUL; without any control character, which names and IDs don't need.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]

T = TypeVar("T")

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# A NUL escaped in JSON; after an odd number of further backslashes, the backslash itself is escaped.
_ESCAPED_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable_text(text: str) -> str:
    """The text with U+FFFD for characters that cannot be stored."""
    return _SURROGATE.sub(_REPLACEMENT, text).replace(NUL, _REPLACEMENT)


def storable_json(value: Any) -> str:
    """The value as JSON with sorted keys, with U+FFFD for characters and null for numbers that cannot be stored.

    orjson.JSONEncodeError if it is nested too deeply.
    """
    try:
        content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        try:
            value = _storable(value)
        except RecursionError as error:
            raise orjson.JSONEncodeError("Nested too deeply") from error
        content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if json_contains_nul(content):
        content = _ESCAPED_NUL.sub(rb"\1" + _REPLACEMENT.encode(), content)
    return content.decode()


def json_contains_nul(content: bytes) -> bool:
    """Whether a text in this JSON contains NUL."""
    return rb"\u0000" in content and _ESCAPED_NUL.search(content) is not None


def without_nul(value: T) -> T:
    """The value without NUL in any of its texts."""
    found: Any = value
    match value:
        case str():
            found = value.replace(NUL, "")
        case list():
            found = [without_nul(each) for each in value]
        case dict():
            found = {without_nul(name): without_nul(each) for name, each in value.items()}
    return found


def refuse_nul(value: T) -> T:
    """The value, for use as a validator. ValueError if one of its texts contains NUL."""
    if _contains_nul(value):
        raise ValueError("contains an invisible character (NUL), which cannot be stored")
    return value


def _contains_nul(value: Any) -> bool:
    match value:
        case str():
            return NUL in value
        case list() | tuple():
            return any(map(_contains_nul, value))
        case dict():
            return any(map(_contains_nul, (*value.keys(), *value.values())))
    return False


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
