"""Swaps the new database with staging in one transaction, and back (N2)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg2

from staging_copy.archive import quote
from staging_copy.postgres import Database

_TERMINATE_INTERVAL = 0.01
_MAX_ATTEMPTS = 3


def next_name(target: Database) -> str:
    return f"{target.name}_next"


def previous_name(target: Database) -> str:
    return f"{target.name}_previous"


def swap(target: Database) -> float:
    """Renames the new database to `target` and keeps the old `target` as the previous one. Returns the downtime (s).

    Open connections are terminated; new ones are refused until the end. An older previous database is dropped.
    """
    current, side, previous = target.name, next_name(target), previous_name(target)
    retired = f"{previous}_old"
    existing = databases(target, (current, previous, retired))
    if retired in existing:
        drop(target, retired)
    renames = [(previous, retired)] if previous in existing else []
    renames += [(current, previous)] if current in existing else []
    seconds = _rename(target, [*renames, (side, current)], _grant_statements(target))
    drop(target, retired)
    return seconds


def rollback(target: Database) -> float:
    """Swaps `target` with the previous database; a second rollback undoes this. Returns the downtime in seconds."""
    current, previous = target.name, previous_name(target)
    temporary = f"{current}_passing"
    return _rename(target, [(current, temporary), (previous, current), (temporary, previous)], [])


def databases(target: Database, names: Sequence[str]) -> dict[str, int]:
    """Maps those names that exist to their OIDs."""
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname, oid FROM pg_database WHERE datname = ANY(%s)", [list(names)])
        return dict(cursor.fetchall())


def drop(target: Database, name: str) -> None:
    """Drops a database on the server of `target` if it exists, terminating its connections."""
    with target.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)")


def _rename(target: Database, renames: list[tuple[str, str]], access: list[str]) -> float:
    affected = [old for old, _ in renames]
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        started = time.monotonic()
        try:
            with (
                target.maintenance.connect() as connection,
                _without_connections(target, affected),
                connection,
                connection.cursor() as cursor,
            ):
                for old, new in renames:
                    cursor.execute(f"ALTER DATABASE {quote(old)} RENAME TO {quote(new)}")
                for statement in access:
                    cursor.execute(statement)
            return time.monotonic() - started
        except psycopg2.errors.ObjectInUse:
            # A client connected in between; nothing was renamed.
            if attempt == _MAX_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@contextmanager
def _without_connections(target: Database, names: list[str]) -> Iterator[None]:
    """Keeps terminating all connections to these databases until the end of the block."""
    finished = threading.Event()

    def terminate_clients() -> None:
        with target.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
            while not finished.wait(_TERMINATE_INTERVAL):
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = ANY(%s) AND pid <> pg_backend_pid()",
                    [names],
                )

    thread = threading.Thread(target=terminate_clients, name="end-clients")
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def _grant_statements(target: Database) -> list[str]:
    """GRANT statements that copy the current database's privileges; PostgreSQL's defaults if it does not exist."""
    name = quote(target.name)
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,"
            " acl.privilege_type FROM pg_database"
            " CROSS JOIN LATERAL aclexplode(COALESCE(datacl, acldefault('d', datdba))) AS acl WHERE datname = %s",
            [target.name],
        )
        rights = cursor.fetchall() or [("PUBLIC", "CONNECT"), ("PUBLIC", "TEMPORARY")]
    return [f"GRANT {privilege} ON DATABASE {name} TO {grantee}" for grantee, privilege in rights]
