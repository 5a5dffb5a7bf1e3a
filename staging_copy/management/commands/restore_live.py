"""`manage.py restore_live`: replaces live with a backup."""

from argparse import ArgumentParser
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from staging_copy import services
from staging_copy.backup.archive import ArchiveError
from staging_copy.copying import restore
from staging_copy.models import Backup
from staging_copy.postgres import ProgramFailed


class Command(BaseCommand):
    help = (
        "Replaces live with a backup. The current database, with all changes since the backup, is kept under another "
        "name. Stop web, webhooks, workers, copier and beat first. See the runbook in docs/backups.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", help="name of the backup (see backup_live --list)")
        parser.add_argument(
            "--replace",
            metavar="DATABASE",
            required=True,
            help="name of the database to replace, as a confirmation",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = settings.DATABASES["default"]["NAME"]
        if options["replace"] != name:
            raise CommandError(
                f"The database of this installation is {name}, not {options['replace']}. Nothing was changed."
            )
        try:
            services.clean_up_backups()
            services.restore_backup_into_live(
                backup=Backup.objects.get(name=options["backup"]), by=None, on_progress=self.stdout.write
            )
        except Backup.DoesNotExist as error:
            raise CommandError("Backup not found. Use backup_live --list to see all backups.") from error
        except (ArchiveError, ProgramFailed, psycopg2.Error, restore.RestoreBlocked) as error:
            raise CommandError(f"Live was not replaced. {error}") from error
