"""Stops staging's workers before the swap, so that they do not write to a database about to be replaced.

Lanes are paused and their epochs increased: a worker in the middle of a turn finds a newer epoch and writes nothing
(N6). The journal records the paused lanes first, so that they can be resumed after a crash.
"""

from typing import Any

import psycopg2

from staging_copy.copying.journal import Journal
from staging_copy.postgres import Database

_EVENT = "quiesced"
_LOCK_TIMEOUT = "30s"
_LOCK_LANES = "SELECT id FROM hub_lane WHERE NOT paused ORDER BY id FOR UPDATE"
_END_HOLDERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM (
        SELECT DISTINCT pid FROM pg_locks
        JOIN pg_database ON pg_database.oid = database AND datname = current_database()
        WHERE relation = 'hub_lane'::regclass AND granted AND mode <> 'AccessShareLock' AND pid <> pg_backend_pid()
    ) AS holder
"""


def pause(staging: Database, journal: Journal) -> int:
    """Pauses all active lanes; returns how many. Does nothing if staging has no lane table yet."""
    with staging.connect() as connection, connection.cursor() as cursor:
        if not _has_lanes(cursor):
            return 0
        cursor.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.commit()
        try:
            cursor.execute(_LOCK_LANES)
        except psycopg2.errors.LockNotAvailable:
            # A forgotten transaction, which the switchover would end anyway.
            connection.rollback()
            cursor.execute(_END_HOLDERS)
            cursor.execute(_LOCK_LANES)
        ids = [lane for (lane,) in cursor.fetchall()]
        journal.write(_EVENT, lanes=ids)
        cursor.execute(
            "UPDATE hub_lane SET paused = true, epoch = epoch + 1, leased_by = '', lease_until = NULL"
            " WHERE id = ANY(%s)",
            [ids],
        )
        connection.commit()
    return len(ids)


def resume(staging: Database, journal: Journal) -> None:
    """Resumes the lanes that this journal's copy paused. Idempotent."""
    event = journal.last(_EVENT)
    if event is None or not event["lanes"]:
        return
    with staging.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE hub_lane SET paused = false WHERE id = ANY(%s)", [event["lanes"]])
        connection.commit()
    journal.write("resumed")


def _has_lanes(cursor: Any) -> bool:
    cursor.execute("SELECT to_regclass('public.hub_lane') IS NOT NULL")
    return bool(cursor.fetchone()[0])
