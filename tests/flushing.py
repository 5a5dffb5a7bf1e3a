"""How the database is emptied after a test that committed: the tables that have rows, and no other.

Django's flush truncates every table, which makes PostgreSQL write several hundred new files, and then creates content
types and permissions again. Together that takes longer than most tests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

# What migrations leave behind, and no test changes.
KEPT = ("auth_permission", "django_content_type", "django_migrations")
# Bytes. Beyond that the space is given back, so that later tests do not read through what is left of it.
LARGE = 1_000_000

# Tables that Django does not manage (the partitioned ones) are found here too. As TRUNCATE would, the lock waits for
# transactions of processes that were killed a moment ago; without it, what they commit would reach the next test.
EMPTY_TABLES = f"""
DO $$
DECLARE
    tables regclass[] := ARRAY(
        SELECT oid::regclass FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace
        AND relname NOT IN ({", ".join(f"'{name}'" for name in KEPT)})
        ORDER BY oid
    );
    each regclass;
    has_rows boolean;
BEGIN
    EXECUTE 'LOCK TABLE ' || array_to_string(tables, ', ') || ' IN ACCESS EXCLUSIVE MODE';
    -- Neither foreign keys nor triggers: everything goes.
    SET LOCAL session_replication_role = replica;
    FOREACH each IN ARRAY tables LOOP
        IF pg_relation_size(each) > {LARGE} THEN
            EXECUTE format('TRUNCATE %s CASCADE', each);
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', each) INTO has_rows;
            IF has_rows THEN
                EXECUTE format('DELETE FROM %s', each);
            END IF;
        END IF;
    END LOOP;
END $$
"""  # noqa: S608 - both constants are ours


@contextmanager
def only_what_has_rows() -> Iterator[None]:
    """Within, Django's flush works this way. It needs a superuser of the test database."""

    def sql_flush(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        return [EMPTY_TABLES]

    def nothing_was_migrated(*args: Any, **options: Any) -> None:
        """The permissions and content types are there still."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", nothing_was_migrated)
        yield
