"""PostgreSQL servers as the copy sees them: an address, the databases behind it, and PostgreSQL's own programs."""

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
    """pg_dump or pg_restore failed. The message holds the last lines that it wrote."""


@dataclass(frozen=True)
class Identity:
    """Which database this is, whatever it is called and however it is reached."""

    system: int
    oid: int


@dataclass(frozen=True)
class Database:
    """One database. Its representation holds no password."""

    dsn: str
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> "Database":
        """The database at a libpq address (`postgresql://…` or `host=… dbname=…`)."""
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
        """The address with the password, for DATABASE_URL of a child process."""
        parts = parse_dsn(self.dsn)
        login = quote(str(parts.pop("user", "")), safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        name = quote(str(parts.pop("dbname", "")), safe="")
        return f"postgresql://{login}@/{name}?{urlencode(parts)}"

    def named(self, name: str) -> "Database":
        """Another database of the same server."""
        return replace(self, dsn=make_dsn(self.dsn, dbname=name))

    @property
    def maintenance(self) -> "Database":
        """Where to stand while this one is created, renamed or dropped."""
        return self.named(_MAINTENANCE)

    @contextmanager
    def connect(self, *, autocommit: bool = False, **options: Any) -> Iterator[Connection]:
        """A connection that is closed at the end; what was not committed is rolled back."""
        connection = self.open(**options)
        try:
            connection.autocommit = autocommit
            yield connection
        finally:
            connection.close()

    def open(self, **options: Any) -> Connection:
        """A connection that the caller closes."""
        secret = {"password": self.password} if self.password else {}
        return psycopg2.connect(self.dsn, **secret, **options)

    def run(self, program: str, *arguments: str | Path, options: str = "") -> None:
        """Runs pg_dump or pg_restore on this database; `options` are settings (`-c name=value`).

        Raises ProgramFailed.
        """
        run(
            program,
            [f"--dbname={self.dsn}", *arguments],
            {"PGPASSWORD": self.password, "PGOPTIONS": options},
        )


def identity(connection: Connection) -> Identity:
    """Raises psycopg2.Error if there is no such database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database())"
            " FROM pg_control_system()"
        )
        return Identity(*cursor.fetchone())


def run(program: str, arguments: Sequence[str | Path], environment: dict[str, str]) -> str:
    """Runs one of PostgreSQL's programs to its end, and returns what it wrote. Raises ProgramFailed."""
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
        said = "\n".join(done.stderr.splitlines()[-10:])
        raise ProgramFailed(f"{program} failed: {said}")
    return done.stdout
