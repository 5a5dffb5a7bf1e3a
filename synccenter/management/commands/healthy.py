"""`manage.py healthy ROLE`: whether the web server, worker, copier or beat of this container does its work."""

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

# Beat writes down what it has run only every three minutes.
_BEAT_TIMEOUT = timedelta(minutes=10)
# A turn shows itself twice a second and may wait a minute for a remote answer.
_WORKER_TIMEOUT = timedelta(minutes=2)


class Command(BaseCommand):
    help = "Ends with 0 if the web server, worker, copier or beat on this machine does its work, else says what fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", choices=("web", "worker", "copier", "beat"))
        parser.add_argument("--port", type=int, default=8000, help="of the web server (default %(default)s)")

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
            raise CommandError(f"The web server does not answer: {error}") from error
        if answer.status_code != 200:
            raise CommandError(f"The web server answers {answer.status_code}.")

    def _worker(self) -> None:
        # Not Celery's ping: a worker that is busy with a turn does not answer it, and is healthy.
        seen = Worker.objects.filter(
            name__startswith=f"{socket.gethostname()}:", seen_at__gt=timezone.now() - _WORKER_TIMEOUT
        )
        if not seen.exists():
            raise CommandError(f"No worker of this machine was seen for {_WORKER_TIMEOUT}.")

    def _copier(self) -> None:
        # On staging nothing is copied or backed up, so its copier is asked nothing and has nothing to say.
        if settings.ENVIRONMENT != "staging" and (find_problem := heartbeat.find_problem(now=timezone.now())):
            raise CommandError(find_problem)

    def _beat(self) -> None:
        if not PeriodicTask.objects.filter(last_run_at__gt=timezone.now() - _BEAT_TIMEOUT).exists():
            raise CommandError(f"Beat has started nothing for {_BEAT_TIMEOUT}.")
