"""Pages listings by ID so that no item is missed.

The shop has no filter "ID greater than". A listing in the order of IDs is read by position, and each page begins a few
positions early: if none of its first items was read before, items before it have left the listing, so that others moved
onto positions that were already read; then it steps back. A plug-in may make pages smaller than was asked for, so the
next page begins where this one really ended.
"""

from collections.abc import Iterable
from typing import Any

from connectors.platforms.woocommerce.client import WooClient, row_ids
from connectors.sdk.errors import ListingRepeats
from connectors.sdk.paging import Cursor

OVERLAP = 3
BY_ID = {"orderby": "id", "order": "asc"}


def page_by_id(
    client: WooClient[Any, Any], path: str, cursor: Cursor, *, limit: int, **query: Any
) -> tuple[list[Any], Cursor, int | None]:
    """The next page of a listing: rows with greater IDs than before, the next cursor, the total if the shop tells it.

    Rows without an ID are returned as well, and perhaps twice. ListingRepeats if the shop ignores the position.
    """
    after, position, first = (cursor["after"], cursor["position"], cursor["first"]) if cursor else (0, 0, 0)
    limit = max(limit, 2 * OVERLAP)
    start = max(0, position - OVERLAP)
    while True:
        rows, total = client.list_page(path, **query, **BY_ID, offset=start, per_page=limit)
        ids = row_ids(rows)
        if start == 0 or not ids or min(ids) <= after:
            break
        start = max(0, start - limit // 2)
    if cursor and start > cursor["start"] and ids and min(ids) == first:
        raise ListingRepeats(f"{path} returned items that were already read: the site ignores the position.")
    new = [row for row in rows if _is_new(row, after)]
    # Without new rows, what comes next was left out by the shop, or this is the end.
    end = start + len(rows) if new else max(start, position) + limit
    following = None
    if bool(rows) if total is None else end < total:
        following = {
            "after": max([after, *ids]),
            "position": end,
            "start": start,
            "first": min(ids, default=0),
        }
    return new, following, total


def _is_new(row: Any, after: int) -> bool:
    found = row_ids([row])
    return not found or found[0] > after


def by_number(ids: Iterable[str]) -> list[str]:
    """IDs as text in the order of their numbers."""
    return sorted(ids, key=lambda each: (len(each), each))
