"""Backups, copies and rollbacks, as requested by people and schedules. Keeps the Backup and Copy rows up to date."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from staging_copy import backups, copier, journal, policy, post_copy_check, preflight, restore, target
from staging_copy.archive import Archive, ArchiveError
from staging_copy.models import Backup, Copy
from staging_copy.postgres import ProgramFailed
from staging_copy.reconciliation import CheckFailed

logger = logging.getLogger(__name__)

# Rows per second; used until a copy has been measured on this installation.
_DEFAULT_ROWS_PER_SECOND = 100_000
_PROGRESS_INTERVAL = 1.0  # seconds

ProgressCallback = Callable[[str], None]


class Cancelled(Exception):
    """A person canceled a running copy."""


@dataclass(frozen=True)
class CopyPlan:
    """The result of a dry run: what a copy would do."""

    backup: Backup
    tables: list[preflight.PlannedTable]
    estimated: timedelta

    @property
    def rows(self) -> int:
        return sum(planned.rows for planned in self.tables if planned.treatment is policy.Rows.COPY)


def take_backup(*, origin: str = Backup.Origin.MANUAL, now: datetime | None = None) -> Backup:
    """Dumps live, verifies the archive and records the result. Raises ProgramFailed, ArchiveError or OSError."""
    now = now or timezone.now()
    name = f"live-{now:%Y%m%dT%H%M%SZ}"
    backup = Backup.objects.create(name=name, origin=origin, taken_at=now)
    try:
        manifest = backups.take(copier.live_database(), _backup_dir(), name=name, origin=origin, now=now)
    except (ProgramFailed, ArchiveError, OSError) as error:
        _set_state(backup, Backup.State.FAILED, str(error))
        raise
    _save_manifest(backup, manifest)
    return backup


def register_backup(*, folder: Path, taken_at: datetime, by: User | None, now: datetime | None = None) -> Backup:
    """Imports an archive made elsewhere. Raises ArchiveError."""
    now = now or timezone.now()
    name = f"registered-{taken_at:%Y%m%dT%H%M%SZ}"
    manifest = backups.register(folder, _backup_dir(), name=name, taken_at=taken_at, now=now)
    backup = Backup.objects.create(name=name, origin=Backup.Origin.REGISTERED, taken_at=taken_at)
    _save_manifest(backup, manifest)
    record_audit_event(user=by, action="backup.register", target=name)
    return backup


def verify_backup(*, backup: Backup, now: datetime | None = None) -> Backup:
    """Reads the whole archive and compares it with its manifest. Records and raises ArchiveError."""
    try:
        manifest = backups.verify(_backup_dir(), backup.name, now=now or timezone.now())
    except ArchiveError as error:
        _set_state(backup, Backup.State.DAMAGED, str(error))
        raise
    _save_manifest(backup, manifest)
    return backup


def prune_backups(*, now: datetime | None = None) -> list[str]:
    """Deletes backups older than BACKUP_KEEP_DAYS, except the latest; returns the deleted names."""
    deleted_names = backups.prune(
        _backup_dir(), keep=timedelta(days=settings.BACKUP_KEEP_DAYS), now=now or timezone.now()
    )
    Backup.objects.filter(name__in=deleted_names).update(state=Backup.State.DELETED)
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
        copier.live_database(),
        _backup_dir() / manifest.name,
        policy=policy.load(),
        on_progress=on_progress,
        jobs=settings.STAGING_COPY_PROCESSES,
    )


def verify_and_read(backup: Backup) -> backups.Manifest:
    """Compares the backup's files with its manifest and returns the manifest. Raises ArchiveError."""
    manifest = backups.read(_backup_dir(), backup.name)
    backups.check_files(_backup_dir(), manifest)
    return manifest


def latest_backup() -> Backup | None:
    """The latest verified backup, which a copy uses by default (L3)."""
    return Backup.objects.filter(state=Backup.State.GOOD).order_by("-taken_at").first()


