"""Puts the side database in the place of staging, in one transaction; and back (N2)."""

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
    """The side database becomes `target`; what was `target` is kept as the previous one. Returns the seconds it took.

    Whoever is connected is thrown out, and whoever comes meanwhile waits. An older previous database is dropped.
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
    """`target` and the previous database change places, which a second rollback undoes. Returns the seconds."""
    current, previous = target.name, previous_name(target)
    temporary = f"{current}_passing"
    return _rename(target, [(current, temporary), (previous, current), (temporary, previous)], [])


def databases(target: Database, names: Sequence[str]) -> dict[str, int]:
    """Those of the names that exist, with their OIDs."""
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname, oid FROM pg_database WHERE datname = ANY(%s)", [list(names)])
        return dict(cursor.fetchall())


def drop(target: Database, name: str) -> None:
    """Drops a database of the same server, whoever is in it, if it exists."""
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
            # Somebody slipped in between; nothing was renamed.
            if attempt == _MAX_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@contextmanager
def _without_connections(target: Database, names: list[str]) -> Iterator[None]:
    """Ends every connection to these databases, again and again, until the block is over."""
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
    """What gives the new database the rights that the present one has; everybody may connect if there is none."""
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
