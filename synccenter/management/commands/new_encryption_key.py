"""`manage.py new_encryption_key`: prints a key for the setting `ENCRYPTION_KEYS`."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management import BaseCommand


class Command(BaseCommand):
    help = "Prints a new random key. Add it as the first key in ENCRYPTION_KEYS."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