def register_staging(*, by: User | None, now: datetime | None = None) -> target.Marker:
    """Allows copies to replace the database at STAGING_DATABASE_URL. Raises WrongTarget if it is live."""
    config = copier.Config.from_settings()
    marker = target.register(config.staging, config.live, config.journals, now=now or timezone.now())
    record_audit_event(user=by, action="copy.register_staging", target=marker.name)
    return marker


def plan_copy(*, backup: Backup | None = None) -> CopyPlan:
    """The dry run: runs the preflight checks and lists what would happen to each table. Changes nothing.

    Raises preflight.PreflightFailed.
    """
    config = copier.Config.from_settings()
    backup, manifest = _resolve_backup(backup)
    archive = Archive.open(config.backups / manifest.name)
    rules = policy.load()
    preflight.check_archive(
        archive,
        manifest,
        rules,
        known_migrations=copier.known_migrations(),
        max_age=config.max_age,
        now=timezone.now(),
    )
    preflight.check_target(
        config.staging,
        config.live,
        config.journals,
        environment=config.environment,
        expected_size=manifest.database_size,
    )
    tables = preflight.plan(archive, manifest, rules)
    rows = sum(planned.rows for planned in tables if planned.treatment is policy.Rows.COPY)
    return CopyPlan(backup, tables, timedelta(seconds=round(rows / _measured_speed() + 5)))


def start_copy(*, backup: Backup | None = None, by: User | None, not_before: datetime | None = None) -> Copy:
    """Plans a copy, to be started by `run_due_copies` (L1).

    Without `not_before`, the preflight checks run now (see `plan_copy`) and raise preflight.PreflightFailed. With it,
    they run when the copy starts, because it will use a backup that does not exist yet.
    """
    if not_before is None:
        plan_copy(backup=backup)
    copy = Copy.objects.create(backup=backup, requested_by=by, not_before=not_before or timezone.now())
    record_audit_event(user=by, action="copy.plan", target=copy)
    return copy


def cancel_copy(*, copy: Copy, by: User | None) -> bool:
    """Cancels a planned copy; returns False if it has already started."""
    cancelled = Copy.objects.filter(pk=copy.pk, state=Copy.State.PLANNED).update(state=Copy.State.CANCELLED)
    if cancelled:
        record_audit_event(user=by, action="copy.cancel", target=copy)
    return bool(cancelled)


def run_due_copies(*, now: datetime | None = None) -> int:
    """Runs all due copies, one after another; returns how many. Safe to call concurrently.

    First cleans up after a killed copier.
    """
    completed = 0
    try:
        clean_up_abandoned()
    except journal.AlreadyRunning:
        return 0
    for copy in Copy.objects.filter(state=Copy.State.PLANNED, not_before__lte=now or timezone.now()).order_by("pk"):
        try:
            run_copy(copy=copy)
        except (copier.CopyFailed, preflight.PreflightFailed) as error:
            logger.error("%s: %s", copy, error)
        except journal.AlreadyRunning:
            break
        completed += 1
    return completed


def run_copy(*, copy: Copy, watcher: copier.Watcher | None = None) -> Copy:
    """Runs a planned copy, from the preflight checks to the swap and the check, and keeps its row up to date.

    Raises AlreadyRunning (nothing was started), and preflight.PreflightFailed and CopyFailed (recorded; staging is
    unchanged).
    """
    config = copier.Config.from_settings()
    with copier.exclusive_lock(config):
        copier.recover(config)
        _clean_up_abandoned(config)
        now = timezone.now()
        record = journal.Journal.create(config.journals, now)
        started = Copy.objects.filter(pk=copy.pk, state=Copy.State.PLANNED).update(
            state=Copy.State.RUNNING, started_at=now, journal=record.name
        )
        if not started:
            raise journal.AlreadyRunning(_("Another process has already started %(copy)s.") % {"copy": copy})
        try:
            copy.backup, manifest = _resolve_backup(copy.backup)
            copy.save(update_fields=["backup"])
            record.write("begun", copy=copy.pk, backup=manifest.name)
            report = copier.run(config, policy.load(), manifest, record, _progress_watcher(copy, watcher))
        except Exception as error:
            if record.is_open:
                record.write("failed", reason=str(error))
            cancelled = isinstance(error.__cause__, Cancelled)
            _finish(copy, Copy.State.CANCELLED if cancelled else Copy.State.FAILED, problem=str(error))
            raise
        logger.info("%s switched over: %d tables from %s", copy, len(report["tables"]), manifest.name)
        # The database that an unanswered question was about has been replaced.
        message = _("Replaced by %(copy)s before the question was answered.")
        earlier = Copy.objects.filter(pk__lt=copy.pk, state=Copy.State.ASKING)
        earlier.update(state=Copy.State.UNCHECKED, problem=message % {"copy": copy})
        _check(config, copy, record)
    copy.refresh_from_db()
    return copy


