"""Pages V3 listings so that no item is missed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.bigcommerce.client import BigCommerceClient, raise_malformed_response
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import ListingRepeats


def page_by_id(
    client: BigCommerceClient, path: str, after: int, *, limit: int, **query: Any
) -> tuple[list[Any], int | None, int]:
    """The page of a listing after the ID `after`: rows, the ID for the next page or None, the number of items left.

    Paged by ID rather than by page number, so that deleting an item meanwhile does not move others onto a page that was
    already read.
    """
    rows, left = client.list_page(path, **query, **{"id:greater": after}, limit=limit)
    found = row_ids(rows)
    if any(number <= after for number in found):
        raise ListingRepeats(f"{path} returned items that were already read: the store ignores the filter by ID.")
    if len(rows) >= left:
        return rows, None, left
    if not found:
        raise_malformed_response(path)
    return rows, max(found), left


def complete_page_by_id(
    client: BigCommerceClient, path: str, after: int | None, **query: Any
) -> tuple[list[Any], int | None]:
    """Like `page_by_id`, but every row must have an ID: rows, and the ID for the next page. TryAgainLater for an
    incomplete page."""
    after = after or 0
    rows, left = client.list_page(path, **query, **{"id:greater": after})
    found = row_ids(rows)
    # A store that ignores the filter would cause an endless loop.
    if len(found) < len(rows) or (left and not found) or any(number <= after for number in found):
        raise_malformed_response(path)
    return rows, max(found) if len(rows) < left else None


def row_ids(rows: Iterable[Any]) -> list[int]:
    """The IDs of those rows that have one, also if it came as text."""
    return [number for row in rows if isinstance(row, dict) and (number := whole_number(row.get("id"))) is not None]


def isoformat_utc(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
