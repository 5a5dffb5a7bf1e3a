"""Reads one object of the Admin API field by field, and collects the problems found."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from common.storable import NUL, without_nul
from connectors.platforms.shopify.client import number_of
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.records import Problem

_MISSING: dict[str, Any] = {}


class MalformedField(ValueError):
    """A field has a value of the wrong type. The message names the field and the type, never the value."""

    def __init__(self, name: str, value: Any, wanted: str) -> None:
        self.name = name
        self.reason = f"{type(value).__name__} instead of {wanted}"
        super().__init__(f"{name} holds {self.reason}")


class Reader:
    """An object of an answer. Methods treat null as missing and raise MalformedField for a wrong type."""

    def __init__(self, raw: Any, problems: list[Problem], *, what: str) -> None:
        if not isinstance(raw, dict):
            raise MalformedField(what, raw, "an object")
        self.raw: dict[str, Any] = raw
        self.problems = problems

    def text(self, name: str) -> str:
        """Text without NUL characters, which PostgreSQL cannot store; removing them is reported."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise MalformedField(name, value, "text")
        if NUL in value:
            self.report(issues.HIDDEN_CHARACTER(field=name, fatal=False))
        return without_nul(value)

    def number(self, name: str = "id") -> str:
        """The number of a global ID; empty for null. MalformedField for anything else."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if not (found := number_of(value)):
            raise MalformedField(name, value, "a global ID")
        return found

    def integer(self, name: str) -> int:
        """A whole number, also as text; 0 for null."""
        value = self.raw.get(name)
        if isinstance(value, str) and (found := whole_number(value)) is not None:
            return found
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise MalformedField(name, value, "a whole number")
        return value or 0

    def decimal(self, name: str) -> Decimal | None:
        """An amount or a measure, as text or as a number; None for null and for an empty string."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise MalformedField(name, value, "a number")
        try:
            found = Decimal(str(value).strip())
        except InvalidOperation:
            raise MalformedField(name, value, "a number") from None
        if not found.is_finite():
            raise MalformedField(name, value, "a number")
        return found

    def flag(self, name: str) -> bool:
        value = self.raw.get(name)
        if value is not None and not isinstance(value, bool):
            raise MalformedField(name, value, "true or false")
        return bool(value)

    def timestamp(self, name: str) -> datetime | None:
        """A time in UTC."""
        text = self.text(name)
        try:
            return as_time(text) if text else None
        except ValueError:
            raise MalformedField(name, text, "a time") from None

    def items(self, name: str) -> list[Any]:
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedField(name, value, "a list")
        return value

    def objects(self, name: str) -> list["Reader"]:
        return [Reader(each, self.problems, what=name) for each in self.items(name)]

    def nested(self, *names: str) -> "Reader":
        """A nested object; an empty one if it, or one that it is in, is missing."""
        found = self
        for name in names:
            value = found.raw.get(name)
            found = Reader(_MISSING if value is None else value, self.problems, what=name)
        return found

    def report(self, problem: Problem) -> None:
        self.problems.append(problem)


def as_time(text: str) -> datetime:
    """A time in UTC, from ISO 8601; without a zone it is UTC. ValueError for anything else."""
    parsed = datetime.fromisoformat(text)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
