"""Models of the objects that a platform returns, and records made from them, for adapters that use pydantic (C4)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from common.storable import refuse_nul, without_nul
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.details import details_problem
from connectors.sdk.records import Problem, Record
from connectors.sdk.schemas import error_message

# Whole numbers below it are exact as floats.
_EXACT = 2**53


class ApiModel(BaseModel):
    """Unknown fields are ignored, numbers may be text and texts numbers.

    Null is treated as missing, except in fields whose default is None: there a subclass may tell them apart
    (`model_fields_set`). PHP writes an object without fields as a list.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _plain_values(cls, raw: Any) -> Any:
        if raw == []:
            return {}
        if not isinstance(raw, dict):
            return raw
        known = cls.model_fields
        return {
            # An ID that came as 5.0 is 5: as a text, it would be another one.
            name: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value
            for name, value in raw.items()
            if value is not None or (name in known and known[name].default is None)
        }


# The times that are inside the calendar in every time zone.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def utc(timestamp: datetime) -> datetime:
    """The time in UTC; times without a zone are taken as UTC. ValueError for one that is outside the calendar there.

    One that would be outside it in another zone, where no page could show it, is moved by a day or two.
    """
    try:
        found = timestamp.astimezone(UTC) if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("a time outside the calendar") from None
    return min(max(found, _FIRST), _LAST)


Text = Annotated[str, AfterValidator(refuse_nul)]
UtcDatetime = Annotated[datetime, AfterValidator(utc)]


def unreadable(error: ValidationError | ArithmeticError) -> list[Problem]:
    """The problems of an item: its invalid fields, or a number that is too large or too small to be used."""
    if isinstance(error, ArithmeticError):
        return [issues.UNREADABLE(field="A number", reason="it is too large or too small")]
    return [
        issues.UNREADABLE(field=".".join(map(str, each["loc"])) or "The item", reason=error_message(each))
        for each in error.errors()
    ]


R = TypeVar("R", bound=BaseModel)
RecordT = TypeVar("RecordT", bound=Record)


def record(
    raw: Any, schema: type[R], build: Callable[[R], RecordT], build_empty: Callable[[str], RecordT], *, key: str = "id"
) -> RecordT:
    """The record for a row; an invalid row becomes a `build_empty` record with a problem for each invalid field, and so
    does a row without its details."""
    problems: list[Problem] = []
    if problem := details_problem(raw):
        problems = [problem]
    else:
        try:
            result = build(schema.model_validate(raw))
        except (ValidationError, ArithmeticError) as error:
            problems = unreadable(error)
    if problems:
        name = raw.get(key) if isinstance(raw, dict) else None
        name = whole_number(name) if isinstance(name, float) else name
        result = build_empty(without_nul(str(name or "unknown")[:200]))
        result.problems = problems
    result.raw = raw
    return result
