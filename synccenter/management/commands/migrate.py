"""`manage.py migrate`: Django's, one at a time for each database, so that several machines may start it at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_LOCK = "hashtext('synccenter.migrate')"
INTERVAL = 1.0  # seconds


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--wait", type=int, default=0, metavar="SECONDS", help="how long to wait for the database to accept clients"
        )

    def handle(self, *args: Any, wait: int, **options: Any) -> None:
        connection = connections[options["database"]]
        _connect(connection, wait)
        with _lock(connection):
            super().handle(*args, **options)


def _connect(connection: BaseDatabaseWrapper, wait: int) -> None:
    last = time.monotonic() + wait
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > last:
                raise CommandError(f"The database does not accept us: {error}") from error
            time.sleep(INTERVAL)
        else:
            return


@contextmanager
def _lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock of migrations. Whoever waits for it asks again and again: a waiting statement would be a
    transaction that CREATE INDEX CONCURRENTLY waits for in turn."""
    with connection.cursor() as cursor:
        while not _ask(cursor, f"SELECT pg_try_advisory_lock({_LOCK})"):
            time.sleep(INTERVAL)
        try:
            yield
        finally:
            _ask(cursor, f"SELECT pg_advisory_unlock({_LOCK})")


def _ask(cursor: Any, sql: str) -> bool:
    cursor.execute(sql)
    return bool(cursor.fetchone()[0])
