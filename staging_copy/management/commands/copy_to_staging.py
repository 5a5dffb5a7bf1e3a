"""`manage.py copy_to_staging`: replaces staging with an anonymized copy of a backup of live."""

from argparse import ArgumentParser
from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError

from staging_copy import services
from staging_copy.backup.archive import ArchiveError
from staging_copy.copying.copier import Watcher
from staging_copy.copying.journal import AlreadyRunning
from staging_copy.copying.preflight import PreflightFailed
from staging_copy.copying.stages import STAGE_LABELS, CopyFailed
from staging_copy.copying.target import WrongTarget
from staging_copy.masking.classifier import Proposal
from staging_copy.masking.policy import PolicyError
from staging_copy.models import Backup, Copy, DryRun
from staging_copy.report import treatment


class Command(BaseCommand):
    help = (
        "Replaces staging with an anonymized copy of the latest backup of live. Staging stays in use until the "
        "switch-over, and stays unchanged if the copy fails. Use --rollback to return to the previous database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--dry-run",
            action="store_true",
            help="do everything but the switchover; show tables, rules, rows and the time it took",
        )
        what.add_argument("--rollback", action="store_true", help="switch back to the database before the last copy")
        parser.add_argument("--backup", metavar="NAME", help="the backup to copy (default: the latest)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["rollback"]:
                self._rollback()
            elif options["dry_run"]:
                self._dry_run(_backup(options["backup"]))
            else:
                self._copy(_backup(options["backup"]))
        except (
            PreflightFailed,
            CopyFailed,
            AlreadyRunning,
            ArchiveError,
            PolicyError,
            WrongTarget,
            ValueError,
        ) as error:
            raise CommandError(str(error)) from error
        except psycopg2.Error as error:
            raise CommandError(f"PostgreSQL: {error}") from error

    def _copy(self, backup: Backup | None) -> None:
        copy = services.start_copy(backup=backup, by=None)
        try:
            copy = services.run_copy(copy=copy, watcher=self._watcher())
        except AlreadyRunning:
            # Otherwise the copier would run it later, when nobody expects it any more.
            services.cancel_copy(copy=copy, by=None)
            raise
        report = copy.report
        self.stdout.write(
            f"Staging is now a copy of {report['backup']['name']} (live as of {report['backup']['taken_at']}). "
            f"Downtime: {report['swap_seconds']:.2f} s. Report: {copy.journal}/report.json"
        )
        if copy.state != Copy.State.DONE:
            raise CommandError(f"Staging's sync is frozen. Copy status: {copy.get_state_display()}. {copy.problem}")

    def _rollback(self) -> None:
        copy = services.latest_in_place()
        if copy is None:
            raise CommandError("No copy has succeeded yet, so there is nothing to roll back.")
        seconds = services.rollback(copy=copy, by=None)
        self.stdout.write(f"Status of {copy}: {copy.get_state_display()}. Downtime of staging: {seconds:.2f} s.")

    def _watcher(self) -> Watcher:
        return Watcher(
            lambda stage: self.stdout.write(f"{STAGE_LABELS[stage]}..."),
            lambda table, rows: self.stdout.write(f"    {table:<40} {rows:>12,}"),
        )

    def _dry_run(self, backup: Backup | None) -> None:
        dry_run = services.start_dry_run(backup=backup, by=None)
        try:
            report = services.run_dry_run(dry_run=dry_run, watcher=self._watcher()).report
        except AlreadyRunning:
            services.cancel_dry_run(dry_run=dry_run, by=None, states=(DryRun.State.PLANNED,))
            raise
        self.stdout.write(f"Backup: {report['backup']['name']} (live as of {report['backup']['taken_at']})")
        for table in report["tables"]:
            what = treatment(table) or "copied unchanged"
            self.stdout.write(f"{table['table']:<40} {table['rows_in_backup']:>12,} rows  {what}")
        for warning in report["warnings"]:
            self.stdout.write(f"Kept, but looks personal: {Proposal(**warning)}")
        for found in report["definitions"]["masked"]:
            self.stdout.write(f"{found['kind']} {found['name']}: {found['addresses']} email addresses masked")
        rows = sum(table["rows_on_staging"] for table in report["tables"])
        seconds = sum(seconds for _stage, seconds in report["stages"])
        self.stdout.write(f"Dry run passed: {rows:,} rows in {seconds:.0f} s. Nothing was changed.")


def _backup(name: str | None) -> Backup | None:
    if name is None:
        return None
    try:
        return Backup.objects.get(name=name)
    except Backup.DoesNotExist as error:
        raise CommandError(f"Backup {name} not found. Use backup_live --list to see all backups.") from error
