"""Reads one object of a platform's JSON field by field, and collects the problems found."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from common.storable import NUL, without_nul
from connectors.sdk import decoding, issues
from connectors.sdk.api_model import utc
from connectors.sdk.records import Problem

_NEXT_WORD = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
_MISSING: dict[str, Any] = {}
_MAX_DIGITS = 18


class MalformedField(ValueError):
    """A field has a value of the wrong type. The message names the field and the type, never the value."""

    def __init__(self, name: str, value: Any, wanted: str) -> None:
        self.name = name
        self.reason = f"{type(value).__name__} instead of {wanted}"
        super().__init__(f"{name} holds {self.reason}")


class FieldReader:
    """An object of an answer. Methods treat null as missing and raise MalformedField for a wrong type.

    Platforms add what their IDs look like in a subclass. Problems of nested objects are added to those of the object.
    """

    def __init__(self, raw: Any, problems: list[Problem], *, what: str = "item") -> None:
        if not isinstance(raw, dict):
            raise MalformedField(what, raw, "an object")
        self.raw: dict[str, Any] = raw
        self.problems = problems

    def text(self, name: str) -> str:
        """Text without NUL characters, which PostgreSQL cannot store; removing them is reported.

        A whole number is text, too: some systems write a SKU of digits as one.
        """
        value = self.raw.get(name)
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise MalformedField(name, value, "text")
        if NUL in value:
            self.report(issues.HIDDEN_CHARACTER(field=_NEXT_WORD.sub(" ", name).capitalize(), fatal=False))
        return without_nul(value)

    def integer(self, name: str) -> int:
        """A whole number, also as text; 0 for null and for an empty string."""
        number = self.decimal(name)
        if number is None:
            return 0
        # The exponent is looked at first: to write out 1e300 would take long.
        if number.adjusted() > _MAX_DIGITS or number != number.to_integral_value():
            raise MalformedField(name, self.raw[name], "a whole number")
        return int(number)

    def decimal(self, name: str) -> Decimal | None:
        """A number, also as text; None for null and for an empty string."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise MalformedField(name, value, "a number")
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            raise MalformedField(name, value, "a number") from None
        if not number.is_finite():
            raise MalformedField(name, value, "a number")
        return number

    def flag(self, name: str) -> bool:
        """True or false, also as a number or text; false for null."""
        value = self.raw.get(name)
        if value is None:
            return False
        if (found := decoding.flag(value)) is None:
            raise MalformedField(name, value, "true or false")
        return found

    def timestamp(self, name: str) -> datetime | None:
        """A time in UTC; None also for the day zero, with which databases write "none"."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        try:
            return None if value.startswith("0000-00-00") else self.parse_time(value)
        except (AttributeError, ValueError):
            raise MalformedField(name, value, "a time") from None

    @staticmethod
    def parse_time(text: str) -> datetime:
        """A time in UTC, from ISO 8601; without a zone it is UTC. ValueError for anything else."""
        return utc(datetime.fromisoformat(text))

    def items(self, name: str) -> list[Any]:
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedField(name, value, "a list")
        return value

    def objects(self, name: str) -> list[Self]:
        return [type(self)(each, self.problems, what=name) for each in self.items(name)]

    def nested(self, *names: str) -> Self:
        """A nested object; an empty one if it, or one that it is in, is missing."""
        found = self
        for name in names:
            value = found.raw.get(name)
            found = type(self)(_MISSING if value is None else value, self.problems, what=name)
        return found

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)
