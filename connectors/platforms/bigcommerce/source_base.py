"""How listings are paged so that nothing hides, and how their rows become records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from connectors import paging
from connectors.contract import IdPage, Page
from connectors.paging import Slice
from connectors.platforms.bigcommerce.client import PAGE_SIZE, BigCommerceClient
from connectors.platforms.bigcommerce.field_reader import MalformedField, timestamp
from connectors.records import Problem, Record

Cursor = dict[str, Any] | None
R = TypeVar("R", bound=Record)
# The vendor adds the id to whatever fields are asked for.
_IDS_ONLY: dict[str, Any] = {"include_fields": "name", "limit": PAGE_SIZE}


class Source(Protocol):
    """What reads one kind of data from a store; `Adapter.read_page` and `Adapter.fetch` say how."""

    def __init__(self, client: BigCommerceClient) -> None: ...

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page: ...

    def fetch(self, external_ids: Sequence[str]) -> list[Record]: ...


def page_by_id(client: BigCommerceClient, path: str, after: int, **query: Any) -> tuple[list[Any], int | None, int]:
    """The page of a V3 listing behind the id `after`: rows, the id to go on from or None, how many are left in all.

    Paging by id and not by number: an item that is deleted meanwhile moves no other onto a page already read.
    """
    rows, left = client.list_page(path, **query, **{"id:greater": after}, limit=client.settings.page_size)
    if len(rows) >= left:
        return rows, None, left
    last = max(row_ids(rows), default=None)
    if last is None:
        client.raise_malformed_response(path)
    return rows, last, left


def id_page_by_id(client: BigCommerceClient, path: str, after: int | None, **query: Any) -> IdPage:
    """A page of all ids of a V3 listing, whatever the settings filter: the ids behind `after`."""
    rows, following = rows_by_id(client, path, after, **query, **_IDS_ONLY)
    return IdPage([str(row["id"]) for row in rows], following)


def rows_by_id(client: BigCommerceClient, path: str, after: int | None, **query: Any) -> tuple[list[Any], int | None]:
    """The rows of such a page, each with its id, and where to go on. TryAgainLater for a part of a page."""
    after = after or 0
    rows, left = client.list_page(path, **query, **{"id:greater": after})
    found = row_ids(rows)
    # A store that passes the filter over would be listed in circles.
    if len(found) < len(rows) or (left and not found) or any(number <= after for number in found):
        client.raise_malformed_response(path)
    return rows, max(found) if len(rows) < left else None


def id_page_by_number(client: BigCommerceClient, path: str, page: int | None, *, name: str) -> IdPage:
    """The same for listings that offer no paging by id."""
    page = page or 1
    rows, total = client.list_page(path, **_IDS_ONLY, page=page)
    found = [row[name] for row in rows if isinstance(row, dict) and isinstance(row.get(name), int)]
    if len(found) < min(PAGE_SIZE, total - (page - 1) * PAGE_SIZE):
        client.raise_malformed_response(path)
    return IdPage([*map(str, found)], page + 1 if page * PAGE_SIZE < total else None)


def next_changed_page(
    since: datetime,
    cursor: Cursor,
    *,
    list_since: Callable[[datetime], Slice],
    list_within_second: Callable[[datetime, int], Slice],
) -> tuple[list[Any], Cursor, datetime]:
    """The next page of what changed since then, as `connectors.paging` has it."""
    return paging.next_changed_page(
        since,
        cursor,
        list_since=list_since,
        list_within_second=list_within_second,
        changed_at=changed_at,
        row_ids=row_ids,
    )


def row_ids(rows: Iterable[Any]) -> list[int]:
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]


def changed_at(row: Any) -> datetime | None:
    """When a row was last changed, to the second; None if it does not say so legibly."""
    try:
        return timestamp(row["date_modified"]).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None


def isoformat_utc(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def records(rows: Iterable[Any], build: Callable[[Any, list[Problem]], R], placeholder: Callable[[str], R]) -> list[R]:
    """A record for each row; one that cannot be understood becomes a `placeholder` record with the reason."""
    result = []
    for row in rows:
        problems: list[Problem] = []
        try:
            record = build(row, problems)
        except MalformedField as error:
            record = placeholder(next(iter(map(str, row_ids([row]))), "unknown"))
            problems = [
                Problem(
                    "unreadable",
                    f"It came in a form that cannot be read: {error}.",
                    "Open and save it in BigCommerce; if that does not help, tell BigCommerce's support.",
                    fatal=True,
                )
            ]
        record.raw, record.problems = row, problems
        result.append(record)
    return result
