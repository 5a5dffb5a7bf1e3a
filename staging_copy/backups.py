"""Backups of live: a directory archive each, and beside it a manifest that says what is in it.

Nothing here needs Django's database: the rows of `Backup` repeat what the manifests say.
"""

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from staging_copy.archive import Archive, ArchiveError
from staging_copy.copy_text import unescape
from staging_copy.postgres import Database

_MANIFEST = ".json"
_UNFINISHED = ".unfinished"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MIGRATIONS = "django_migrations"


@dataclass(frozen=True)
class Manifest:
    """What a backup is: times in ISO 8601 with zone, sizes in bytes, rows by table, SHA-256 by file.

    `migrations` are `app.name` as recorded in the archive. `database_size` is that of live when it was taken, if known.
    """

    name: str
    origin: str
    taken_at: str
    verified_at: str
    database: str
    server_version: str
    size: int
    database_size: int | None
    rows: dict[str, int]
    migrations: list[str]
    checksums: dict[str, str]

    @property
    def checksum(self) -> str:
        """One checksum for all: SHA-256 over the files' names and checksums."""
        return sha256(json.dumps(self.checksums, sort_keys=True).encode()).hexdigest()

    @property
    def taken(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)


def take(live: Database, home: Path, *, name: str, origin: str, now: datetime, jobs: int = 2) -> Manifest:
    """Dumps `live` into `home / name`, verifies what was written, and writes the manifest.

    A backup that was interrupted leaves only a folder called `.unfinished`, which the next one removes. Raises
    ProgramFailed and ArchiveError.
    """
    _check_name(name)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for abandoned in home.glob(f"*{_UNFINISHED}"):
        shutil.rmtree(abandoned)
    if (home / name).exists():
        raise ArchiveError(f"There is a backup {name} already.")
    with live.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    unfinished = home / f"{name}{_UNFINISHED}"
    live.run(
        "pg_dump",
        *("--format=directory", "--compress=1", f"--jobs={jobs}", f"--file={unfinished}"),
        # A table that somebody rewrites must not hold up the backup, nor the backup everybody behind it, for ever.
        "--lock-wait-timeout=300s",
    )
    manifest = _describe(unfinished, name=name, origin=origin, taken_at=now, now=now, database_size=size)
    _sync(unfinished)
    unfinished.rename(home / name)
    _write(home, manifest)
    return manifest


def register(folder: Path, home: Path, *, name: str, taken_at: datetime, now: datetime) -> Manifest:
    """Takes over an archive that was made elsewhere: copies it below `home`, verified. Raises ArchiveError."""
    _check_name(name)
    if (home / name).exists():
        raise ArchiveError(f"There is a backup {name} already.")
    Archive.open(folder)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = home / f"{name}{_UNFINISHED}"
    shutil.copytree(folder, unfinished)
    manifest = _describe(unfinished, name=name, origin="registered", taken_at=taken_at, now=now, database_size=None)
    _sync(unfinished)
    unfinished.rename(home / name)
    _write(home, manifest)
    return manifest


def verify(home: Path, name: str, *, now: datetime) -> Manifest:
    """Compares the archive with its manifest and reads all of it. Raises ArchiveError naming what differs."""
    manifest = read(home, name)
    check_files(home, manifest)
    described = _describe(
        home / name,
        name=name,
        origin=manifest.origin,
        taken_at=manifest.taken,
        now=now,
        database_size=manifest.database_size,
    )
    if described.rows != manifest.rows:
        raise ArchiveError(f"Backup {name} holds other rows than its manifest says.")
    manifest = replace(manifest, verified_at=now.isoformat())
    _write(home, manifest)
    return manifest


def check_files(home: Path, manifest: Manifest) -> None:
    """Compares the files with the checksums of the manifest. Raises ArchiveError naming those that differ."""
    found = Archive.open(home / manifest.name).checksums()
    differing = sorted(
        name for name in found.keys() | manifest.checksums.keys() if found.get(name) != manifest.checksums.get(name)
    )
    if differing:
        raise ArchiveError(
            f"Backup {manifest.name} is damaged: {', '.join(differing[:5])} differ from the manifest. Use another."
        )


def read(home: Path, name: str) -> Manifest:
    """Raises ArchiveError if there is no such backup, or it was never finished."""
    path = home / f"{name}{_MANIFEST}"
    try:
        return Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"There is no finished backup {name!r} in {home}: {error}") from error


def every(home: Path) -> list[Manifest]:
    """All finished backups, the latest first."""
    found = [read(home, path.name.removesuffix(_MANIFEST)) for path in home.glob(f"*{_MANIFEST}")]
    return sorted(found, key=lambda manifest: manifest.taken, reverse=True)


def prune(home: Path, *, keep: timedelta, now: datetime) -> list[str]:
    """Deletes backups older than `keep`, never the latest one; returns their names."""
    old = [manifest.name for manifest in every(home)[1:] if manifest.taken < now - keep]
    for name in old:
        # The manifest first: an archive without one is not offered to anybody.
        (home / f"{name}{_MANIFEST}").unlink()
        shutil.rmtree(home / name)
    return old


def migrations(archive: Archive) -> list[str]:
    """The migrations that the archive's database had, as `app.name`."""
    found = []
    for table in archive.tables:
        if table.root == _MIGRATIONS:
            app, name = table.columns.index("app"), table.columns.index("name")
            for block in archive.rows(table):
                for line in block.splitlines():
                    fields = line.split(b"\t")
                    found.append(f"{unescape(fields[app]).decode()}.{unescape(fields[name]).decode()}")
    return sorted(found)


def _describe(
    folder: Path, *, name: str, origin: str, taken_at: datetime, now: datetime, database_size: int | None
) -> Manifest:
    archive = Archive.open(folder)
    rows: dict[str, int] = {}
    for table in archive.tables:
        count = sum(block.count(b"\n") for block in archive.rows(table))
        rows[table.root] = rows.get(table.root, 0) + count
    return Manifest(
        name=name,
        origin=origin,
        taken_at=taken_at.isoformat(),
        verified_at=now.isoformat(),
        database=archive.database,
        server_version=archive.server_version,
        size=sum(path.stat().st_size for path in folder.iterdir()),
        database_size=database_size,
        rows=rows,
        migrations=migrations(archive),
        checksums=archive.checksums(),
    )


def _write(home: Path, manifest: Manifest) -> None:
    path = home / f"{manifest.name}{_MANIFEST}"
    unfinished = path.with_suffix(".writing")
    unfinished.write_text(json.dumps(asdict(manifest), indent=2))
    unfinished.replace(path)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.endswith((_MANIFEST, _UNFINISHED)):
        raise ArchiveError(f"{name!r} is no name for a backup: write letters, digits, dots and dashes.")


def _sync(folder: Path) -> None:
    """Everything in the folder is on disk before it is called a backup."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
