"""Says which database copies may replace."""

from typing import Any

import psycopg2
from django.core.management.base import BaseCommand, CommandError

from staging_copy import services
from staging_copy.preflight import Refused
from staging_copy.target import WrongTarget


class Command(BaseCommand):
    help = "Registers the database of STAGING_DATABASE_URL as the one that copies may replace. Refused if it is live."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            marker = services.register_staging(by=None)
        except (Refused, WrongTarget, psycopg2.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Copies may replace {marker.name} of server {marker.system}.")
