"""Celery tasks: nudges to look at the rows. None carries anything that could be lost."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from connectors.alerts.notifications import evaluate_and_notify
from connectors.engine import maintenance, size_schedules, sync_log_push
from connectors.engine.turn import stopping, worker_name
from connectors.engine.turn_loop import serve
from connectors.webhooks import registration
from hub import lanes, workers

logger = logging.getLogger(__name__)

# One message is worth this long a stretch of turns; then others in the Celery queue get their place.
_SERVE_SECONDS = 5.0


@shared_task(name="connectors.turn")
def turn(**_: Any) -> None:
    """Serve lanes; ask for another worker's look if there is more."""
    workers.record_heartbeat(name=worker_name(), now=timezone.now())
    if serve(seconds=_SERVE_SECONDS) and not stopping.is_set():
        lanes.notify_workers()


@shared_task(name="connectors.sweep")
def sweep(**_: Any) -> None:
    """Put right what no message told, every two seconds."""
    workers.record_heartbeat(name=worker_name(), now=timezone.now())
    if maintenance.sweep(now=timezone.now()):
        lanes.notify_workers()


@shared_task(name="connectors.check_webhooks")
def check_webhooks(**_: Any) -> None:
    """See to it that the platforms send their events: of new connections at once, of others every ten minutes."""
    registration.check_due(now=timezone.now())


@shared_task(name="connectors.look_at_sizes")
def update_size_schedules(**_: Any) -> None:
    """Let schedules follow the sizes of catalogues (F3)."""
    size_schedules.update_size_schedules(now=timezone.now())


@shared_task(name="connectors.tell_logs")
def push_sync_logs(**_: Any) -> None:
    """Tell targets that keep a sync log what ours says."""
    sync_log_push.push_due(now=timezone.now())


@shared_task(name="connectors.prune")
def prune(**_: Any) -> None:
    """Drop what is older than its retention."""
    maintenance.prune(now=timezone.now())


@shared_task(name="connectors.alert")
def alert(**_: Any) -> None:
    """Tell people what has begun to go wrong and what is over."""
    evaluate_and_notify(now=timezone.now())


@worker_ready.connect
def _worker_is_ready(sender: Any, **_: Any) -> None:
    if settings.CELERY_TASK_DEFAULT_QUEUE not in sender.app.amqp.queues.consume_from:
        return  # it takes no turns, so it does not count among those that share them
    workers.record_heartbeat(name=worker_name(), now=timezone.now())
    lanes.notify_workers()


@worker_shutting_down.connect
def _worker_stops(**_: Any) -> None:
    """SIGTERM: the running turn gives way at its next batch boundary."""
    stopping.set()
