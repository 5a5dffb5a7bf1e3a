"""Backups of live: one directory archive each, with a manifest next to it that describes the content.

This module does not use Django's database; `Backup` rows mirror the manifests.
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
    """Describes a backup. Times are ISO 8601 with a zone, sizes are in bytes.

    `rows` maps tables to row counts, and `checksums` maps file names to SHA-256. `migrations` lists the migrations
    applied in the archive as `app.name`. `database_size` is the size of live at the time of the backup, if known.
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
        """The checksum of the whole backup: SHA-256 over the file names and their checksums."""
        return sha256(json.dumps(self.checksums, sort_keys=True).encode()).hexdigest()

    @property
    def taken(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)


def take(live: Database, home: Path, *, name: str, origin: str, now: datetime, jobs: int = 2) -> Manifest:
    """Dumps `live` into `home / name`, verifies the archive and writes the manifest.

    An interrupted backup leaves only a `.unfinished` folder, which the next backup removes. Raises ProgramFailed and
    ArchiveError.
    """
    _check_name(name)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for abandoned in home.glob(f"*{_UNFINISHED}"):
        shutil.rmtree(abandoned)
    if (home / name).exists():
        raise ArchiveError(f"Backup {name} already exists.")
    with live.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    unfinished = home / f"{name}{_UNFINISHED}"
    live.run(
        "pg_dump",
        *("--format=directory", "--compress=1", f"--jobs={jobs}", f"--file={unfinished}"),
        # Give up on a locked table: the waiting backup would otherwise block every query queued behind it.
        "--lock-wait-timeout=300s",
    )
    manifest = _describe(unfinished, name=name, origin=origin, taken_at=now, now=now, database_size=size)
    _sync(unfinished)
    unfinished.rename(home / name)
    _write(home, manifest)
    return manifest


def register(folder: Path, home: Path, *, name: str, taken_at: datetime, now: datetime) -> Manifest:
    """Imports an archive made elsewhere: copies it into `home` and verifies it. Raises ArchiveError."""
    _check_name(name)
    if (home / name).exists():
        raise ArchiveError(f"Backup {name} already exists.")
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
    """Reads the whole archive and compares it with its manifest. Raises ArchiveError naming the differences."""
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
        raise ArchiveError(f"Backup {name} is damaged: its row counts differ from the manifest. Use another backup.")
    manifest = replace(manifest, verified_at=now.isoformat())
    _write(home, manifest)
    return manifest


def check_files(home: Path, manifest: Manifest) -> None:
    """Compares the files with the manifest's checksums. Raises ArchiveError naming the files that differ."""
    found = Archive.open(home / manifest.name).checksums()
    differing = sorted(
        name for name in found.keys() | manifest.checksums.keys() if found.get(name) != manifest.checksums.get(name)
    )
    if differing:
        raise ArchiveError(
            f"Backup {manifest.name} is damaged: {', '.join(differing[:5])} differ from the manifest. "
            "Use another backup."
        )


def read(home: Path, name: str) -> Manifest:
    """The manifest of a backup. Raises ArchiveError if the backup does not exist or was never finished."""
    path = home / f"{name}{_MANIFEST}"
    try:
        return Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"No finished backup {name!r} in {home}: {error}") from error


def every(home: Path) -> list[Manifest]:
    """All finished backups, latest first."""
    found = [read(home, path.name.removesuffix(_MANIFEST)) for path in home.glob(f"*{_MANIFEST}")]
    return sorted(found, key=lambda manifest: manifest.taken, reverse=True)


def prune(home: Path, *, keep: timedelta, now: datetime) -> list[str]:
    """Deletes backups older than `keep`, except the latest; returns the deleted names."""
    old = [manifest.name for manifest in every(home)[1:] if manifest.taken < now - keep]
    for name in old:
        # Delete the manifest first: an archive without a manifest cannot be selected.
        (home / f"{name}{_MANIFEST}").unlink()
        shutil.rmtree(home / name)
    return old


def migrations(archive: Archive) -> list[str]:
    """The migrations applied in the archived database, as `app.name`."""
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
        raise ArchiveError(f"{name!r} is not a valid backup name: use letters, digits, dots, dashes and underscores.")


def _sync(folder: Path) -> None:
    """Flushes the folder and its files to disk, so that a finished backup survives a power cut."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
