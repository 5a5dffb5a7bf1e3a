"""Masks JSON by path. A key or shape without a rule stops the copy (N3).

Numbers are kept as text, so `1.10` and fifty-digit integers keep every digit.
"""

import json
from collections.abc import Callable
from json.encoder import encode_basestring as quoted
from typing import Any

from staging_copy.masking.policy import PolicyError, Rule, argument, verb
from staging_copy.masking.rules import Mask, Rules


class UnknownPath(Exception):
    """A JSON value has no rule for its path or shape. The message names the path, never the value, nor
    an address that is a key."""


class _Number(str):
    """A JSON number in its original spelling."""


class _Object(list[tuple[str, Any]]):
    """An object's key-value pairs in order; `json` columns may contain duplicate keys."""


Write = Callable[[Any], str]


class JsonMask:
    """Compiles a rule into a function from JSON text to masked JSON text. Raises PolicyError and UnknownPath."""

    def __init__(self, rule: Rule, rules: Rules, where: str) -> None:
        self._rules = rules
        self._write = self._compile(rule, where)

    def __call__(self, value: bytes) -> bytes:
        return self._write(
            json.loads(value, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Object, parse_constant=_Number)
        ).encode()

    def _compile(self, rule: Rule, path: str) -> Write:
        if isinstance(rule, dict):
            return self._object(rule, path)
        if isinstance(rule, list):
            return self._list(rule[0], path)
        word = verb(rule)
        if word == "empty":
            return _emptied
        if word == "set":
            constant = quoted(argument(rule))
            return lambda value: constant
        if word == "keep":
            text: Callable[[str], str] = quoted
        elif word == "scrub":
            text = self._text(self._rules.scrub if rule == "scrub" else self._rules.scrub_contacts)
        elif word == "mask":
            text = self._text(self._rules.mask(argument(rule)))
        else:
            raise PolicyError(path, f"{rule!r} cannot be used for a JSON path")
        number = self._rules.scramble_number if word == "mask" else str
        if argument(rule) == "tree":
            return _tree(text, number)
        return _scalar(text, number, path)

    def _text(self, mask: Mask) -> Callable[[str], str]:
        return lambda value: quoted(mask(value.encode()).decode()) if value else '""'

    def _object(self, rule: dict[str, Rule], path: str) -> Write:
        known = {key: self._compile(below, f"{path}.{key}") for key, below in rule.items() if key != "*"}
        other = self._compile(rule["*"], f"{path}.*") if "*" in rule else None
        scrubbed = self._text(self._rules.scrub_unique)

        def write(value: Any) -> str:
            if value is None:
                return "null"
            if not isinstance(value, _Object):
                raise UnknownPath(f"{path}: expected an object, found {_kind(value)}.")
            pieces = []
            for key, below in value:
                if key in known:
                    pieces.append(f"{quoted(key)}: {known[key](below)}")
                elif other is not None:
                    # Keys are data here, so a key can be an email address.
                    pieces.append(f"{scrubbed(key)}: {other(below)}")
                else:
                    name = self._rules.scrub(key.encode()).decode()
                    raise UnknownPath(f"{path}.{name}: there is no masking rule for this path.")
            return "{" + ", ".join(pieces) + "}"

        return write

    def _list(self, rule: Rule, path: str) -> Write:
        element = self._compile(rule, f"{path}[]")

        def write(value: Any) -> str:
            if value is None:
                return "null"
            if not isinstance(value, list) or isinstance(value, _Object):
                raise UnknownPath(f"{path}: expected a list, found {_kind(value)}.")
            return "[" + ", ".join(map(element, value)) + "]"

        return write


def _scalar(text: Callable[[str], str], number: Callable[[str], str], path: str) -> Write:
    def write(value: Any) -> str:
        if isinstance(value, _Number):
            return number(value)
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list):
            raise UnknownPath(f"{path}: expected a single value, found {_kind(value)}.")
        return json.dumps(value)

    return write


def _tree(text: Callable[[str], str], number: Callable[[str], str]) -> Write:
    """Masks a subtree of any shape; keys are masked like strings."""

    def write(value: Any) -> str:
        if isinstance(value, _Object):
            return "{" + ", ".join(f"{text(key)}: {write(below)}" for key, below in value) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(write, value)) + "]"
        if isinstance(value, _Number):
            return number(value)
        return text(value) if isinstance(value, str) else json.dumps(value)

    return write


def _emptied(value: Any) -> str:
    if isinstance(value, _Object):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return '""' if isinstance(value, str) and not isinstance(value, _Number) else "null"


def _kind(value: Any) -> str:
    if isinstance(value, _Object):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "a number" if isinstance(value, _Number) else "a string" if isinstance(value, str) else "a boolean"
