"""How listings are paged so that nothing hides, and how their rows become records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from connectors import paging
from connectors.contract import IdPage, Page
from connectors.paging import Slice
from connectors.platforms.bigcommerce.shop import PAGE_SIZE, Shop
from connectors.platforms.bigcommerce.values import Malformed, moment
from connectors.records import Problem, Record

Cursor = dict[str, Any] | None
R = TypeVar("R", bound=Record)
# The vendor adds the id to whatever fields are asked for.
_IDS_ONLY: dict[str, Any] = {"include_fields": "name", "limit": PAGE_SIZE}


class Source(Protocol):
    """What reads one kind of data from a store; `Adapter.read_page` and `Adapter.fetch` say how."""

    def __init__(self, shop: Shop) -> None: ...

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page: ...

    def fetch(self, external_ids: Sequence[str]) -> list[Record]: ...


def by_key(shop: Shop, path: str, after: int, **query: Any) -> tuple[list[Any], int | None, int]:
    """The page of a V3 listing behind the id `after`: rows, the id to go on from or None, how many are left in all.

    Paging by id and not by number: an item that is deleted meanwhile moves no other onto a page already read.
    """
    rows, left = shop.listing(path, **query, **{"id:greater": after}, limit=shop.settings.page_size)
    if len(rows) >= left:
        return rows, None, left
    last = max(numbers(rows), default=None)
    if last is None:
        shop.broken(path)
    return rows, last, left


def ids_by_key(shop: Shop, path: str, after: int | None, **query: Any) -> IdPage:
    """A page of all ids of a V3 listing, whatever the settings filter: the ids behind `after`."""
    rows, following = all_by_key(shop, path, after, **query, **_IDS_ONLY)
    return IdPage([str(row["id"]) for row in rows], following)


def all_by_key(shop: Shop, path: str, after: int | None, **query: Any) -> tuple[list[Any], int | None]:
    """The rows of such a page, each with its id, and where to go on. TryAgainLater for a part of a page."""
    after = after or 0
    rows, left = shop.listing(path, **query, **{"id:greater": after})
    found = numbers(rows)
    # A store that passes the filter over would be listed in circles.
    if len(found) < len(rows) or (left and not found) or any(number <= after for number in found):
        shop.broken(path)
    return rows, max(found) if len(rows) < left else None


def ids_by_number(shop: Shop, path: str, page: int | None, *, name: str) -> IdPage:
    """The same for listings that offer no paging by id."""
    page = page or 1
    rows, total = shop.listing(path, **_IDS_ONLY, page=page)
    found = [row[name] for row in rows if isinstance(row, dict) and isinstance(row.get(name), int)]
    if len(found) < min(PAGE_SIZE, total - (page - 1) * PAGE_SIZE):
        shop.broken(path)
    return IdPage([*map(str, found)], page + 1 if page * PAGE_SIZE < total else None)


def by_change(
    since: datetime,
    cursor: Cursor,
    *,
    from_: Callable[[datetime], Slice],
    within: Callable[[datetime, int], Slice],
) -> tuple[list[Any], Cursor, datetime]:
    """The next page of what changed since then, as `connectors.paging` has it."""
    return paging.by_change(since, cursor, from_=from_, within=within, changed_at=changed_at, numbers=numbers)


def numbers(rows: Iterable[Any]) -> list[int]:
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]


def changed_at(row: Any) -> datetime | None:
    """When a row was last changed, to the second; None if it does not say so legibly."""
    try:
        return moment(row["date_modified"]).replace(microsecond=0)
    except (KeyError, TypeError, ValueError):
        return None


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def records(rows: Iterable[Any], make: Callable[[Any, list[Problem]], R], bare: Callable[[str], R]) -> list[R]:
    """A record for each row; one that cannot be understood becomes a `bare` record with the reason."""
    made = []
    for row in rows:
        problems: list[Problem] = []
        try:
            record = make(row, problems)
        except Malformed as error:
            record = bare(next(iter(map(str, numbers([row]))), "unknown"))
            problems = [
                Problem(
                    "unreadable",
                    f"It came in a form that cannot be read: {error}.",
                    "Open and save it in BigCommerce; if that does not help, tell BigCommerce's support.",
                    fatal=True,
                )
            ]
        record.raw, record.problems = row, problems
        made.append(record)
    return made
