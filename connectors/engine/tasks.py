"""Celery tasks. They have no arguments: all work is in the database, so a lost message loses nothing."""

import gc
import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

from connectors.adapters.registry import adapters
from connectors.alerts.notifications import evaluate_and_notify
from connectors.engine import maintenance, size_schedules, sync_log_push
from connectors.engine.turn import stopping, worker_name
from connectors.engine.turn_loop import serve
from connectors.webhooks import registration
from hub import clock, lanes, workers

logger = logging.getLogger(__name__)

# How long one task serves lanes before other tasks in the Celery queue get their turn.
_SERVE_SECONDS = 5.0


@shared_task(name="connectors.turn")
def turn(**_: Any) -> None:
    """Serve lanes; send another message if there is more work."""
    workers.record_heartbeat(name=worker_name(), now=clock.now())
    if serve(seconds=_SERVE_SECONDS) and not stopping.is_set():
        lanes.notify_workers()


@shared_task(name="connectors.sweep")
def sweep(**_: Any) -> None:
    """Find work for which a message was lost. Runs every two seconds."""
    workers.record_heartbeat(name=worker_name(), now=clock.now())
    if maintenance.sweep(now=clock.now()):
        lanes.notify_workers()


@shared_task(name="connectors.check_webhooks")
def check_webhooks(**_: Any) -> None:
    """Check that webhooks are registered at the platforms: at once for new connections, else every ten minutes."""
    registration.check_due(now=clock.now())


@shared_task(name="connectors.look_at_sizes")
def update_size_schedules(**_: Any) -> None:
    """Adjust schedules to catalog sizes (F3)."""
    size_schedules.add_stock_imports(now=clock.now())
    size_schedules.update_size_schedules(now=clock.now())


@shared_task(name="connectors.tell_logs")
def push_sync_logs(**_: Any) -> None:
    """Push our sync log to targets that keep their own."""
    sync_log_push.push_due(now=clock.now())


@shared_task(name="connectors.prune")
def prune(**_: Any) -> None:
    """Delete rows and files that are older than their retention."""
    maintenance.prune(now=clock.now())


@shared_task(name="connectors.alert")
def alert(**_: Any) -> None:
    """Send alerts about new and resolved problems."""
    evaluate_and_notify(now=clock.now())


@worker_ready.connect
def _worker_is_ready(sender: Any, **_: Any) -> None:
    if settings.CELERY_TASK_DEFAULT_QUEUE not in sender.app.amqp.queues.consume_from:
        return  # it does not serve lanes, so it must not be counted as a worker
    load_and_freeze()
    workers.record_heartbeat(name=worker_name(), now=clock.now())
    lanes.notify_workers()


def load_and_freeze() -> None:
    """Load what turns need, and exclude all that is loaded by now from garbage collection, since it stays.

    Each full collection would look through it, some ten times during an import of 100,000 products.
    """
    adapters()
    gc.collect()
    gc.freeze()


@worker_shutting_down.connect
def _worker_stops(**_: Any) -> None:
    """On SIGTERM, the current turn ends at its next batch boundary."""
    stopping.set()
