"""PostgreSQL databases: connection parameters, identity, and PostgreSQL's command-line programs."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn

# The versions of live's and staging's server that are supported, and tested (tier `postgres`).
SERVER_VERSIONS = range(15, 19)
_MAINTENANCE = "postgres"
_FIRST_WITH_TRANSACTION_TIMEOUT = 170_000
# The defaults of a role or database must neither end a long copy nor change how values are read.
_SESSION_SETTINGS = """
    SELECT set_config(name, value, false) FROM (VALUES
        ('statement_timeout', '0'), ('lock_timeout', '0'), ('transaction_timeout', '0'),
        ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
        ('client_encoding', 'UTF8'), ('intervalstyle', 'postgres'), ('default_transaction_read_only', 'off')
    ) AS wanted (name, value)
    WHERE current_setting(name, true) IS NOT NULL
"""
# Parts of a message that hold values of rows: of live, when a backup is restored.
_VALUES = re.compile(r"^(?:DETAIL|CONTEXT): .*?(?=^(?:HINT|Command was|pg_[a-z]+): |\Z)", re.MULTILINE | re.DOTALL)
_HARMLESS = re.compile(
    r"^pg_restore: error: [^\n]*transaction_timeout[^\n]*\nCommand was: SET transaction_timeout = 0;\n", re.MULTILINE
)


class ProgramFailed(Exception):
    """A PostgreSQL program failed. The message has the last lines of its output, without what tells values of rows:
    it is stored, and sent to alert channels."""


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
        """The URL including the password."""
        parts = parse_dsn(self.dsn)
        login = quote(str(parts.pop("user", "")), safe="")
        if self.password:
            login += ":" + quote(self.password, safe="")
        name = quote(str(parts.pop("dbname", "")), safe="")
        return f"postgresql://{login}@/{name}?{urlencode(parts)}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make it the database of a child process, instead of ours."""
        return {"DATABASE_URL": self.url, "DATABASE_PASSWORD": "", "DATABASE_PASSWORD_FILE": ""}

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
        """A connection that the caller must close. Timeouts of the role and the database do not apply to it."""
        secret = {"password": self.password} if self.password else {}
        connection = psycopg2.connect(self.dsn, **secret, **options)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_SESSION_SETTINGS)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        return connection

    def run(self, program: str, *arguments: str | Path, options: str = "") -> None:
        """Runs a PostgreSQL program on this database. `options` are server settings (`-c name=value`).

        Raises ProgramFailed.
        """
        run(program, [f"--dbname={self.dsn}", *arguments], self._environment(options))

    def restore(self, archive: Path, *arguments: str | Path, options: str = "") -> None:
        """Runs pg_restore, which stops at the first error. Raises ProgramFailed."""
        with self.connect() as connection:
            knows_timeout = connection.server_version >= _FIRST_WITH_TRANSACTION_TIMEOUT
        stop = ("--exit-on-error",) if knows_timeout else ()
        done = _start("pg_restore", [f"--dbname={self.dsn}", *stop, *arguments, archive], self._environment(options))
        # pg_restore 17 and newer turn off a timeout that older servers do not know, which is no error of the archive.
        harmless = done.stderr.count("\nCommand was: SET transaction_timeout = 0;")
        errors = len(re.findall(r"^pg_restore: error: ", done.stderr, re.MULTILINE))
        if done.returncode != 0 and (knows_timeout or errors != harmless):
            raise ProgramFailed(f"pg_restore failed: {_last_lines(_HARMLESS.sub('', done.stderr))}")

    def _environment(self, options: str) -> dict[str, str]:
        return {"PGPASSWORD": self.password, "PGOPTIONS": options}


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
    done = _start(program, arguments, environment)
    if done.returncode != 0:
        raise ProgramFailed(f"{program} failed: {_last_lines(done.stderr)}")
    return done.stdout


def program_version(program: str) -> int:
    """The major version of a PostgreSQL program. Raises ProgramFailed."""
    return int(re.findall(r"\d+", run(program, ["--version"], {}))[0])


def _start(
    program: str, arguments: Sequence[str | Path], environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    from django.conf import settings  # imported here because loaders use databases without Django

    return subprocess.run(
        [Path(settings.POSTGRES_BIN) / program if settings.POSTGRES_BIN else program, *arguments],
        # Messages in English, because `restore` reads them.
        env={**os.environ, "LC_ALL": "C", **{name: value for name, value in environment.items() if value}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,  # pg_dump writes live's data
    )


def _last_lines(output: str) -> str:
    return "\n".join(_VALUES.sub("", output).splitlines()[-10:])
