"""`./dev up`: runs web, workers, copier and beat on this machine until Ctrl-C."""

import signal
import sys
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command

from synccenter import roles
from synccenter.processes import Processes


class Command(BaseCommand):
    help = (
        "Applies migrations, then runs web, workers, copier and beat as child processes, and restarts those that "
        "exit. Ctrl-C or SIGTERM stops them all."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WORKER_PROCESSES,
            help="number of workers (default: %(default)s, from WORKER_PROCESSES)",
        )

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        asked_to_stop = threading.Event()
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, lambda *_: asked_to_stop.set())
        with Processes(restart=True, echo=sys.stdout) as processes:
            processes.start("web", roles.web(host=host, port=port), cwd=settings.BASE_DIR)
            for number in range(1, workers + 1):
                name = f"worker-{number}"
                processes.start(name, roles.worker(name), cwd=settings.BASE_DIR)
            processes.start("copier", roles.copier(), cwd=settings.BASE_DIR)
            processes.start("beat", roles.beat(), cwd=settings.BASE_DIR)
            self.stdout.write(
                self.style.SUCCESS(f"SyncCenter is running at http://{host}:{port}/. Press Ctrl-C to stop.")
            )
            asked_to_stop.wait()
            self.stdout.write("Stopping. Running turns end after their current batch.")
