"""A role that is no superuser: what it may not do is known before the copy, and 20 clients do not stop the swap."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.utils import timezone

from staging_copy import policies
from staging_copy.backup import backups
from staging_copy.backup.archive import Archive
from staging_copy.copying import copier, swap, target
from staging_copy.copying.archive_needs import needs_of
from staging_copy.copying.config import Config
from staging_copy.copying.journal import Journal
from staging_copy.copying.server_checks import find_problems
from staging_copy.postgres import SERVER_VERSIONS, Database
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.staging_copy.servers.conftest import Server

pytestmark = pytest.mark.postgres


@pytest.fixture(params=(SERVER_VERSIONS[0], SERVER_VERSIONS[-1]))
def server(request: pytest.FixtureRequest, servers: dict[int, Server]) -> Iterator[Server]:
    """The oldest and the newest server, with database `site`, owned by `copier`, which an application role uses."""
    server = servers[request.param]
    server.execute(
        "CREATE ROLE copier LOGIN CREATEDB",
        "CREATE ROLE application LOGIN",
        "CREATE DATABASE site OWNER copier",
    )
    yield server
    for name in swap.names(server.database("site")):
        swap.drop(server.superuser, name)
    server.execute("DROP OWNED BY copier, application CASCADE", "DROP ROLE copier, application")


@contextmanager
def connected(database: Database) -> Iterator[Any]:
    with database.connect(autocommit=True) as connection, connection.cursor() as cursor:
        yield cursor


class Client(threading.Thread):
    """Reconnects whenever its connection ends."""

    def __init__(self, database: Database, over: threading.Event) -> None:
        super().__init__()
        self.database, self.over, self.connections = database, over, 0

    def run(self) -> None:
        while not self.over.is_set():
            try:
                with connected(self.database) as cursor:
                    self.connections += 1
                    while not self.over.wait(0.01):
                        cursor.execute("SELECT 1")
            except psycopg2.OperationalError:
                self.over.wait(0.002)


@pytest.fixture
def config(copy_databases: CopyDatabases, live: Live, server: Server, tmp_path: Path) -> Config:
    """A copy of live to `site`, as `copier`."""
    staging = server.database("site", "copier")
    settings = replace(Config.from_settings(), staging=staging, backups=tmp_path / "b", journals=tmp_path / "other")
    target.register(staging, settings.live, settings.journals, now=timezone.now())
    return settings


def copy(config: Config, name: str) -> dict[str, Any]:
    manifest = backups.take(config.live, config.backups, name=name, origin="manual", now=timezone.now())
    record = Journal.create(config.journals, timezone.now())
    return copier.run(config, policies.load(), manifest, record, copier.Watcher())


def test_sessions_that_the_role_may_not_end_are_named_before_the_copy(config: Config, server: Server) -> None:
    with connected(server.database("site")) as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
        with pytest.raises(copier.CopyFailed, match=rf"SELECT pg_terminate_backend\({pid}\)") as failed:
            copy(config, "one")
        assert failed.value.stage == "preflight"
    with connected(server.database("site", "application")), pytest.raises(copier.CopyFailed) as failed:
        copy(config, "two")
    assert 'GRANT pg_signal_backend TO "copier"' in str(failed.value)


def test_twenty_clients_that_reconnect_do_not_stop_the_swap(config: Config, server: Server) -> None:
    server.execute("GRANT pg_signal_backend TO copier")
    over = threading.Event()
    clients = [Client(server.database("site", "application"), over) for _ in range(20)]
    with ExitStack() as stack:
        for client in clients:
            client.start()
            stack.callback(client.join)
        stack.callback(over.set)
        report = copy(config, "one")
    assert report["swap_seconds"] <= 5.0
    assert all(client.connections > 1 for client in clients)


def test_a_superuser_who_comes_during_the_swap_is_named(config: Config, server: Server) -> None:
    server.execute("CREATE DATABASE site_next OWNER copier")
    with connected(server.database("site")), pytest.raises(psycopg2.errors.ObjectInUse, match="pg_terminate_backend"):
        swap.swap(config.staging)
    assert swap.databases(config.staging, swap.names(config.staging)).keys() == {"site", "site_next"}


def test_every_problem_names_the_statement_that_solves_it(
    copy_databases: CopyDatabases, server: Server, servers: dict[int, Server], tmp_path: Path
) -> None:
    """Live is on another server, which has roles, tablespaces and extensions that staging's lacks."""
    source = servers[16]
    [(data,)] = copy_databases.query("SHOW data_directory", on=source.superuser)
    space = f"{data}/space"
    source.execute(f"COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; mkdir -p {space}'")
    source.execute("CREATE ROLE auditor", f"CREATE TABLESPACE \"fast disk\" LOCATION '{space}'", "CREATE DATABASE shop")
    try:
        source.execute(
            'CREATE TABLE t (id int) TABLESPACE "fast disk"',
            "CREATE POLICY p ON t FOR SELECT TO auditor USING (true)",
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "CREATE EXTENSION file_fdw",
            "CREATE EXTENSION citext",
            database="shop",
        )
        source.superuser.named("shop").run("pg_dump", "--format=directory", f"--file={tmp_path / 'shop'}")
    finally:
        source.execute("DROP DATABASE shop", 'DROP TABLESPACE "fast disk"', "DROP ROLE auditor")
    needs = needs_of(Archive.open(tmp_path / "shop"))
    server.execute(
        "ALTER ROLE copier NOCREATEDB CONNECTION LIMIT 7",
        "ALTER DATABASE site OWNER TO application",
        "ALTER DATABASE site SET log_statement TO 'all'",
        "ALTER ROLE application IN DATABASE site SET work_mem TO '7MB'",
    )
    try:
        problems = find_problems(server.database("site", "copier"), needs, processes=2)
        server.execute("ALTER DATABASE site RESET ALL", "ALTER ROLE application IN DATABASE site RESET ALL")
    finally:
        server.execute("ALTER ROLE copier CREATEDB CONNECTION LIMIT -1", "ALTER DATABASE site OWNER TO copier")
    statements = [problem.partition("Run: ")[2] for problem in problems]
    expected = [
        'ALTER ROLE "copier" CREATEDB',
        'ALTER ROLE "copier" CONNECTION LIMIT 8',
        'ALTER DATABASE "site" OWNER TO "copier"',
        'GRANT SET ON PARAMETER log_statement TO "copier"',
        'ALTER ROLE "copier" CREATEROLE; GRANT "application" TO "copier" WITH ADMIN OPTION',
        *(
            ['ALTER ROLE "copier" SUPERUSER']
            if server.version < 18
            else ['DROP EXTENSION "citext"', 'DROP EXTENSION "file_fdw"']
        ),
        'CREATE ROLE "auditor" NOLOGIN',
        'CREATE TABLESPACE "fast disk" OWNER "copier" LOCATION \'/PATH\'',
        'ALTER ROLE "copier" BYPASSRLS',
    ]
    assert statements == expected
