"""Error responses (RFC 9457) and pagination shared by all REST endpoints."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from ninja import Field, Schema
from ninja.errors import HttpError

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)

MAX_ID = 2**63 - 1


class FieldError(Schema):
    """One error in a request."""

    property: str = Field(
        description="The invalid field, for example `errors.3.external_id`. Empty if it is the whole request."
    )
    code: str
    message: str = Field(description="What is wrong and how to fix it.")


class ProblemDetails(Schema):
    """The body of every 4xx and 5xx response, as `application/problem+json`."""

    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class ApiError(HttpError):
    """A rejected request that changed nothing. `field_errors` list the invalid fields."""

    def __init__(self, status_code: int, detail: str, *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(status_code, detail)
        self.field_errors = list(field_errors)


class Paging(Schema):
    """Pagination parameters."""

    before: int | None = Field(None, ge=1, le=MAX_ID, description="`next` of the previous page.")
    limit: int = Field(50, ge=1, le=500)


class Page(Schema, Generic[Item]):
    """A page of results, newest first."""

    items: list[Item]
    next: int | None = Field(description="Send this as `before` to get the next page. Null on the last page.")


def page_of(rows: QuerySet[Row], *, limit: int) -> dict[str, object]:
    """A `Page` from `rows`, which must be sorted by descending ID and limited to `limit` + 1."""
    found = list(rows)
    return {"items": found[:limit], "next": found[limit - 1].pk if len(found) > limit else None}
