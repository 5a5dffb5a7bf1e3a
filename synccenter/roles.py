"""The commands of the processes that make up a running SyncCenter, for `up`, the demo and the tests.

docker-compose.yml says the same in its own way.
"""

import sys


def web(*, host: str = "127.0.0.1", port: int, workers: int = 2, threads: int = 4) -> list[str]:
    """Gunicorn serving the pages and the API."""
    return [
        *(sys.executable, "-m", "gunicorn", "synccenter.wsgi"),
        *("--bind", f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)),
        "--no-control-socket",
    ]


def worker(name: str = "worker", *, queue: str = "turns") -> list[str]:
    """A Celery worker: one process, one turn at a time; more of them serve more.

    The solo pool runs turns in the process that hears SIGTERM, so a long turn can end at its next batch.
    """
    return [
        *(sys.executable, "-m", "celery", "--app", "synccenter", "worker"),
        *("--hostname", f"{name}@%h", "--pool", "solo", "--loglevel", "INFO", "--queues", queue),
        # Workers meet at the rows in PostgreSQL; they need no news of each other.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def copier() -> list[str]:
    """The worker that takes backups and makes copies, which last for minutes, so that no turn waits for one."""
    return worker("copier", queue="copies")


def beat() -> list[str]:
    """Celery beat: the sweeper and everything else that happens by the clock."""
    return [sys.executable, "-m", "celery", "--app", "synccenter", "beat", "--loglevel", "INFO", "--pidfile="]
