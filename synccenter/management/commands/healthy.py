"""`manage.py healthy ROLE`: health check for the web, worker, copier or beat process of this container."""

import socket
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from hub.models import Worker
from staging_copy import heartbeat

# Beat saves the last run times of tasks only every three minutes.
_BEAT_TIMEOUT = timedelta(minutes=10)
# A worker updates its row twice per second, but a remote call in a turn can take a minute.
_WORKER_TIMEOUT = timedelta(minutes=2)


class Command(BaseCommand):
    help = (
        "Exits with 0 if the web, worker, copier or beat process on this machine is healthy; else prints the problem."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", choices=("web", "worker", "copier", "beat"))
        parser.add_argument("--port", type=int, default=8000, help="web port (default: %(default)s)")

    def handle(self, *args: Any, role: str, port: int, **options: Any) -> None:
        match role:
            case "web":
                self._web(port)
            case "worker":
                self._worker()
            case "copier":
                self._copier()
            case "beat":
                self._beat()

    def _web(self, port: int) -> None:
        host = settings.ALLOWED_HOSTS[0].lstrip("*.")
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/health", headers={"Host": host}, timeout=5)
        except requests.RequestException as error:
            raise CommandError(f"The web server is not responding: {error}") from error
        if answer.status_code != 200:
            raise CommandError(f"The web server responded with status {answer.status_code}.")

    def _worker(self) -> None:
        # Not Celery's ping, because a healthy worker does not answer it during a turn.
        seen = Worker.objects.filter(
            name__startswith=f"{socket.gethostname()}:", seen_at__gt=timezone.now() - _WORKER_TIMEOUT
        )
        if not seen.exists():
            raise CommandError(f"No worker on this machine has reported for {_WORKER_TIMEOUT}.")

    def _copier(self) -> None:
        # Staging has no backups or copies, so its copier never runs a task.
        if settings.ENVIRONMENT != "staging" and (find_problem := heartbeat.find_problem(now=timezone.now())):
            raise CommandError(find_problem)

    def _beat(self) -> None:
        if not PeriodicTask.objects.filter(last_run_at__gt=timezone.now() - _BEAT_TIMEOUT).exists():
            raise CommandError(f"Beat has not started a task for {_BEAT_TIMEOUT}.")
