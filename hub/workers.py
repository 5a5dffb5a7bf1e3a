"""Registers workers that are alive. Their number limits how many lanes one seller may use at a time."""

from datetime import datetime, timedelta

from common import health
from hub import clock
from hub.models import Worker

# Workers send a heartbeat with each task (idle ones take part in the sweeps, every two seconds) and during long turns.
# One that has sent none for this long is gone.
_ALIVE_FOR = timedelta(seconds=30)
# A call to a platform can take a minute, during which the worker reports nothing.
_MAX_SILENCE = timedelta(minutes=2)


def record_heartbeat(*, name: str, now: datetime) -> None:
    """Record that the worker is alive, and how far its machine's clock is ahead of the database's."""
    ahead = clock.difference().total_seconds()
    Worker.objects.bulk_create(
        [Worker(name=name, started_at=now, seen_at=now, clock_ahead_seconds=ahead)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at", "clock_ahead_seconds"],
    )
    health.report("worker", within=_MAX_SILENCE)


def unregister(*, name: str) -> None:
    """Remove a worker that shuts down."""
    Worker.objects.filter(name=name).delete()


def count_alive(*, now: datetime) -> int:
    """The number of workers that have sent a heartbeat lately."""
    return Worker.objects.filter(seen_at__gt=now - _ALIVE_FOR).count()


def delete_stale(*, now: datetime) -> None:
    """Delete workers that have sent no heartbeat for 10 minutes."""
    Worker.objects.filter(seen_at__lt=now - timedelta(minutes=10)).delete()
