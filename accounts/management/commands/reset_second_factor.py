"""`manage.py reset_second_factor EMAIL`: for an administrator who has lost the second factor."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import reset_second_factor


class Command(BaseCommand):
    help = "Removes all second factors of a user, and ends the user's sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *, email: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            raise CommandError(f"There is no user with the email address {email}.")
        if reset_second_factor(user=user, by=None):
            self.stdout.write("Second factors removed. The user now logs in with the password only.")
        else:
            self.stdout.write("The user has no second factor.")
