"""`manage.py backup_live`: takes, registers, verifies or lists backups of live."""

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from staging_copy import services
from staging_copy.backup.archive import ArchiveError
from staging_copy.backup.object_storage import StorageFailed
from staging_copy.copying.rehearsal import RehearsalFailed
from staging_copy.models import Backup
from staging_copy.postgres import ProgramFailed


class Command(BaseCommand):
    help = "Backs up live now: runs pg_dump, verifies the archive and writes a manifest. Beat does this every night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="list all backups, latest first")
        what.add_argument("--verify", metavar="NAME", help="read the whole backup and compare it with its manifest")
        what.add_argument("--register", metavar="FOLDER", type=Path, help="import an archive made elsewhere")
        what.add_argument("--fetch", metavar="NAME", help="bring a backup back from the object storage")
        what.add_argument("--stored", action="store_true", help="list the backups in the object storage")
        what.add_argument(
            "--rehearse",
            action="store_true",
            help="rehearse a restore: restore the latest backup next to live and count its rows",
        )
        parser.add_argument("--taken-at", metavar="ISO-TIME", help="with --register: when the archive was taken")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            services.clean_up_backups()
            if options["list"]:
                for backup in Backup.objects.all():
                    self.stdout.write(
                        f"{backup.name}  {backup.taken_at:%Y-%m-%d %H:%M %Z}  {backup.get_state_display()}"
                        f"  {backup.rows or 0:,} rows  {(backup.size or 0) / 2**20:.1f} MiB"
                    )
                return
            if options["stored"]:
                for name in services.stored_names():
                    self.stdout.write(name)
                return
            backup = self._run(options)
        except (ArchiveError, ProgramFailed, StorageFailed, RehearsalFailed, ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        except Backup.DoesNotExist as error:
            raise CommandError("Backup not found. Use --list to see all backups.") from error
        self.stdout.write(f"{backup.name}: {backup.rows:,} rows, {(backup.size or 0) / 2**20:.1f} MiB, verified.")

    def _run(self, options: dict[str, Any]) -> Backup:
        if options["verify"]:
            return services.verify_backup(backup=Backup.objects.get(name=options["verify"]))
        if options["register"]:
            return services.register_backup(folder=options["register"], taken_at=_time(options["taken_at"]), by=None)
        if options["fetch"]:
            return services.fetch_backup(name=options["fetch"])
        if options["rehearse"]:
            return services.rehearse_restore()
        backup = services.take_backup()
        services.store_backups()
        return backup


def _time(text: str | None) -> datetime:
    try:
        taken_at = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise CommandError("--register needs --taken-at with an ISO time, e.g. 2026-01-31T00:30:00+00:00.") from error
    return taken_at if taken_at.tzinfo else timezone.make_aware(taken_at)
