"""Feed cursors: the position of a client in a feed.

Items are returned in the order of the transactions that changed them, and only up to the oldest open transaction. So
rows that are committed late are never behind a cursor: rows of later transactions are held back until then.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.db import connection

from catalog.feeds.sources import FeedSource
from catalog.models import FeedPosition
from common.rest import MAX_ID

_PATTERN = re.compile(r"([a-z]{1,20})-([0-9a-f]{12})-([0-9]{1,20})-([0-9]{1,19})")


class CursorError(ValueError):
    """The text isn't a valid cursor of this feed."""


class CursorOutdated(Exception):
    """The cursor is no longer valid. The client must fetch the full feed again."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a feed: everything up to this item of this transaction has been returned."""

    changed: int
    item_id: int


START = Cursor(0, 0)


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """The range of transactions that a feed can return now.

    `lineage` identifies the database and the sources of the feed. It changes after a restore, a failover or a copy,
    when transaction IDs are no longer comparable, and when a vendor is added or removed. Cursors with another lineage
    are outdated.
    """

    lineage: str
    oldest_open_xid: int
    next_xid: int

    @classmethod
    def of(cls, sources: Sequence[FeedSource]) -> Self:
        """The current snapshot for a feed of these sources."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT pg_snapshot_xmin(now.snapshot)::text, pg_snapshot_xmax(now.snapshot)::text,
                       concat_ws(' ', system.system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8),
                                 (SELECT oid FROM pg_database WHERE datname = current_database()))
                FROM (SELECT pg_current_snapshot() AS snapshot) AS now, pg_control_system() AS system
                """
            )
            oldest_open_xid, next_xid, database = cursor.fetchone()
        identity = f"{database} {[(source.seller_id, source.vendor) for source in sources]}"
        lineage = hashlib.blake2b(identity.encode(), digest_size=6).hexdigest()
        return cls(lineage, int(oldest_open_xid), int(next_xid))

    def decode(self, feed: FeedPosition.Feed, text: str) -> Cursor:
        """Parse a cursor created by `encode`. CursorError if it is invalid, CursorOutdated for another lineage."""
        found = _PATTERN.fullmatch(text)
        if found is None or found[1] != feed:
            raise CursorError(f"This isn't a cursor of the {feed} feed.")
        cursor = Cursor(int(found[3]), int(found[4]))
        if found[2] != self.lineage:
            raise CursorOutdated
        if cursor.changed > self.next_xid or cursor.item_id > MAX_ID:
            raise CursorError("This cursor is ahead of the feed, so it wasn't issued by it.")
        return cursor

    def encode(self, feed: FeedPosition.Feed, cursor: Cursor) -> str:
        """The cursor as text for clients."""
        return f"{feed}-{self.lineage}-{cursor.changed}-{cursor.item_id}"

    @property
    def current_cursor(self) -> Cursor:
        """The cursor from which a client continues after reading the full feed now."""
        return Cursor(self.oldest_open_xid, 0)
