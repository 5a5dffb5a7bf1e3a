"""Copies and rollbacks, as requested by people and schedules. Keeps the Copy rows up to date."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from hub.alerts import announce
from staging_copy import policies
from staging_copy.copying import copier, journal, preflight, target
from staging_copy.copying.config import Config, exclusive_lock
from staging_copy.copying.stages import CopyFailed
from staging_copy.models import Backup, Copy, DryRun
from staging_copy.report import policy_changes
from staging_copy.services.backups import resolve_backup
from staging_copy.services.checks import check, finish, journal_of
from staging_copy.services.clean_up import clean_up

logger = logging.getLogger(__name__)

_PROGRESS_INTERVAL = 1.0  # seconds


class Cancelled(Exception):
    """A person canceled a running copy."""


def register_staging(*, by: User | None, now: datetime | None = None) -> target.Marker:
    """Allows copies to replace the database at STAGING_DATABASE_URL. Raises WrongTarget if it is live."""
    config = Config.from_settings()
    marker = target.register(config.staging, config.live, config.journals, now=now or timezone.now())
    record_audit_event(user=by, action="copy.register_staging", target=marker.name)
    return marker


def start_copy(*, backup: Backup | None = None, by: User | None, not_before: datetime | None = None) -> Copy:
    """Plans a copy, to be started by `run_due_copies` (L1).

    Without `not_before`, the preflight checks run now and raise preflight.PreflightFailed. With it,
    they run when the copy starts, because it will use a backup that does not exist yet.
    """
    if not_before is None:
        _backup, manifest = resolve_backup(backup)
        preflight.check(Config.from_settings(), policies.load(), manifest, now=timezone.now())
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
    under_way = any(model.objects.filter(state__in=model.UNDER_WAY).exists() for model in (Copy, DryRun))
    if under_way or _is_canceled_dry_run_open():
        config = Config.from_settings()
        try:
            with exclusive_lock(config):
                clean_up(config)
        except journal.AlreadyRunning:
            return 0
    for copy in Copy.objects.filter(state=Copy.State.PLANNED, not_before__lte=now or timezone.now()).order_by("pk"):
        try:
            run_copy(copy=copy)
        except (CopyFailed, preflight.PreflightFailed) as error:
            logger.error("%s: %s", copy, error)
        except journal.AlreadyRunning:
            break
        completed += 1
    return completed


def _is_canceled_dry_run_open() -> bool:
    """Whether the latest dry run was canceled and its copier has not finished: it undoes it now, or was killed."""
    latest = DryRun.objects.exclude(journal="").order_by("-started_at").first()
    if latest is None or latest.state != DryRun.State.CANCELLED:
        return False
    record = journal_of(latest)
    return record.last("begun") is not None and record.is_open


def run_copy(*, copy: Copy, watcher: copier.Watcher | None = None) -> Copy:
    """Runs a planned copy, from the preflight checks to the swap and the check, and keeps its row up to date.

    Raises AlreadyRunning (nothing was started), preflight.PreflightFailed and CopyFailed (recorded; staging is
    unchanged), and psycopg2.Error (the server is gone; the next `run_due_copies` cleans up).
    """
    config = Config.from_settings()
    with exclusive_lock(config):
        clean_up(config)
        now = timezone.now()
        record = journal.Journal.create(config.journals, now)
        started = Copy.objects.filter(pk=copy.pk, state=Copy.State.PLANNED).update(
            state=Copy.State.RUNNING, started_at=now, journal=record.name
        )
        if not started:
            raise journal.AlreadyRunning(_("Another process has already started %(copy)s.") % {"copy": copy})
        message = _("Live-to-staging %(copy)s has started.") % {"copy": copy}
        announce(key=f"staging_copy:{copy.pk}:started", message=message, now=now)
        try:
            copy.backup, manifest = resolve_backup(copy.backup)
            copy.save(update_fields=["backup"])
            record.write("begun", copy=copy.pk, backup=manifest.name)
            report = copier.run(config, policies.load(), manifest, record, copy_watcher(copy, watcher))
        except Exception as error:
            if record.is_open and record.last("building"):
                # Undoing failed as well, as when the server is down: `clean_up` will do it, as if we had been killed.
                Copy.objects.filter(pk=copy.pk).update(problem=str(error))
                raise
            if record.is_open:
                record.write("failed", reason=str(error))
            cancelled = isinstance(error.__cause__, Cancelled)
            finish(copy, Copy.State.CANCELLED if cancelled else Copy.State.FAILED, problem=str(error))
            raise
        previous = Copy.objects.filter(pk__lt=copy.pk, state__in=[*Copy.IN_PLACE, Copy.State.ROLLED_BACK]).first()
        changes = policy_changes(previous.report, report) if previous else []
        record.save_report(report | {"policy_changes": changes})
        logger.info("%s switched over: %d tables from %s", copy, len(report["tables"]), manifest.name)
        # The database that an unanswered question was about has been replaced.
        message = _("Replaced by %(copy)s before the question was answered.")
        earlier = Copy.objects.filter(pk__lt=copy.pk, state=Copy.State.ASKING)
        earlier.update(state=Copy.State.UNCHECKED, problem=message % {"copy": copy})
        check(config, copy, record)
    copy.refresh_from_db()
    return copy


def rollback(*, copy: Copy, by: User | None) -> float:
    """Swaps staging with the database that the copy replaced; returns the downtime in seconds.

    Only the latest switched-over copy can be rolled back; a second call undoes the rollback. Raises ValueError, and
    psycopg2.Error if there is no previous database.
    """
    config = Config.from_settings()
    with exclusive_lock(config):
        latest = latest_in_place()
        if latest is None:
            raise ValueError(_("There is no copy to roll back."))
        if latest.pk != copy.pk:
            raise ValueError(_("Only the latest copy (%(copy)s) can be rolled back.") % {"copy": latest})
        target.check(config.staging, config.live, config.journals)
        seconds = copier.rollback(config, policies.load(), journal.Journal.create(config.journals, timezone.now()))
        state = Copy.State.ROLLED_BACK
        if latest.state == Copy.State.ROLLED_BACK:
            state = Copy.State.DONE if journal_of(copy).check() else Copy.State.UNCHECKED
        Copy.objects.filter(pk=copy.pk).update(state=state)
        record_audit_event(user=by, action="copy.rollback", target=copy, seconds=round(seconds, 3))
    copy.refresh_from_db()
    return seconds


def latest_in_place() -> Copy | None:
    """The copy that staging is now, or was before a rollback."""
    return Copy.objects.filter(state__in=[*Copy.IN_PLACE, Copy.State.ROLLED_BACK]).order_by("-pk").first()


def copy_watcher(copy: Copy, watcher: copier.Watcher | None) -> copier.Watcher:
    """Saves progress to the copy's row. Raises Cancelled on request."""

    def save_progress(**values: Any) -> None:
        if not Copy.objects.filter(pk=copy.pk).exclude(requested_action=Copy.Action.CANCEL).update(**values):
            copy.refresh_from_db()
            raise Cancelled(_("Canceled by %(user)s.") % {"user": copy.action_requested_by})

    return progress_watcher(save_progress, watcher)


def progress_watcher(save: Callable[..., None], watcher: copier.Watcher | None) -> copier.Watcher:
    """Calls `save` with the fields `stage` and `progress` at each stage and at most once per second, and passes both
    on."""
    watcher = watcher or copier.Watcher()
    rows: dict[str, int] = {}
    written = 0.0

    def stage(name: str) -> None:
        save(stage=name, progress=rows)
        watcher.stage(name)

    def progress(table: str, count: int) -> None:
        nonlocal written
        rows[table] = count
        if time.monotonic() - written >= _PROGRESS_INTERVAL:
            written = time.monotonic()
            save(progress=rows)
        watcher.progress(table, count)

    return copier.Watcher(stage, progress)
