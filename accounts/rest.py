"""What all REST endpoints share: how they refuse (RFC 9457) and how they page."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema
from ninja.errors import HttpError

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)

MAX_ID = 2**63 - 1


class FieldError(Schema):
    """One thing that is wrong with a request."""

    property: str = Field(description="The field, as in `errors.3.external_id`; empty if it is the whole request.")
    code: str
    message: str = Field(description="What is wrong, and what would be right.")


class ProblemDetails(Schema):
    """The body of every answer from 400 upwards, as `application/problem+json`."""

    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class ApiError(HttpError):
    """The request cannot be carried out, and nothing was changed. `field_errors` name the fields."""

    def __init__(self, status_code: int, detail: str, *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(status_code, detail)
        self.field_errors = list(field_errors)


class Paging(Schema):
    """Where a page begins and how long it is."""

    before: int | None = Field(None, ge=1, le=MAX_ID, description="`next` of the page before this one.")
    limit: int = Field(50, ge=1, le=500)


class Page(Schema, Generic[Item]):
    """A page, newest first."""

    items: list[Item]
    next: int | None = Field(description="Send it as `before` for the next page; null on the last.")


def page_of(rows: QuerySet[Row], *, limit: int) -> dict[str, object]:
    """A `Page` of rows that are sorted by falling id and were read one beyond the limit."""
    found = list(rows)
    return {"items": found[:limit], "next": found[limit - 1].pk if len(found) > limit else None}
