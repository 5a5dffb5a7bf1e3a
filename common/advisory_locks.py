"""Locks on a name, across processes, for as long as a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def advisory_lock(name: str, *, wait: bool = False) -> Iterator[bool]:
    """Whether this process got the lock; with `wait`, it always does.

    The lock belongs to a transaction on a connection of its own, which does nothing else. So calls to other systems may
    take place meanwhile, a killed process loses it at once, and a pool that changes sessions between transactions keeps
    it.
    """
    own = connection.copy()
    own.set_autocommit(False)
    try:
        with own.cursor() as cursor:
            if wait:
                cursor.execute("SELECT true FROM pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            else:
                cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            got = bool(cursor.fetchone()[0])
        yield got
    finally:
        own.close()
