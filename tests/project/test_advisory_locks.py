"""Locks across processes hold during calls to other systems, and outlive no process."""

import pytest
from django.db import connection

from common.advisory_locks import advisory_lock


def locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        return int(cursor.fetchone()[0])


def test_only_one_gets_a_lock_and_the_end_frees_it(db: None) -> None:
    with pytest.raises(ZeroDivisionError), advisory_lock("a") as first, advisory_lock("b", wait_seconds=1) as other:
        assert first and other and locks() == 2
        for wait_seconds in (0, 1):
            with advisory_lock("a", wait_seconds=wait_seconds) as second:
                assert not second
        raise ZeroDivisionError
    # The server notices the end of a connection a moment later.
    with advisory_lock("a", wait_seconds=5) as first, advisory_lock("b", wait_seconds=5) as other:
        assert first and other and locks() == 2


def test_it_belongs_to_a_transaction(db: None) -> None:
    """A pool that shares connections by transactions would give a lock of a session to others."""
    with advisory_lock("c"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory'"
            " AND (classid::bigint << 32) | objid::bigint = hashtextextended('c', 0)"
        )
        assert cursor.fetchall() == [("idle in transaction",)]
