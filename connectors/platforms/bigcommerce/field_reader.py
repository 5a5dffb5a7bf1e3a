"""Reads one item of the vendor's JSON field by field, and collects the problems found."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from common.storable import NUL, without_nul
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.listing_protocol import utc
from connectors.sdk.records import Problem


class MalformedField(ValueError):
    """A field has a value of the wrong type. The message names the field and the type, never the value."""

    def __init__(self, name: str, value: Any, wanted: str) -> None:
        self.name = name
        self.reason = f"{type(value).__name__} instead of {wanted}"
        super().__init__(f"{name} holds {self.reason}")


class FieldReader:
    """An object of the vendor's JSON. Methods treat null as missing and raise MalformedField for a wrong type."""

    def __init__(self, raw: Any, problems: list[Problem], *, what: str = "item") -> None:
        if not isinstance(raw, dict):
            raise MalformedField(what, raw, "an object")
        self.raw: dict[str, Any] = raw
        self._problems = problems

    def text(self, name: str) -> str:
        """Text without NUL characters, which PostgreSQL cannot store; removing them is reported."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise MalformedField(name, value, "text")
        if NUL in value:
            self.report(issues.HIDDEN_CHARACTER(field=name.replace("_", " ").capitalize(), fatal=False))
        return without_nul(value)

    def label(self, *names: str) -> str:
        """The item's name in issues: the first of these fields that has a value. Reports and raises nothing."""
        texts = (without_nul(value) for name in names if isinstance(value := self.raw.get(name), str))
        return next(filter(None, texts), "")

    def key(self, name: str) -> str:
        """An ID as text; empty for null and for 0, which the vendor uses for "none"."""
        return str(self.integer(name) or "")

    def integer(self, name: str) -> int:
        """A whole number, also as text; 0 for null."""
        value = self.raw.get(name)
        if value is None:
            return 0
        if isinstance(value, str) and (number := whole_number(value)) is not None:
            return number
        if not isinstance(value, int) or isinstance(value, bool):
            raise MalformedField(name, value, "a whole number")
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A number, or a numeric string as in the V2 API; None for null and for an empty string."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            raise MalformedField(name, value, "a number")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise MalformedField(name, value, "a number") from None
        if not number.is_finite():
            raise MalformedField(name, value, "a number")
        return number

    def flag(self, name: str) -> bool:
        value = self.raw.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise MalformedField(name, value, "true or false")
        return value

    def timestamp(self, name: str) -> datetime | None:
        """A time in UTC."""
        text = self.text(name)
        if not text:
            return None
        try:
            return timestamp(text)
        except ValueError:
            raise MalformedField(name, text, "a time") from None

    def items(self, name: str) -> list[Any]:
        value = self.raw.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise MalformedField(name, value, "a list")
        return value

    def objects(self, name: str) -> list["FieldReader"]:
        """A list of nested objects, whose problems are added to those of this object."""
        return [FieldReader(each, self._problems, what=name) for each in self.items(name)]

    def nested(self, name: str) -> "FieldReader":
        """A nested object; an empty one if it is missing."""
        value = self.raw.get(name)
        return FieldReader({} if value is None else value, self._problems, what=name)

    def report(self, problem: Problem) -> None:
        self._problems.append(problem)


def timestamp(text: str) -> datetime:
    """A time in UTC, from ISO 8601 (V3) or RFC 2822 (V2); without a zone it is UTC. ValueError for anything else."""
    # A V2 time contains a comma, which ISO 8601 does not; a weekday may contain a T.
    parsed = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    return utc(parsed)


def mapped_value(raw: dict[str, Any], path: str) -> Any:
    """The value at a path of a connection's field map (S5): `retail_price`, or `custom_fields.Restock date`.

    The part after the dot is the name of an entry in a list of `{"name", "value"}`, or a key of an object. None if the
    value does not exist or the path is empty.
    """
    head, _, rest = path.partition(".")
    value = raw.get(head)
    if not rest:
        return value
    if isinstance(value, dict):
        return mapped_value(value, rest)
    if isinstance(value, list):
        return next((each.get("value") for each in value if isinstance(each, dict) and each.get("name") == rest), None)
    return None
