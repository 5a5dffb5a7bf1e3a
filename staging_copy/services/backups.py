"""Backups of live, and restoring one into live. Keeps the Backup rows up to date."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from staging_copy import policies
from staging_copy.backup import backups
from staging_copy.backup.archive import ArchiveError
from staging_copy.backup.backups import BackupRunning, Manifest
from staging_copy.copying import preflight, restore
from staging_copy.copying.config import live_database
from staging_copy.models import Backup

logger = logging.getLogger(__name__)

ProgressCallback = Callable[[str], None]


def take_backup(*, origin: str = Backup.Origin.MANUAL, now: datetime | None = None) -> Backup:
    """Dumps live, verifies the archive and records the result.

    Raises BackupRunning, ProgramFailed, ArchiveError or OSError.
    """
    now = now or timezone.now()
    name = f"live-{now:%Y%m%dT%H%M%SZ}"
    with backups.lock(backup_dir()):
        _clean_up()
        backup = Backup.objects.create(name=name, origin=origin, taken_at=now)
        try:
            manifest = backups.take(live_database(), backup_dir(), name=name, origin=origin, now=now)
        except Exception as error:
            _set_state(backup, Backup.State.FAILED, str(error))
            raise
        save_manifest(backup, manifest)
    return backup


def clean_up_backups() -> None:
    """Deletes the files of backups whose process was killed, and records that they failed.

    A backup that was complete is recorded as such, also one that this database does not know: after live was replaced
    by a backup, or was lost, later backups are on this machine only. Does nothing while a backup is running.
    """
    if not Backup.objects.filter(state=Backup.State.RUNNING).exists() and not _unknown_names():
        return
    with suppress(BackupRunning), backups.lock(backup_dir()):
        _clean_up()


def _clean_up() -> None:
    backups.remove_unfinished(backup_dir())
    for backup in Backup.objects.filter(state=Backup.State.RUNNING):
        try:
            manifest = backups.read(backup_dir(), backup.name)
        except ArchiveError:
            _set_state(
                backup, Backup.State.FAILED, _("The process was killed during the backup. Its files were deleted.")
            )
        else:
            save_manifest(backup, manifest)
    for name in _unknown_names():
        try:
            manifest = backups.read(backup_dir(), name)
        except ArchiveError as error:
            logger.warning("%s", error)
        else:
            save_manifest(Backup(name=name, origin=manifest.origin, taken_at=manifest.taken), manifest)


def _unknown_names() -> set[str]:
    """Backups on this machine that this database does not know."""
    return backups.names(backup_dir()) - set(Backup.objects.values_list("name", flat=True))


def register_backup(*, folder: Path, taken_at: datetime, by: User | None, now: datetime | None = None) -> Backup:
    """Imports an archive made elsewhere. Raises ArchiveError."""
    now = now or timezone.now()
    name = f"registered-{taken_at:%Y%m%dT%H%M%SZ}"
    with backups.lock(backup_dir()):
        manifest = backups.register(folder, backup_dir(), name=name, taken_at=taken_at, now=now)
        backup = Backup.objects.create(name=name, origin=Backup.Origin.REGISTERED, taken_at=taken_at)
        save_manifest(backup, manifest)
    record_audit_event(user=by, action="backup.register", target=name)
    return backup


def verify_backup(*, backup: Backup, now: datetime | None = None) -> Backup:
    """Reads the whole archive and compares it with its manifest. Records and raises ArchiveError."""
    try:
        manifest = backups.verify(backup_dir(), backup.name, now=now or timezone.now())
    except ArchiveError as error:
        _set_state(backup, Backup.State.DAMAGED, str(error))
        raise
    save_manifest(backup, manifest)
    return backup


def prune_backups(*, now: datetime | None = None) -> list[str]:
    """Deletes backups older than BACKUP_KEEP_DAYS from this machine; returns the deleted names.

    Keeps the latest, and those that the object storage does not have yet.
    """
    waiting: set[str] = set()
    if settings.BACKUP_STORAGE_BUCKET:
        waiting = set(Backup.objects.filter(state=Backup.State.GOOD, stored_at=None).values_list("name", flat=True))
    keep = timedelta(days=settings.BACKUP_KEEP_DAYS)
    deleted_names = backups.prune(backup_dir(), keep=keep, except_for=waiting, now=now or timezone.now())
    deleted = Backup.objects.filter(name__in=deleted_names)
    deleted.filter(stored_at=None).update(state=Backup.State.DELETED)
    deleted.exclude(stored_at=None).update(state=Backup.State.STORED)
    return deleted_names


def restore_backup_into_live(
    *, backup: Backup, by: User | None, on_progress: ProgressCallback = lambda line: None
) -> str:
    """Replaces live with this backup; returns the name under which the previous database is kept.

    Raises ArchiveError, ProgramFailed, restore.RestoreBlocked; live is then unchanged.
    """
    manifest = verify_and_read(backup)
    record_audit_event(user=by, action="backup.restore", target=backup.name)
    return restore.restore_into(
        live_database(),
        backup_dir() / manifest.name,
        policy=policies.load(),
        on_progress=on_progress,
        jobs=settings.STAGING_COPY_PROCESSES,
    )


def verify_and_read(backup: Backup) -> Manifest:
    """Compares the backup's files with its manifest and returns the manifest. Raises ArchiveError."""
    manifest = backups.read(backup_dir(), backup.name)
    backups.check_files(backup_dir(), manifest)
    return manifest


def latest_backup() -> Backup | None:
    """The latest verified backup, which a copy uses by default (L3)."""
    return Backup.objects.filter(state=Backup.State.GOOD).order_by("-taken_at").first()


def resolve_backup(backup: Backup | None) -> tuple[Backup, Manifest]:
    backup = backup or latest_backup()
    if backup is None:
        raise preflight.PreflightFailed([_("There is no verified backup. Back up live first.")])
    try:
        return backup, backups.read(backup_dir(), backup.name)
    except ArchiveError as error:
        raise preflight.PreflightFailed([str(error)]) from error


def backup_dir() -> Path:
    return Path(settings.BACKUP_DIR)


def save_manifest(backup: Backup, manifest: Manifest) -> None:
    backup.state = Backup.State.GOOD
    backup.finished_at = backup.finished_at or timezone.now()
    backup.verified_at = datetime.fromisoformat(manifest.verified_at)
    backup.size = manifest.size
    backup.rows = sum(manifest.rows.values())
    backup.checksum = manifest.checksum
    backup.problem = ""
    backup.save()


def _set_state(backup: Backup, state: str, problem: str) -> None:
    backup.state, backup.problem, backup.finished_at = state, problem, timezone.now()
    backup.save(update_fields=["state", "problem", "finished_at"])
