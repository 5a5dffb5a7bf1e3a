"""`manage.py healthy ROLE`: health check for the web, worker, copier or beat process of this machine."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from synccenter.healthcheck import find_problem


class Command(BaseCommand):
    help = (
        "Exits with 0 if the web, worker, copier or beat process on this machine is healthy; else prints the problem."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", choices=("web", "worker", "copier", "beat"))
        parser.add_argument("--port", type=int, default=8000, help="web port (default: %(default)s)")

    def handle(self, *args: Any, role: str, port: int, **options: Any) -> None:
        if problem := find_problem(role, port=port):
            raise CommandError(problem)
