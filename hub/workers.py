"""Which workers are alive, for sharing them out among sellers."""

from datetime import datetime, timedelta

from hub.models import Worker

# A worker shows itself at every claim and at least this often while it waits; three misses and it is gone.
HEARTBEAT_INTERVAL = timedelta(seconds=10)


def record_heartbeat(*, name: str, now: datetime) -> None:
    """This worker is alive."""
    Worker.objects.bulk_create(
        [Worker(name=name, started_at=now, seen_at=now)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at"],
    )


def unregister(*, name: str) -> None:
    """This worker ends in an orderly way."""
    Worker.objects.filter(name=name).delete()


def count_alive(*, now: datetime) -> int:
    """Workers seen within the last three heartbeats, at least one."""
    return max(1, Worker.objects.filter(seen_at__gt=now - 3 * HEARTBEAT_INTERVAL).count())


def delete_stale(*, now: datetime) -> None:
    Worker.objects.filter(seen_at__lt=now - timedelta(minutes=10)).delete()
