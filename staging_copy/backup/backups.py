"""Backups of live: one directory archive each, with a manifest next to it that describes the content.

This module does not use Django's database; `Backup` rows mirror the manifests.
"""

import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from staging_copy.backup.archive import Archive, ArchiveError, quote
from staging_copy.backup.copy_text import unescape
from staging_copy.postgres import Database
from staging_copy.private_files import Locked, exclusive_file_lock, make_folder, protect, write_private

_MANIFEST = ".json"
_UNFINISHED = ".unfinished"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MIGRATIONS = "django_migrations"


class BackupRunning(ArchiveError):
    """Another process is adding a backup."""


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
    """Dumps `live` into `home / name`, verifies the archive and writes the manifest. Call it under `lock`.

    Refused if row-level security hides rows of live from our role: pg_dump would fail at the first such table.
    A backup that fails leaves nothing; one that is killed is removed by `remove_unfinished`. Raises ProgramFailed and
    ArchiveError.
    """
    _check_new(home, name)
    with live.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
        _check_row_security(cursor)
    with _unfinished(home, name) as folder:
        live.run(
            "pg_dump",
            *("--format=directory", "--compress=1", f"--jobs={jobs}", f"--file={folder}"),
            # Give up on a locked table: the waiting backup would otherwise block every query queued behind it.
            "--lock-wait-timeout=300s",
        )
        return _finish(home, folder, name=name, origin=origin, taken_at=now, now=now, database_size=size)


def _check_row_security(cursor: Any) -> None:
    cursor.execute(
        "SELECT current_user, string_agg(oid::regclass::text, ', ' ORDER BY oid::regclass::text) FROM pg_class"
        " WHERE relrowsecurity AND row_security_active(oid)"
    )
    role, tables = cursor.fetchone()
    if tables:
        raise ArchiveError(
            f"Row-level security hides rows of {tables} from role {role}, so they cannot be backed up. "
            f"Run as a superuser: ALTER ROLE {quote(role)} BYPASSRLS"
        )


def register(folder: Path, home: Path, *, name: str, taken_at: datetime, now: datetime) -> Manifest:
    """Imports an archive made elsewhere: copies it into `home` and verifies it. Call it under `lock`.

    Raises ArchiveError.
    """
    _check_new(home, name)
    Archive.open(folder)
    with _unfinished(home, name) as copied:
        shutil.copytree(folder, copied)
        return _finish(home, copied, name=name, origin="registered", taken_at=taken_at, now=now, database_size=None)


@contextmanager
def lock(home: Path) -> Iterator[None]:
    """Allows one process at a time to add backups; the kernel releases the lock. Raises BackupRunning."""
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive_file_lock(home / ".lock"))
        except Locked as error:
            raise BackupRunning("Another backup is running. Wait until it has finished.") from error
        yield


def remove_unfinished(home: Path) -> list[str]:
    """Deletes what killed backups left, finished archives without a manifest included; returns the names.

    Call it under `lock`.
    """
    removed = []
    for folder in sorted(path for path in home.iterdir() if path.is_dir() and not path.name.startswith(".")):
        name = folder.name.removesuffix(_UNFINISHED)
        if folder.name.endswith(_UNFINISHED) or not (home / f"{name}{_MANIFEST}").exists():
            shutil.rmtree(folder)
            removed.append(name)
    return removed


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
    check_archive(Archive.open(home / manifest.name), manifest)


def check_archive(archive: Archive, manifest: Manifest) -> None:
    """Like `check_files`, for an archive in any folder."""
    found = archive.checksums()
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
    try:
        return read_file(home / f"{name}{_MANIFEST}")
    except (OSError, ValueError, TypeError) as error:
        raise ArchiveError(f"No finished backup {name!r} in {home}: {error}") from error


def read_file(path: Path) -> Manifest:
    """The manifest in a file. Raises OSError, ValueError and TypeError."""
    return Manifest(**json.loads(path.read_text()))


def adopt(folder: Path, manifest_file: Path, home: Path, *, name: str, now: datetime) -> Manifest:
    """Moves a backup that was fetched from elsewhere into `home` and verifies it. Call it under `lock`.

    Raises ArchiveError; nothing is added then.
    """
    _check_new(home, name)
    manifest = replace(read_file(manifest_file), name=name)
    check_archive(Archive.open(folder), manifest)
    protect(folder)
    _sync(folder)
    folder.rename(home / name)
    _write(home, manifest)
    return verify(home, name, now=now)


def names(home: Path) -> set[str]:
    """The names of all finished backups."""
    return {path.name.removesuffix(_MANIFEST) for path in home.glob(f"*{_MANIFEST}")}


def every(home: Path) -> list[Manifest]:
    """All finished backups, latest first."""
    found = [read(home, name) for name in names(home)]
    return sorted(found, key=lambda manifest: manifest.taken, reverse=True)


def prune(home: Path, *, keep: timedelta, now: datetime, except_for: Collection[str] = ()) -> list[str]:
    """Deletes backups older than `keep`, except the latest and those named; returns the deleted names."""
    protect(home)  # backups of earlier versions could be read by everybody on the machine
    old = [
        manifest.name for manifest in every(home)[1:] if manifest.taken < now - keep and manifest.name not in except_for
    ]
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


@contextmanager
def _unfinished(home: Path, name: str) -> Iterator[Path]:
    """The folder to write a backup to; deleted if the block fails, so that a failed dump costs no disk space."""
    folder = home / f"{name}{_UNFINISHED}"
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home / name, ignore_errors=True)
        raise


def _finish(home: Path, folder: Path, *, name: str, **described: Any) -> Manifest:
    protect(folder)
    manifest = _describe(folder, name=name, **described)
    _sync(folder)
    folder.rename(home / name)
    _write(home, manifest)
    return manifest


def _write(home: Path, manifest: Manifest) -> None:
    write_private(home / f"{manifest.name}{_MANIFEST}", json.dumps(asdict(manifest), indent=2))


def _check_new(home: Path, name: str) -> None:
    _check_name(name)
    make_folder(home)
    if (home / name).exists():
        raise ArchiveError(f"Backup {name} already exists.")


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
