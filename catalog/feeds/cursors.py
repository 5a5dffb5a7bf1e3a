"""Cursors: how far a fetcher has come in a feed, and up to where the feed may be served at all.

Items are served in the order of the transactions that changed them, and only below the oldest transaction that is still
open. So a row that is committed late always lies ahead of every cursor: a later transaction's row, which would carry
cursors past it, waits until the earlier one has ended.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.db import connection

from accounts.rest import MAX_ID
from catalog.feeds.sources import FeedSource
from catalog.models import FeedPosition

_PATTERN = re.compile(r"([a-z]{1,20})-([0-9a-f]{12})-([0-9]{1,20})-([0-9]{1,19})")


class CursorError(ValueError):
    """No cursor of this feed."""


class CursorOutdated(Exception):
    """The cursor was right once, but leads nowhere now: the fetcher must begin anew."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to this item of this transaction has been served."""

    changed: int
    item_id: int


START = Cursor(0, 0)


@dataclass(frozen=True, slots=True)
class FeedSnapshot:
    """What a feed can be read to now.

    `lineage` tells apart databases whose transaction numbers have nothing to do with each other: after a restore, a
    fail-over or a copy, and when a feed gains or loses a vendor, all is to be fetched again.
    """

    lineage: str
    oldest_open_xid: int
    next_xid: int

    @classmethod
    def of(cls, sources: Sequence[FeedSource]) -> Self:
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
        """The cursor that `write` gave as text. CursorError if it is none of this feed, CursorOutdated as named."""
        found = _PATTERN.fullmatch(text)
        if found is None or found[1] != feed:
            raise CursorError(f"This is no cursor of the feed of {feed}.")
        cursor = Cursor(int(found[3]), int(found[4]))
        if found[2] != self.lineage:
            raise CursorOutdated
        if cursor.changed > self.next_xid or cursor.item_id > MAX_ID:
            raise CursorError("This feed has not come so far: the cursor was not given by it.")
        return cursor

    def encode(self, feed: FeedPosition.Feed, cursor: Cursor) -> str:
        return f"{feed}-{self.lineage}-{cursor.changed}-{cursor.item_id}"

    @property
    def current_cursor(self) -> Cursor:
        """Where somebody goes on who reads all that there is from now on."""
        return Cursor(self.oldest_open_xid, 0)
