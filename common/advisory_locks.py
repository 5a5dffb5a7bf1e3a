"""Locks on a name, across processes, for as long as a block runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2.errors import LockNotAvailable


@contextmanager
def advisory_lock(name: str, *, wait_seconds: int = 0) -> Iterator[bool]:
    """Whether this process got the lock, for which it waits that long at most.

    The lock belongs to a transaction on a connection of its own, which does nothing else. So calls to other systems may
    take place meanwhile, a killed process loses it at once, and a pool that changes sessions between transactions keeps
    it.
    """
    own = connection.copy()
    own.set_autocommit(False)
    try:
        yield _acquire(own, name, wait_seconds)
    finally:
        own.close()


def _acquire(own: BaseDatabaseWrapper, name: str, wait_seconds: int) -> bool:
    with own.cursor() as cursor:
        if not wait_seconds:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
            return bool(cursor.fetchone()[0])
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_seconds}s"])
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                return False
            raise
    return True
