# ruff: noqa: S608  (identifiers are quoted, and conditions are constants)
"""Swaps the new database with staging in one transaction, and back (N2)."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.utils.translation import gettext as _

from staging_copy.backup.archive import quote
from staging_copy.postgres import Database

_TERMINATE_INTERVAL = 0.01
_MAX_ATTEMPTS = 3
# https://www.postgresql.org/docs/current/functions-admin.html, pg_terminate_backend. Other columns of the view are
# hidden from a role that may not read all statistics.
_SESSIONS = """
    SELECT activity.pid, other.rolname, activity.application_name, other.rolsuper
    FROM pg_stat_activity AS activity
    JOIN pg_roles AS other ON other.oid = activity.usesysid
    JOIN pg_roles AS me ON me.rolname = current_user
    WHERE activity.datname = ANY(%s) AND activity.pid <> pg_backend_pid() AND {which}
    ORDER BY activity.pid
"""
_MAY_END = """
    (me.rolsuper OR NOT other.rolsuper
     AND (pg_has_role(other.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE')))
"""
_ENDING = _SESSIONS.format(which=_MAY_END)
_END_TIMEOUT_MS = 200


def next_name(target: Database) -> str:
    return f"{target.name}_next"


def previous_name(target: Database) -> str:
    return f"{target.name}_previous"


def dry_run_name(target: Database) -> str:
    return f"{target.name}_dry_run"


def names(target: Database) -> list[str]:
    """Staging and the databases next to it that belong to copies."""
    previous = previous_name(target)
    return [target.name, next_name(target), previous, f"{previous}_old", dry_run_name(target)]


@dataclass(frozen=True)
class Session:
    """A session that our role may not end."""

    pid: int
    role: str
    application: str
    superuser: bool

    def __str__(self) -> str:
        message = _("Session %(pid)s of role %(role)s (application: %(application)s)")
        return message % {"pid": self.pid, "role": self.role, "application": self.application or "-"}


def sessions_beyond_our_rights(cursor: Any, databases: Sequence[str]) -> list[Session]:
    """The sessions in these databases that our role may not end."""
    cursor.execute(_SESSIONS.format(which=f"NOT ({_MAY_END})"), [list(databases)])
    return [Session(*row) for row in cursor.fetchall()]


def swap(target: Database) -> float:
    """Renames the new database to `target` and keeps the old `target` as the previous one. Returns the downtime (s).

    Open connections are terminated; new ones wait until the end. An older previous database is renamed to
    PREVIOUS_old, which the caller drops. Raises psycopg2.errors.ObjectInUse, naming sessions that could not be ended.
    """
    current, side, previous = target.name, next_name(target), previous_name(target)
    retired = f"{previous}_old"
    existing = databases(target, (current, previous, retired))
    if retired in existing:
        drop(target, retired)
    renames = [(previous, retired)] if previous in existing else []
    renames += [(current, previous)] if current in existing else []
    return _rename(target, [*renames, (side, current)], _grant_statements(target))


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
                # RENAME looks for sessions every 100 ms, so most should be gone when it does so for the first time.
                cursor.execute(f"SELECT pg_terminate_backend(pid, {_END_TIMEOUT_MS}) FROM ({_ENDING}) AS s", [affected])
                for old, new in renames:
                    cursor.execute(f"ALTER DATABASE {quote(old)} RENAME TO {quote(new)}")
                for statement in access:
                    cursor.execute(statement)
            return time.monotonic() - started
        except psycopg2.errors.ObjectInUse as error:
            # A client connected in between; nothing was renamed.
            if attempt == _MAX_ATTEMPTS:
                raise psycopg2.errors.ObjectInUse(_describe_use(target, affected) or str(error)) from error
    raise AssertionError("unreachable")


@contextmanager
def _without_connections(target: Database, names: list[str]) -> Iterator[None]:
    """Keeps terminating all connections to these databases until the end of the block."""
    finished = threading.Event()

    def terminate_clients() -> None:
        with target.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
            while not finished.wait(_TERMINATE_INTERVAL):
                # Asking for a session that we may not end is an error, which would also spare all others.
                cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({_ENDING}) AS session", [names])

    thread = threading.Thread(target=terminate_clients, name="end-clients")
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def _describe_use(target: Database, databases: Sequence[str]) -> str:
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        sessions = sessions_beyond_our_rights(cursor, databases)
    message = _("%(session)s is connected and may not be ended by this role. Run as a superuser: %(statement)s")
    return " ".join(
        message % {"session": session, "statement": f"SELECT pg_terminate_backend({session.pid})"}
        for session in sessions
    )


def _grant_statements(target: Database) -> list[str]:
    """GRANT statements that copy the current database's privileges; PostgreSQL's defaults if it does not exist."""
    name = quote(target.name)
    with target.maintenance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END,"
            " acl.privilege_type, CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END FROM pg_database"
            " CROSS JOIN LATERAL aclexplode(COALESCE(datacl, acldefault('d', datdba))) AS acl WHERE datname = %s",
            [target.name],
        )
        rights = cursor.fetchall() or [("PUBLIC", "CONNECT", ""), ("PUBLIC", "TEMPORARY", "")]
    return [f"GRANT {privilege} ON DATABASE {name} TO {grantee}{option}" for grantee, privilege, option in rights]
