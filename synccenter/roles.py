"""The commands of SyncCenter's processes, for `up`, the demo and the tests.

docker-compose.yml and the Dockerfile run the same commands (tests/project/test_containers.py).
"""

import sys


def web(*, host: str = "127.0.0.1", port: int, workers: int = 2, threads: int = 4) -> list[str]:
    """Gunicorn, serving the pages and the API."""
    return [
        *(sys.executable, "-m", "gunicorn", "synccenter.wsgi"),
        *("--bind", f"{host}:{port}"),
        *("--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)),
        "--no-control-socket",
    ]


def worker(name: str = "worker", *, queue: str = "turns") -> list[str]:
    """A Celery worker, which runs one turn at a time. Start more for more throughput.

    The solo pool runs turns in the process that receives SIGTERM, so that a long turn can end at its next batch.
    """
    return [
        *(sys.executable, "-m", "celery", "--app", "synccenter", "worker"),
        *("--hostname", f"{name}@%h", "--pool", "solo", "--loglevel", "INFO", "--queues", queue),
        # Workers coordinate through PostgreSQL and do not need each other's events.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def copier() -> list[str]:
    """The worker for backups and copies. They take minutes, so they must not delay turns."""
    return worker("copier", queue="copies")


def beat() -> list[str]:
    """Celery beat, which starts the sweeper and all other periodic tasks."""
    return [sys.executable, "-m", "celery", "--app", "synccenter", "beat", "--loglevel", "INFO", "--pidfile="]
