"""PostgreSQL databases: connection parameters, identity, and PostgreSQL's command-line programs."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from django.conf import settings
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn

_MAINTENANCE = "postgres"


class ProgramFailed(Exception):
    """A PostgreSQL program failed. The message contains the last lines of its output."""


@dataclass(frozen=True)
class Identity:
    """Identifies a database, regardless of its name and address: system identifier and OID."""

    system: int
    oid: int


@dataclass(frozen=True)
class Database:
    """One database. The password is left out of its repr."""

    dsn: str
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> "Database":
        """Parses a libpq connection string (`postgresql://…` or `host=… dbname=…`)."""
        parts = parse_dsn(url)
        password = parts.pop("password", "")
        return cls(make_dsn(**parts), password)

    def __repr__(self) -> str:
        return f"Database({self.dsn!r})"

    @property
    def name(self) -> str:
        parts = parse_dsn(self.dsn)
        return str(parts.get("dbname") or parts.get("user"))

    @property
    def url(self) -> str:
        """The URL including the password, for DATABASE_URL of a child process."""
        parts = parse_dsn(self.dsn)
        login = quote(str(parts.pop("user", "")), safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        name = quote(str(parts.pop("dbname", "")), safe="")
        return f"postgresql://{login}@/{name}?{urlencode(parts)}"

    def named(self, name: str) -> "Database":
        """Another database on the same server."""
        return replace(self, dsn=make_dsn(self.dsn, dbname=name))

    @property
    def maintenance(self) -> "Database":
        """The database to connect to while this one is created, renamed or dropped."""
        return self.named(_MAINTENANCE)

    @contextmanager
    def connect(self, *, autocommit: bool = False, **options: Any) -> Iterator[Connection]:
        """A connection that is closed at the end of the block; uncommitted changes are rolled back."""
        connection = self.open(**options)
        try:
            connection.autocommit = autocommit
            yield connection
        finally:
            connection.close()

    def open(self, **options: Any) -> Connection:
        """A connection that the caller must close."""
        secret = {"password": self.password} if self.password else {}
        return psycopg2.connect(self.dsn, **secret, **options)

    def run(self, program: str, *arguments: str | Path, options: str = "") -> None:
        """Runs a PostgreSQL program on this database. `options` are server settings (`-c name=value`).

        Raises ProgramFailed.
        """
        run(
            program,
            [f"--dbname={self.dsn}", *arguments],
            {"PGPASSWORD": self.password, "PGOPTIONS": options},
        )


def identity(connection: Connection) -> Identity:
    """The identity of the connected database. Raises psycopg2.Error."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database())"
            " FROM pg_control_system()"
        )
        return Identity(*cursor.fetchone())


def run(program: str, arguments: Sequence[str | Path], environment: dict[str, str]) -> str:
    """Runs a PostgreSQL program and returns its stdout. Raises ProgramFailed."""
    done = subprocess.run(
        [Path(settings.POSTGRES_BIN) / program if settings.POSTGRES_BIN else program, *arguments],
        env={**os.environ, **{name: value for name, value in environment.items() if value}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        output = "\n".join(done.stderr.splitlines()[-10:])
        raise ProgramFailed(f"{program} failed: {output}")
    return done.stdout
