"""Reads a feed: changes after a cursor, or all items."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.feeds.cursors import START, Cursor
from catalog.feeds.documents import load_documents
from catalog.feeds.sources import FeedSource
from catalog.models import FeedPosition

Feed = FeedPosition.Feed

# Limits memory while streaming; descriptions can be long.
_CHUNK_SIZE = 250
_CHANGES = """
SELECT position.seller_id, position.changed::text, position.item_id
FROM unnest(%(sellers)s::bigint[]) AS seller (id) CROSS JOIN LATERAL (
    SELECT seller_id, changed, item_id FROM catalog_feedposition
    WHERE seller_id = seller.id AND feed = %(feed)s AND (changed, item_id) > (%(changed)s::xid8, %(item)s)
      AND changed < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY changed, item_id LIMIT %(limit)s
) AS position
ORDER BY position.changed, position.item_id LIMIT %(limit)s
"""
_LATEST = """
SELECT position.changed::text, position.item_id
FROM unnest(%(sellers)s::bigint[]) AS seller (id) CROSS JOIN LATERAL (
    SELECT changed, item_id FROM catalog_feedposition
    WHERE seller_id = seller.id AND feed = %(feed)s AND changed < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY changed DESC, item_id DESC LIMIT 1
) AS position
ORDER BY position.changed DESC, position.item_id DESC LIMIT 1
"""
_OFFERED = """
SELECT id FROM {table} WHERE seller_id = %s AND id > %s AND status IN ('live', 'suspended') ORDER BY id LIMIT %s
"""
_TABLES = {Feed.PRODUCTS: "catalog_product", Feed.INVENTORY: "catalog_variant", Feed.IMAGES: "catalog_product"}
# After a restore, rows may have transaction IDs that are in the future for this database.
_RESTAMP_RESTORED_ROWS = """
UPDATE catalog_feedposition SET changed = pg_current_xact_id()
WHERE seller_id = ANY(%s) AND feed = %s AND changed >= pg_snapshot_xmax(pg_current_snapshot())
"""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An item of a feed and its cursor."""

    source: FeedSource
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class FeedChanges:
    """Items that changed after a cursor, in feed order. `more`: whether there are further committed changes."""

    entries: list[FeedEntry]
    more: bool


def find_changes(feed: Feed, *, sources: Sequence[FeedSource], after: Cursor, limit: int) -> FeedChanges:
    """The next items of the feed. One statement, or two when starting from the beginning."""
    by_seller = {source.seller_id: source for source in sources}
    with connection.cursor() as cursor:
        if after == START:
            cursor.execute(_RESTAMP_RESTORED_ROWS, [list(by_seller), feed])
        cursor.execute(
            _CHANGES,
            {
                "sellers": list(by_seller),
                "feed": feed,
                "changed": str(after.changed),
                "item": after.item_id,
                "limit": limit + 1,
            },
        )
        entries = [
            FeedEntry(by_seller[seller_id], Cursor(int(changed), item_id))
            for seller_id, changed, item_id in cursor.fetchall()
        ]
    return FeedChanges(entries[:limit], more=len(entries) > limit)


def latest_cursor(feed: Feed, *, sources: Sequence[FeedSource]) -> Cursor:
    """The cursor of the latest change in the feed, or START if it is empty."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"sellers": [source.seller_id for source in sources], "feed": feed})
        row = cursor.fetchone()
    return Cursor(int(row[0]), row[1]) if row else START


def documents(feed: Feed, entries: Sequence[FeedEntry]) -> Iterator[str]:
    """The current JSON of these items. For items deleted from the database, only ID and status."""
    found: dict[int, str] = {}
    for source in {entry.source for entry in entries}:
        ids = [entry.cursor.item_id for entry in entries if entry.source == source]
        found |= load_documents(feed, source=source, ids=ids)
    for entry in entries:
        item_id = entry.cursor.item_id
        yield found.get(item_id) or f'{{"id": {item_id}, "status": "deleted"}}'


def all_documents(feed: Feed, *, sources: Sequence[FeedSource]) -> Iterator[str]:
    """The JSON of all live and suspended items, ordered by source and ID.

    Uses constant memory and no long transaction. Changes made in the meantime come after the cursor that the client
    gets with the response.
    """
    for source in sources:
        last = 0
        while ids := _offered(feed, source.seller_id, last):
            found = load_documents(feed, source=source, ids=ids)
            yield from (found[item_id] for item_id in ids if item_id in found)
            last = ids[-1]


def _offered(feed: Feed, seller_id: int, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED.format(table=_TABLES[feed]), [seller_id, after, _CHUNK_SIZE])
        return [item_id for (item_id,) in cursor.fetchall()]
