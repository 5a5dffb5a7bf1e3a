"""Brings a backup back into live."""

from argparse import ArgumentParser
from typing import Any

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from staging_copy import restore, services
from staging_copy.archive import ArchiveError
from staging_copy.models import Backup
from staging_copy.postgres import ProgramFailed


class Command(BaseCommand):
    help = (
        "Replaces live by a backup. What happened since the backup is gone from live, and kept in a database beside "
        "it. Stop web, workers and beat first; docs/staging-copy.md has the runbook."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", help="its name (backup_live --list)")
        parser.add_argument(
            "--replace",
            metavar="DATABASE",
            required=True,
            help="the name of the database to replace, written out so that it is not done by mistake",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = settings.DATABASES["default"]["NAME"]
        if options["replace"] != name:
            raise CommandError(f"This installation works on {name}, not {options['replace']}. Nothing was done.")
        try:
            services.restore_backup_into_live(
                backup=Backup.objects.get(name=options["backup"]), by=None, on_progress=self.stdout.write
            )
        except Backup.DoesNotExist as error:
            raise CommandError("There is no such backup; backup_live --list shows them.") from error
        except (ArchiveError, ProgramFailed, psycopg2.Error, restore.Refused) as error:
            raise CommandError(f"Live is as it was. {error}") from error
