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
from typing import Any, NoReturn

from connectors.sdk.api_model import ApiModel, Text, UtcDatetime, utc
from connectors.sdk.errors import ListingRepeats, TryAgainLater
from connectors.sdk.paging import IdPage

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


class Row(ApiModel):
    """Base class of rows in a page."""

    id: Text
    updated_at: UtcDatetime | None = None
