"""Backups in object storage: storing, fetching and deleting them, and the scheduled rehearsal of a restore (O4)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _

from staging_copy.backup import backups
from staging_copy.backup.archive import Archive, ArchiveError
from staging_copy.backup.encryption import Keys
from staging_copy.backup.object_storage import Storage, StorageFailed
from staging_copy.copying import rehearsal
from staging_copy.copying.config import live_database
from staging_copy.models import Backup
from staging_copy.private_files import Locked, exclusive_file_lock
from staging_copy.services.backups import backup_dir, save_manifest

# Folders in BACKUP_DIR. A name with a dot is no backup, so nothing else takes them for one.
_FETCHED = ".fetched-"


def storage() -> Storage | None:
    """The configured object storage; None if there is none. Raises ImproperlyConfigured."""
    if not settings.BACKUP_STORAGE_BUCKET:
        return None
    try:
        keys = Keys(settings.BACKUP_ENCRYPTION_KEYS)
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from error
    prefix = settings.BACKUP_STORAGE_PREFIX.strip("/")
    return Storage(
        bucket=settings.BACKUP_STORAGE_BUCKET,
        prefix=f"{prefix}/" if prefix else "",
        keys=keys,
        endpoint=settings.BACKUP_STORAGE_ENDPOINT,
        region=settings.BACKUP_STORAGE_REGION,
        access_key=settings.BACKUP_STORAGE_ACCESS_KEY,
        secret_key=settings.BACKUP_STORAGE_SECRET_KEY,
    )


def store_backups(*, now: datetime | None = None) -> list[str]:
    """Stores every good backup that is not in the object storage yet; returns their names.

    A failure is recorded on the backup, and the next run tries again. Raises the first StorageFailed or OSError, after
    it has tried all.
    """
    target = storage()
    stored: list[str] = []
    errors: list[Exception] = []
    if target is None:
        return stored
    for backup in Backup.objects.filter(state=Backup.State.GOOD, stored_at=None).order_by("taken_at"):
        manifest = backup_dir() / f"{backup.name}.json"
        try:
            target.store(backup_dir() / backup.name, manifest, backup.name)
        except (StorageFailed, OSError) as error:
            Backup.objects.filter(pk=backup.pk).update(problem=str(error))
            errors.append(error)
            continue
        Backup.objects.filter(pk=backup.pk).update(stored_at=now or timezone.now(), problem="")
        stored.append(backup.name)
    if errors:
        raise errors[0]
    return stored


def prune_storage(*, now: datetime | None = None) -> list[str]:
    """Deletes stored backups older than BACKUP_STORAGE_KEEP_DAYS, except the latest; returns their names.

    Raises StorageFailed.
    """
    target = storage()
    if target is None:
        return []
    limit = (now or timezone.now()) - timedelta(days=settings.BACKUP_STORAGE_KEEP_DAYS)
    stored = Backup.objects.exclude(stored_at=None).order_by("-taken_at")
    old = [backup for backup in stored[1:] if backup.taken_at < limit]
    for backup in old:
        target.delete(backup.name)
        # Its files on this machine may have been deleted before: then nothing is left of it.
        state = Backup.State.DELETED if backup.state == Backup.State.STORED else backup.state
        Backup.objects.filter(pk=backup.pk).update(stored_at=None, state=state)
    return [backup.name for backup in old]


def stored_names() -> list[str]:
    """The complete backups in the object storage, including those that this database does not know.

    Raises StorageFailed.
    """
    target = storage()
    return target.names() if target else []


def fetch_backup(*, name: str, now: datetime | None = None) -> Backup:
    """Brings a backup from the object storage back to this machine and verifies it.

    Works without a row for it, as after the loss of live. Raises StorageFailed and ArchiveError.
    """
    now = now or timezone.now()
    with backups.lock(backup_dir()), _fetched(name) as (folder, manifest):
        described = backups.adopt(folder, manifest, backup_dir(), name=name, now=now)
    backup, _created = Backup.objects.get_or_create(
        name=name, defaults={"origin": described.origin, "taken_at": described.taken, "stored_at": now}
    )
    save_manifest(backup, described)
    return backup


def rehearse_restore(*, now: datetime | None = None) -> Backup:
    """Restores the latest backup next to live, and compares the rows of every table with its manifest.

    Reads it from the object storage if it is there. The result is recorded. Raises StorageFailed, ArchiveError,
    ProgramFailed and rehearsal.RehearsalFailed.
    """
    known = Backup.objects.filter(state__in=(Backup.State.GOOD, Backup.State.STORED))
    backup = known.order_by("-taken_at").first()
    if backup is None:
        raise ArchiveError(_("There is no verified backup. Back up live first."))
    try:
        if backup.stored_at and storage():
            with _fetched(backup.name) as (folder, manifest_path):
                manifest = backups.read_file(manifest_path)
                backups.check_archive(Archive.open(folder), manifest)
                rehearsal.run(live_database(), folder, manifest, jobs=settings.STAGING_COPY_PROCESSES)
        else:
            manifest = backups.read(backup_dir(), backup.name)
            backups.check_files(backup_dir(), manifest)
            folder = backup_dir() / backup.name
            rehearsal.run(live_database(), folder, manifest, jobs=settings.STAGING_COPY_PROCESSES)
    except Exception as error:
        Backup.objects.filter(pk=backup.pk).update(rehearsal_problem=str(error))
        raise
    Backup.objects.filter(pk=backup.pk).update(rehearsed_at=now or timezone.now(), rehearsal_problem="")
    backup.refresh_from_db()
    return backup


@contextmanager
def _fetched(name: str) -> Iterator[tuple[Path, Path]]:
    """The decrypted files of a stored backup, in a folder that is deleted afterwards, and its manifest."""
    target = storage()
    if target is None:
        raise StorageFailed(_("BACKUP_STORAGE_BUCKET is not set."))
    try:
        with exclusive_file_lock(backup_dir() / ".fetch.lock"):
            for abandoned in backup_dir().glob(f"{_FETCHED}*"):
                shutil.rmtree(abandoned)
            with TemporaryDirectory(prefix=_FETCHED, dir=backup_dir()) as folder:
                archive = Path(folder) / name
                yield archive, target.fetch(name, archive)
    except Locked as error:
        raise StorageFailed(_("Another backup is being fetched. Wait until it has finished.")) from error
