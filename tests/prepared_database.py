"""PostgreSQL's files with the migrated test database, made once and then copied by every process that runs tests.

Applying all migrations takes longer than most files of tests, and each process of a run has a server of its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from synccenter import embedded
from synccenter.embedded import servers
from synccenter.embedded.locks import Lock
from tests.tiers import TIERS

ROOT = Path(__file__).resolve().parent.parent
# What Django calls the test database of the embedded server.
NAME = "test_synccenter"
# What a migrated database depends on. Migrations that came later are applied to the copy.
SOURCES = ("*/migrations/*.py", "*/fields.py", "synccenter/settings.py", "synccenter/embedded/*.py", "requirements.txt")


def ensure() -> None:
    """Makes the files, unless there are some that suit."""
    with _files():
        pass


def copy_to(var: Path) -> None:
    """Gives the servers of `var`, which have not been started yet, a database `NAME` with all migrations."""
    home = var / "services"
    home.mkdir(parents=True)
    with _files() as source:
        # cp keeps the owner, and shares blocks where the file system can.
        subprocess.run(["cp", "-a", source, servers.data_folder(home)], check=True)


@contextmanager
def _files() -> Iterator[Path]:
    """PostgreSQL's data folder. Within the block, no other process replaces it."""
    cache = TIERS["core"].cache
    cache.mkdir(parents=True, exist_ok=True)
    var = cache / f"database-{key()}"
    made = var / "made"
    lock = Lock(cache / "database.lock")
    lock.take()
    try:
        if not made.exists():
            for former in cache.glob("database-*"):
                _remove(former)
            _make(var)
            made.touch()
        yield servers.data_folder(var / "services")
    finally:
        lock.release()


def key() -> str:
    """Names the files by everything that they depend on."""
    # Migrations make the partitions of the next days, so files are good for one day.
    binaries = embedded.postgres_binaries()
    key = sha256(f"{datetime.now(UTC):%Y-%m-%d} {sys.version} {binaries} {binaries.stat().st_mtime_ns}".encode())
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            key.update(path.read_bytes())
    return key.hexdigest()[:16]


def _make(var: Path) -> None:
    print("Applying all migrations to a test database, which the next runs copy...", file=sys.stderr, flush=True)
    with embedded.running(var, fsync=False) as services:
        with closing(psycopg2.connect(services.database_url)) as connection:
            connection.autocommit = True
            # It is there if only the cache was deleted: as root, PostgreSQL's files may be elsewhere.
            connection.cursor().execute(f"DROP DATABASE IF EXISTS {NAME}")
            connection.cursor().execute(f"CREATE DATABASE {NAME}")
        database = urlsplit(services.database_url)._replace(path=f"/{NAME}").geturl()
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity=0"],
            check=True,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            env=os.environ | services.environment() | {"ENVIRONMENT": "development", "DATABASE_URL": database},
        )
    _wait_for_servers_to_stop(var)


def _remove(var: Path) -> None:
    if (var / "services").exists():
        # They may be running yet, if the process that started them was killed.
        _wait_for_servers_to_stop(var)
        servers.remove_postgres(var / "services")
    shutil.rmtree(var)


def _wait_for_servers_to_stop(var: Path) -> None:
    supervisor = Lock(var / "services" / "keeper.lock")
    supervisor.take()
    supervisor.release()
