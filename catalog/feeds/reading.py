"""Reading a feed: what changed after a cursor, or all that it offers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

from catalog.feeds.cursors import BEGINNING, Cursor
from catalog.feeds.documents import load_documents
from catalog.models import FeedPosition

Feed = FeedPosition.Feed

# Bounds what a long stream holds at a time; descriptions can be long.
_SLICE = 250
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
# A restored row may carry the number of a transaction that this database will reach only later.
_FROM_ELSEWHERE = """
UPDATE catalog_feedposition SET changed = pg_current_xact_id()
WHERE seller_id = ANY(%s) AND feed = %s AND changed >= pg_snapshot_xmax(pg_current_snapshot())
"""


@dataclass(frozen=True, slots=True)
class Place:
    """An item of a seller in the order of the feed."""

    seller_id: int
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Changes:
    """Items that changed after a cursor, in the order of the feed; `more` of them have been committed already."""

    places: list[Place]
    more: bool


def find_changes(feed: Feed, *, seller_ids: Sequence[int], after: Cursor, limit: int) -> Changes:
    """The next items of these sellers' feed. Two statements from the beginning, else one."""
    with connection.cursor() as cursor:
        if after == BEGINNING:
            cursor.execute(_FROM_ELSEWHERE, [list(seller_ids), feed])
        cursor.execute(
            _CHANGES,
            {
                "sellers": list(seller_ids),
                "feed": feed,
                "changed": str(after.changed),
                "item": after.item_id,
                "limit": limit + 1,
            },
        )
        places = [Place(seller_id, Cursor(int(changed), item_id)) for seller_id, changed, item_id in cursor.fetchall()]
    return Changes(places[:limit], more=len(places) > limit)


def latest(feed: Feed, *, seller_ids: Sequence[int]) -> Cursor:
    """The last change that the feed shows; BEGINNING for an empty one."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, {"sellers": list(seller_ids), "feed": feed})
        row = cursor.fetchone()
    return Cursor(int(row[0]), row[1]) if row else BEGINNING


def documents(feed: Feed, places: Sequence[Place]) -> Iterator[str]:
    """The items at these places as JSON, as they are now; of one that is gone for good only that it is deleted."""
    found: dict[int, str] = {}
    for seller_id in {place.seller_id for place in places}:
        ids = [place.cursor.item_id for place in places if place.seller_id == seller_id]
        found |= load_documents(feed, seller_id=seller_id, ids=ids)
    for place in places:
        item_id = place.cursor.item_id
        yield found.get(item_id) or f'{{"id": {item_id}, "status": "deleted"}}'


def all_documents(feed: Feed, *, seller_ids: Sequence[int]) -> Iterator[str]:
    """All items that these sellers offer as JSON, ordered by seller and id, in constant memory and without an open
    transaction: whatever changes meanwhile is found after the cursor that the reader took before."""
    for seller_id in seller_ids:
        last = 0
        while ids := _offered(feed, seller_id, last):
            found = load_documents(feed, seller_id=seller_id, ids=ids)
            yield from (found[item_id] for item_id in ids if item_id in found)
            last = ids[-1]


def _offered(feed: Feed, seller_id: int, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED.format(table=_TABLES[feed]), [seller_id, after, _SLICE])
        return [item_id for (item_id,) in cursor.fetchall()]
