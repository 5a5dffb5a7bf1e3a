"""Free disk space at staging's server: read here if the server runs on this machine, otherwise by the server itself."""

import shutil
from pathlib import Path
from typing import Any

import psycopg2
from django.utils.translation import gettext as _

from staging_copy.postgres import Database

# Disk space for the copy relative to the size of live: its data, plus a reserve for building indexes.
_FACTOR = 1.2


def find_shortage(staging: Database, expected: int | None) -> list[str]:
    """Reports missing disk space. `expected` is the size of live in bytes, None if it is unknown.

    A server that does not tell its free space is not checked: a full disk then fails the copy; staging is unchanged.
    """
    free = free_space(staging)
    needed = int((expected or 0) * _FACTOR)
    if expected is None or free is None or free >= needed:
        return []
    message = _(
        "The copy needs about %(needed)s GiB, and the disk of the staging server has %(free)s GiB free. "
        "Free up disk space, e.g. by dropping the previous database. Run: %(statement)s"
    )
    statement = f'DROP DATABASE "{staging.name}_previous"'
    return [message % {"needed": f"{needed / 2**30:.1f}", "free": f"{free / 2**30:.1f}", "statement": statement}]


def free_space(staging: Database) -> int | None:
    """Free bytes in the server's data directory; None if our role may not know."""
    with staging.maintenance.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('data_directory', true),"
            " inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr()"
            " WHERE pg_has_role('pg_read_all_settings', 'USAGE')"
        )
        row = cursor.fetchone()
        # A folder of the same name on this machine says nothing about another one.
        if row and row[1] and Path(row[0]).is_dir():
            return shutil.disk_usage(row[0]).free
        return _ask_server(cursor)


def _ask_server(cursor: Any) -> int | None:
    cursor.execute("SELECT pg_has_role('pg_execute_server_program', 'USAGE')")
    if not cursor.fetchone()[0]:
        return None
    cursor.execute("CREATE TEMPORARY TABLE disk (line text)")
    try:
        cursor.execute("COPY disk FROM PROGRAM 'df -Pk .'")  # the server's working directory is its data directory
    except psycopg2.Error:
        return None  # a server without df, as on Windows
    cursor.execute("SELECT line FROM disk")
    lines = [line for (line,) in cursor.fetchall()]
    return int(lines[-1].split()[3]) * 1024
