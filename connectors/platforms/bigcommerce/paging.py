"""How V3 listings are paged so that nothing hides."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.bigcommerce.client import BigCommerceClient, raise_malformed_response


def page_by_id(
    client: BigCommerceClient, path: str, after: int, *, limit: int, **query: Any
) -> tuple[list[Any], int | None, int]:
    """The page of a listing behind the ID `after`: rows, the ID to go on from or None, how many are left in all.

    Paging by ID and not by number: an item that is deleted meanwhile moves no other onto a page already read.
    """
    rows, left = client.list_page(path, **query, **{"id:greater": after}, limit=limit)
    if len(rows) >= left:
        return rows, None, left
    last = max(row_ids(rows), default=None)
    if last is None:
        raise_malformed_response(path)
    return rows, last, left


def complete_page_by_id(
    client: BigCommerceClient, path: str, after: int | None, **query: Any
) -> tuple[list[Any], int | None]:
    """The same where every row must have its ID: rows, and where to go on. TryAgainLater for a part of a page."""
    after = after or 0
    rows, left = client.list_page(path, **query, **{"id:greater": after})
    found = row_ids(rows)
    # A store that ignores the filter would be listed in circles.
    if len(found) < len(rows) or (left and not found) or any(number <= after for number in found):
        raise_malformed_response(path)
    return rows, max(found) if len(rows) < left else None


def row_ids(rows: Iterable[Any]) -> list[int]:
    return [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), int)]


def isoformat_utc(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
