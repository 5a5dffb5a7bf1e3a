"""Dry runs of copies. Keeps the DryRun rows up to date."""

import logging
from collections.abc import Collection
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from staging_copy import policies
from staging_copy.copying import copier, journal, preflight
from staging_copy.copying.config import Config, exclusive_lock
from staging_copy.copying.stages import CopyFailed
from staging_copy.models import Backup, DryRun
from staging_copy.report import policy_changes
from staging_copy.services.backups import resolve_backup
from staging_copy.services.clean_up import clean_up
from staging_copy.services.copies import Cancelled, latest_in_place, progress_watcher

logger = logging.getLogger(__name__)

State = DryRun.State


def start_dry_run(*, backup: Backup | None = None, by: User | None) -> DryRun:
    """Plans a dry run, to be started by `run_due_dry_runs`. Raises preflight.PreflightFailed if there is no backup."""
    backup, _manifest = resolve_backup(backup)
    dry_run = DryRun.objects.create(backup=backup, requested_by=by)
    record_audit_event(user=by, action="copy.dry_run", target=dry_run)
    return dry_run


def cancel_dry_run(
    *, dry_run: DryRun, by: User | None, states: Collection[str] = (State.PLANNED, State.RUNNING)
) -> bool:
    """Cancels a dry run, also one that is running: it ends within seconds. Returns False if it is in no such state."""
    open_rows = DryRun.objects.filter(pk=dry_run.pk, state__in=states)
    problem = _("Canceled by %(user)s.") % {"user": by or _("the command line")}
    if not open_rows.update(state=State.CANCELLED, problem=problem, finished_at=timezone.now()):
        return False
    record_audit_event(user=by, action="copy.cancel", target=dry_run)
    return True


def run_due_dry_runs() -> int:
    """Runs all planned dry runs, one after another; returns how many. Safe to call concurrently."""
    done = 0
    for dry_run in DryRun.objects.filter(state=State.PLANNED).order_by("pk"):
        try:
            run_dry_run(dry_run=dry_run)
        except (CopyFailed, preflight.PreflightFailed) as error:
            logger.error("%s: %s", dry_run, error)
        except journal.AlreadyRunning:
            break
        done += 1
    return done


def run_dry_run(*, dry_run: DryRun, watcher: copier.Watcher | None = None) -> DryRun:
    """Runs a planned dry run and keeps its row up to date. Raises what `run_copy` raises."""
    config = Config.from_settings()
    with exclusive_lock(config):
        clean_up(config)
        now = timezone.now()
        record = journal.Journal.create(config.journals, now)
        running = DryRun.objects.filter(pk=dry_run.pk, state=State.RUNNING)
        planned = DryRun.objects.filter(pk=dry_run.pk, state=State.PLANNED)
        if not planned.update(state=State.RUNNING, started_at=now, journal=record.name):
            raise journal.AlreadyRunning(_("Another process has already started %(copy)s.") % {"copy": dry_run})

        def save_progress(**values: Any) -> None:
            if not running.update(**values):
                raise Cancelled(dry_run)

        try:
            _backup, manifest = resolve_backup(dry_run.backup)
            record.write("begun", dry_run=dry_run.pk, backup=manifest.name)
            watcher = progress_watcher(save_progress, watcher)
            report = copier.run(config, policies.load(), manifest, record, watcher, dry_run=True)
        except Exception as error:
            running.update(problem=str(error))
            if record.is_open and record.last("building"):
                raise  # as in `run_copy`
            if record.is_open:
                record.write("failed", reason=str(error))
            running.update(state=State.FAILED, finished_at=timezone.now())
            raise
        previous = latest_in_place()
        report["policy_changes"] = policy_changes(previous.report, report) if previous else []
        record.save_report(report)
        running.update(state=State.PASSED, finished_at=timezone.now(), report=record.report())
    dry_run.refresh_from_db()
    return dry_run
