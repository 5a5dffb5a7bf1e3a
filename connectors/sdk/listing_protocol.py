"""Client of our generic listing protocol, for systems without their own listing API, with strict validation.

Three calls, each a POST of JSON; docs/platforms/seller-center.md specifies them for those who implement the server:

    /lookup  {"kind", "ids"}                              → {"found": [id, …]}
    /list    {"kind", "after", "limit"}                   → {"ids": [id, …], "next": id or null}
    /read    {"kind", "updated_since", "after", "limit"}  → {"items": [{"id", "updated_at", …}, …], "next": … or null}
    /read    {"kind", "ids"}                              → {"items": [{"id", …}, …]}

Items are deleted because of these responses, so anything unexpected raises TryAgainLater: an incomplete response, IDs
that were not requested, a listing that repeats a page.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from common.storable import refuse_nul, without_nul
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import ListingRepeats, TryAgainLater
from connectors.sdk.paging import IdPage
from connectors.sdk.records import Problem, Record
from connectors.sdk.schemas import error_message

MAX_IDS = 1000

Call = Callable[[str, dict[str, Any]], Any]


class ListingClient:
    """Makes the three calls. `call(path, body)` makes one request and returns the parsed response."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def existing(self, kind: str, ids: Iterable[str]) -> set[str]:
        """The IDs that exist (L11), looked up in batches of at most 1,000."""
        found: set[str] = set()
        for batch in _batches(ids):
            answer = self._call("/lookup", {"kind": kind, "ids": batch})
            match answer:
                case {"found": list(given), **rest} if not rest:
                    returned = _id_strings("/lookup", given)
                    if not returned <= set(batch):
                        _reject_answer("/lookup", "returned IDs that were not requested")
                    found |= returned
                case _:
                    _reject_answer("/lookup", "did not return a valid list of found IDs")
        return found

    def ids(self, kind: str, after: str | None) -> IdPage:
        """A page of all IDs of the kind (L15)."""
        match self._call("/list", {"kind": kind, "after": after, "limit": MAX_IDS}):
            case {"ids": list(given), "next": str() | None as following, **rest} if not rest:
                if following is not None and (not given or following == after):
                    _reject_answer("/list", "repeats itself")
                return IdPage(sorted(_id_strings("/list", given)), following)
        _reject_answer("/list", "did not return a valid list of IDs")

    def read(
        self, kind: str, *, since: datetime | None, cursor: dict[str, Any] | None, limit: int, **filters: str
    ) -> tuple[list[Any], dict[str, Any] | None, datetime | None]:
        """A page in order of change: rows, the cursor of the next page, and the time up to which everything was read.

        An item that changes in the meantime moves to the end and is read there; no other item is missed.
        """
        body = {
            "kind": kind,
            "updated_since": since.astimezone(UTC).isoformat() if since else None,
            "after": cursor,
            "limit": limit,
            **filters,
        }
        match self._call("/read", body):
            case {"items": list(rows), "next": None, **rest} if not rest:
                return rows, None, None
            case {
                "items": list(rows),
                "next": {"updated_at": str(), "id": str() | int(), **more} as following,
                **rest,
            } if rows and not rest and not more:
                # IDs are not compared: a system whose IDs are numbers may sort them as such.
                changed = _cursor_time(following)
                if cursor is not None and (following == cursor or changed < _cursor_time(cursor)):
                    raise ListingRepeats("/read returned a page that was already read.")
                return rows, following, changed
        _reject_answer("/read", "did not return a valid page of items")

    def rows(self, kind: str, ids: Iterable[str], **filters: str) -> list[Any]:
        """The requested items that exist."""
        found: list[Any] = []
        for batch in _batches(ids):
            match self._call("/read", {"kind": kind, "ids": batch, **filters}):
                case {"items": list(rows), **rest} if rest in ({}, {"next": None}) and len(rows) <= len(batch):
                    found += rows
                case _:
                    _reject_answer("/read", "did not return the requested items")
        return found


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    wanted = iter(dict.fromkeys(ids))
    while batch := list(islice(wanted, MAX_IDS)):
        yield batch


def _id_strings(path: str, given: list[Any]) -> set[str]:
    """IDs as strings; a system may send integers."""
    if not all(isinstance(each, str | int) and not isinstance(each, bool) for each in given):
        _reject_answer(path, "returned IDs that are neither strings nor integers")
    return {str(each) for each in given}


def _cursor_time(cursor: dict[str, Any]) -> datetime:
    try:
        return utc(datetime.fromisoformat(cursor["updated_at"]))
    except ValueError:
        _reject_answer("/read", "returned an invalid time")


def _reject_answer(path: str, what: str) -> NoReturn:
    raise TryAgainLater(f"{path} {what}, so the response was not used.")


# From rows to records

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


class Row(ApiModel):
    """Base class of rows in a page."""

    id: Text
    updated_at: UtcDatetime | None = None


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
    """The record for a row; an invalid row becomes a `build_empty` record with a problem for each invalid field."""
    try:
        result = build(schema.model_validate(raw))
    except (ValidationError, ArithmeticError) as error:
        name = raw.get(key) if isinstance(raw, dict) else None
        name = whole_number(name) if isinstance(name, float) else name
        result = build_empty(without_nul(str(name or "unknown")[:200]))
        result.problems = unreadable(error)
    result.raw = raw
    return result