def rollback(*, copy: Copy, by: User | None) -> float:
    """Swaps staging with the database that the copy replaced; returns the downtime in seconds.

    Only the latest switched-over copy can be rolled back; a second call undoes the rollback. Raises ValueError, and
    psycopg2.Error if there is no previous database.
    """
    config = copier.Config.from_settings()
    with copier.exclusive_lock(config):
        latest = latest_in_place()
        if latest is None:
            raise ValueError(_("There is no copy to roll back."))
        if latest.pk != copy.pk:
            raise ValueError(_("Only the latest copy (%(copy)s) can be rolled back.") % {"copy": latest})
        target.check(config.staging, config.live, config.journals)
        seconds = copier.rollback(config, policy.load(), journal.Journal.create(config.journals, timezone.now()))
        state = Copy.State.ROLLED_BACK
        if latest.state == Copy.State.ROLLED_BACK:
            state = Copy.State.DONE if _journal(copy).check() else Copy.State.UNCHECKED
        Copy.objects.filter(pk=copy.pk).update(state=state)
        record_audit_event(user=by, action="copy.rollback", target=copy, seconds=round(seconds, 3))
    copy.refresh_from_db()
    return seconds


def latest_in_place() -> Copy | None:
    """The copy that staging is now, or was before a rollback."""
    return Copy.objects.filter(state__in=[*Copy.IN_PLACE, Copy.State.ROLLED_BACK]).order_by("-pk").first()


def check_again(*, copy: Copy) -> Copy:
    """Runs the check of a copy again. Raises AlreadyRunning; other failures are recorded on the copy."""
    config = copier.Config.from_settings()
    with copier.exclusive_lock(config):
        _check(config, copy, _journal(copy), fresh=True)
    copy.refresh_from_db()
    return copy


def answer_check(*, copy: Copy, yes: bool, by: User | None) -> Copy:
    """Answers a check's question: deletes or keeps the missing items. Raises AlreadyRunning, ValueError."""
    config = copier.Config.from_settings()
    with copier.exclusive_lock(config):
        copy.refresh_from_db()
        if copy.state != Copy.State.ASKING:
            raise ValueError(_("The question about %(copy)s has already been answered.") % {"copy": copy})
        record_audit_event(user=by, action="copy.answer", target=copy, yes=yes)
        _check(config, copy, _journal(copy), answer=yes, by=str(by or _("the command line")))
    copy.refresh_from_db()
    return copy


def clean_up_abandoned() -> None:
    """Cleans up after a killed copier: undoes a copy that was not switched over, continues a check.

    Raises AlreadyRunning if the copier is still running.
    """
    if not Copy.objects.filter(state__in=[Copy.State.RUNNING, Copy.State.CHECKING]).exists():
        return
    config = copier.Config.from_settings()
    with copier.exclusive_lock(config):
        copier.recover(config)
        _clean_up_abandoned(config)


def _backup_dir() -> Path:
    return Path(settings.BACKUP_DIR)


