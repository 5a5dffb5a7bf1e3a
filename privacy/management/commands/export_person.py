"""`manage.py export_person SELLER EMAIL`: everything that is held about a person, as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Seller
from accounts.services import record_audit_event
from privacy.personal_data import ENCODER, export_person, find_person


class Command(BaseCommand):
    help = "Prints everything that is held about a customer of a seller, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("seller", help="the seller's slug")
        parser.add_argument("email")

    def handle(self, *, seller: str, email: str, **options: Any) -> None:
        found = Seller.objects.filter(slug=seller).first()
        if found is None:
            raise CommandError(f"There is no seller {seller!r}.")
        person = find_person(seller=found, email=email)
        if not person:
            raise CommandError("This seller has no data about a person with this address.")
        record_audit_event(user=None, action="privacy.export", target=f"seller {seller}", seller=found)
        self.stdout.write(json.dumps(export_person(person), cls=ENCODER, indent=2, ensure_ascii=False))
