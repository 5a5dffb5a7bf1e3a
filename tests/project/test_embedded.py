"""The private servers are shared, stop after their last user, and survive a killed supervisor."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis

from synccenter import embedded
from synccenter.embedded import servers
from synccenter.embedded.locks import Lock

pytestmark = pytest.mark.system

Gone = Callable[[int], bool]

USER = """
import sys
from pathlib import Path
from synccenter import embedded
services = embedded.ensure(Path(sys.argv[1]))
print(services.database_url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def var() -> Iterator[Path]:
    # Not pytest's own folder: root's PostgreSQL runs under another account, which cannot access it.
    with tempfile.TemporaryDirectory(prefix="synccenter-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        if (Path(folder) / "services").exists():
            Lock(Path(folder) / "services" / "keeper.lock").take()


@pytest.fixture
def another_user(root: Path, var: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the servers of `var` until its input ends."""
    argv = [sys.executable, "-c", USER, str(var)]
    with subprocess.Popen(argv, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def ask(services: embedded.Services, sql: str) -> object:
    with closing(psycopg2.connect(services.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None


def redis_process(services: embedded.Services) -> int:
    with closing(redis.Redis.from_url(services.redis_url)) as client:
        return int(client.info("server")["process_id"])


def postgres_process(services: embedded.Services) -> int:
    folder = Path(str(ask(services, "SHOW data_directory")))
    return int((folder / "postmaster.pid").read_text().split()[0])


def supervisor_process(services: embedded.Services) -> int:
    status = Path(f"/proc/{redis_process(services)}/status").read_text()
    return int(status.split("PPid:")[1].split()[0])


def test_they_respond_and_are_configured_like_production(var: Path) -> None:
    with embedded.running(var) as services:
        assert ask(services, "SHOW server_encoding") == "UTF8"
        assert ask(services, "SHOW timezone") == "UTC"
        assert ask(services, "SHOW fsync") == "on"
        # Servers before version 17 name it in another column.
        locale = "SELECT to_jsonb(pg_database) FROM pg_database WHERE datname = current_database()"
        described = ask(services, locale)
        assert isinstance(described, dict)
        assert (described.get("datlocale") or described["datctype"]) == "C.UTF-8"
        assert ask(services, "SELECT upper('ä')") == "Ä"
        stranger = redis.Redis.from_url(services.redis_url.replace("redis://:", "redis://:wrong"))
        with closing(stranger), pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_all_processes_share_them_and_the_last_one_ends_them(
    var: Path, another_user: subprocess.Popen[str], process_ended: Gone
) -> None:
    assert another_user.stdout is not None
    other = another_user.stdout.readline().strip()
    ours = embedded.ensure(var)
    assert ours.database_url == other
    postgres, supervisor = postgres_process(ours), supervisor_process(ours)

    another_user.communicate("")
    assert ask(ours, "SELECT 1") == 1

    embedded.stop(var)
    assert process_ended(postgres)
    assert process_ended(supervisor)


def test_a_killed_user_leaves_nothing_running_and_loses_nothing(
    var: Path, another_user: subprocess.Popen[str], process_ended: Gone
) -> None:
    assert another_user.stdout is not None
    another_user.stdout.readline()
    services = embedded.ensure(var)
    ask(services, "CREATE TABLE kept AS SELECT 42 AS answer")
    supervisor = supervisor_process(services)
    embedded.stop(var)
    another_user.send_signal(signal.SIGKILL)
    assert process_ended(supervisor)

    with embedded.running(var) as services:
        assert ask(services, "SELECT answer FROM kept") == 42


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent dies")
def test_the_next_start_takes_over_after_a_killed_supervisor(var: Path, process_ended: Gone) -> None:
    services = embedded.ensure(var)
    ask(services, "CREATE TABLE kept AS SELECT 42 AS answer")
    postgres = postgres_process(services)
    supervisor = supervisor_process(services)
    os.kill(supervisor, signal.SIGKILL)
    assert process_ended(supervisor)
    embedded.stop(var)

    with embedded.running(var) as services:
        assert process_ended(postgres)
        assert ask(services, "SELECT answer FROM kept") == 42


def test_a_killed_server_is_restarted_at_the_same_address(var: Path, process_ended: Gone) -> None:
    with embedded.running(var) as services:
        before = redis_process(services)
        os.kill(before, signal.SIGKILL)
        assert process_ended(before)
        retries = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 100)
        with closing(redis.Redis.from_url(services.redis_url, retry=retries)) as client:
            assert int(client.info("server")["process_id"]) != before


def test_a_throwaway_server_leaves_no_files(var: Path, process_ended: Gone) -> None:
    own = var / "own"
    with embedded.running(own, throwaway=True, fsync=False) as services:
        supervisor = supervisor_process(services)
    assert process_ended(supervisor)
    assert not own.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run PostgreSQL under another account")
def test_root_can_run_them_in_a_private_folder(var: Path, process_ended: Gone) -> None:
    var.chmod(0o700)
    own = var / "own"
    with embedded.running(own, throwaway=True, fsync=False) as services:
        data = Path(str(ask(services, "SHOW data_directory")))
        supervisor = supervisor_process(services)
    assert not data.is_relative_to(var)
    assert process_ended(supervisor)
    assert not data.parent.exists()


def test_a_copy_of_the_programs_is_complete(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMBEDDED_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(servers, "_is_world_traversable", lambda folder: False)
    monkeypatch.setattr(servers, "_chown_unprivileged", lambda path: None)
    binaries = servers.reachable_binaries(var)
    assert binaries.is_relative_to(var)
    for program in ("postgres", "initdb", "pg_dump"):
        answer = subprocess.run([binaries / program, "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL" in answer.stdout


@pytest.mark.parametrize(("version", "provider"), [("16.9 (Debian 16.9-1)", False), ("17.0", True), ("19beta1", True)])
def test_programs_of_another_version_can_be_given(
    var: Path, monkeypatch: pytest.MonkeyPatch, version: str, provider: bool
) -> None:
    """Locales of PostgreSQL's own came with version 17."""
    (var / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    (var / "postgres").chmod(0o755)
    monkeypatch.setenv("EMBEDDED_POSTGRES_BIN", str(var))
    assert embedded.postgres_binaries() == servers.reachable_binaries(var) == var
    assert ("--locale-provider" in servers.locale_arguments(var)) == provider


def test_what_prevents_the_start_is_reported(var: Path) -> None:
    (var / "services" / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(embedded.ServicesNotStarted, match="PG_VERSION|not a valid data directory|postgresql.conf"):
        embedded.ensure(var)


@pytest.mark.usefixtures("development")
@pytest.mark.parametrize(
    "command", [[], ["help"], ["migrate", "--help"], ["collectstatic", "--no-input"], ["--version"]]
)
def test_commands_without_a_database_start_nothing(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ensure", lambda: pytest.fail("The servers were started."))
    embedded.ensure_for(["manage.py", *command])
    assert "DATABASE_URL" not in os.environ


@pytest.mark.usefixtures("development")
def test_production_never_gets_private_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "live")
    monkeypatch.setattr(embedded, "ensure", lambda: pytest.fail("The servers were started."))
    embedded.ensure_for(["manage.py", "migrate"])
    assert "DATABASE_URL" not in os.environ


@pytest.mark.usefixtures("development")
def test_an_explicit_url_has_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/synccenter")
    services = embedded.Services("postgresql:///private", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(embedded, "ensure", lambda: services)
    embedded.ensure_for(["manage.py", "migrate"])
    assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/synccenter"
    assert os.environ["REDIS_URL"] == "redis://127.0.0.1:1/0"