def _resolve_backup(backup: Backup | None) -> tuple[Backup, backups.Manifest]:
    backup = backup or latest_backup()
    if backup is None:
        raise preflight.PreflightFailed([_("There is no verified backup. Back up live first.")])
    try:
        return backup, backups.read(_backup_dir(), backup.name)
    except ArchiveError as error:
        raise preflight.PreflightFailed([str(error)]) from error


def _save_manifest(backup: Backup, manifest: backups.Manifest) -> None:
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


def _progress_watcher(copy: Copy, watcher: copier.Watcher | None) -> copier.Watcher:
    """Saves progress to the copy's row, at most once per second, and passes it on. Raises Cancelled on request."""
    watcher = watcher or copier.Watcher()
    rows: dict[str, int] = {}
    written = 0.0

    def save_progress(**values: Any) -> None:
        if (
            not Copy.objects.filter(pk=copy.pk)
            .exclude(requested_action=Copy.Action.CANCEL)
            .update(**values, progress=rows)
        ):
            copy.refresh_from_db()
            raise Cancelled(_("Canceled by %(user)s.") % {"user": copy.action_requested_by})

    def stage(name: str) -> None:
        save_progress(stage=name)
        watcher.stage(name)

    def progress(table: str, count: int) -> None:
        nonlocal written
        rows[table] = count
        if time.monotonic() - written >= _PROGRESS_INTERVAL:
            written = time.monotonic()
            save_progress()
        watcher.progress(table, count)

    return copier.Watcher(stage, progress)


@transaction.atomic
def _finish(copy: Copy, state: str, problem: str = "") -> None:
    Copy.objects.filter(pk=copy.pk).update(state=state, finished_at=timezone.now(), problem=problem)


def _clean_up_abandoned(config: copier.Config) -> None:
    """Closes copies whose copier was killed, according to their journals. Call it under the lock."""
    for copy in Copy.objects.filter(state__in=[Copy.State.RUNNING, Copy.State.CHECKING]):
        if copy.journal and _journal(copy).last("finished"):
            _check(config, copy, _journal(copy))
            continue
        message = _("The copier was killed at the stage “%(stage)s”. Staging is unchanged.")
        _finish(copy, Copy.State.FAILED, message % {"stage": copier.STAGE_LABELS[copy.stage or "preflight"]})


def _check(
    config: copier.Config,
    copy: Copy,
    record: journal.Journal,
    *,
    fresh: bool = False,
    answer: bool | None = None,
    by: str = "",
) -> None:
    """Checks staging and records the result. Call it under the lock."""
    checked: dict[str, int] = {}

    def on_progress(what: str, count: int) -> None:
        checked[what] = count
        Copy.objects.filter(pk=copy.pk).update(progress=checked)

    Copy.objects.filter(pk=copy.pk).update(state=Copy.State.CHECKING, stage="check", problem="", requested_action="")
    try:
        question = post_copy_check.run(config, record, fresh=fresh, answer=answer, by=by, on_progress=on_progress)
    except CheckFailed as error:
        logger.error("%s: %s", copy, error)
        state, question, problem = Copy.State.UNCHECKED, [], str(error)
    else:
        state, problem = Copy.State.ASKING if question else Copy.State.DONE, ""
    report = record.report() | {"check": record.check()}
    record.save_report(report)
    Copy.objects.filter(pk=copy.pk).update(report=report, question=question)
    _finish(copy, state, problem)


def _journal(copy: Copy) -> journal.Journal:
    return journal.Journal(Path(settings.STAGING_COPY_JOURNAL_DIR) / copy.journal)


def _measured_speed() -> float:
    """Rows per second of the latest successful copy."""
    last = Copy.objects.filter(state=Copy.State.DONE).order_by("-pk").first()
    if last is None or not last.report:
        return _DEFAULT_ROWS_PER_SECOND
    rows = sum(table["rows_on_staging"] for table in last.report["tables"])
    return max(1.0, rows / max(1.0, sum(seconds for _, seconds in last.report["stages"])))
