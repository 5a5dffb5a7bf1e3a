"""Decodes JSON leniently: what is slightly malformed costs at most one item, never the page (C4)."""

import json
import math
import re
from codecs import lookup
from email.message import Message
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
# Some systems end a response with NUL characters or no-break spaces.
_PADDING = " \t\r\n\x00\xa0\ufeff"
_SURROGATE = re.compile("[\ud800-\udfff]")
# More digits than any number that is meant; converting thousands of them would take long.
_MAX_DIGITS = 400


def decode_json(content: bytes, *, content_type: str = "") -> tuple[Any, bool]:
    """The parsed JSON, and whether it was repaired. ValueError if it is not JSON at all.

    A byte order mark and padding are ignored; control characters in texts are accepted. Half of a surrogate pair and
    bytes that are not UTF-8 become lone surrogates in their text; `NaN`, `Infinity` and numbers that are too large
    become floats that are not finite: `find_malformed` finds them in the item that has them. `content_type` is the
    response's header; the character set that it declares is used if it is not UTF-8.
    """
    content = content.removeprefix(_BOM)
    try:
        return orjson.loads(content), False
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(_text(content, content_type), parse_int=_parse_int, strict=False), True
        except RecursionError:
            raise ValueError("it is nested too deeply") from error
        except ValueError:
            raise ValueError(str(error)) from error


def _text(content: bytes, content_type: str) -> str:
    encoding: str = json.detect_encoding(content)
    if encoding.startswith("utf-8"):
        encoding = _declared_encoding(content_type)
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    return content.decode(encoding, errors).strip(_PADDING)


def _declared_encoding(content_type: str) -> str:
    message = Message()
    message["Content-Type"] = content_type
    try:
        return lookup(message.get_content_charset("utf-8")).name
    except LookupError:
        return "utf-8"


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def find_malformed(value: Any, path: str = "") -> tuple[str, str] | None:
    """The path of the first text or number that could not be decoded, and what is wrong with it; None if all is well.

    The path joins names and positions with dots; names that are malformed themselves are left out of it.
    """
    match value:
        case str() if _SURROGATE.search(value):
            return path, "contains half of a character, or bytes that are not UTF-8"
        case float() if not math.isfinite(value):
            return path, "is not a finite number"
        case list() | tuple():
            named = ((str(index), each) for index, each in enumerate(value))
        case dict():
            if any(isinstance(name, str) and _SURROGATE.search(name) for name in value):
                return path, "has a name with half of a character, or with bytes that are not UTF-8"
            named = ((str(name), each) for name, each in value.items())
        case _:
            return None
    for name, each in named:
        if found := find_malformed(each, f"{path}.{name}" if path else name):
            return found
    return None


def whole_number(value: Any, *, max_digits: int = 18) -> int | None:
    """A number without sign or fraction, also if it came as text or as 5.0; None for anything else.

    Of a text, only ASCII digits count, because `str.isdecimal` also accepts digits that a platform would not.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return value if 0 <= value < 10**max_digits else None
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if len(text) <= max_digits and text.isascii() and text.isdecimal() else None


def flag(value: Any) -> bool | None:
    """True or false, also as a number or text; None for anything else."""
    if isinstance(value, str):
        value = {"true": 1, "false": 0, "yes": 1, "no": 0, "1": 1, "0": 0}.get(value.strip().lower())
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None
