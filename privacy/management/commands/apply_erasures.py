"""`manage.py apply_erasures`: after live was restored from a backup in another way than with `restore_live`."""

from typing import Any

from django.core.management.base import BaseCommand

from privacy.services import apply_ledger


class Command(BaseCommand):
    help = "Applies all recorded erasures of personal data again."

    def handle(self, **options: Any) -> None:
        self.stdout.write(f"{apply_ledger()} erasures applied.")
