"""`manage.py register_staging`: registers the database that copies may replace."""

from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError

from staging_copy import services
from staging_copy.copying.preflight import PreflightFailed
from staging_copy.copying.target import WrongTarget


class Command(BaseCommand):
    help = "Allows copies to replace the database at STAGING_DATABASE_URL. Fails if that database is live."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            marker = services.register_staging(by=None)
        except (PreflightFailed, WrongTarget, psycopg2.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Copies may now replace database {marker.name} on server {marker.system}.")
