"""Redis and PostgreSQL crash in the middle of a run, with two workers and two beats: the result is the same as without
the crash."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
import redis
from django.db import OperationalError, connection

from hub import lanes
from hub.models import Change, Connection, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from synccenter import roles
from synccenter.processes import Processes
from tests.conftest import ROOT
from tests.engine.products import change, hub_titles, one_lane, products_job, titles
from tests.engine.worker import wait_until
from tests.factories import make_products

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def workers_and_beats(
    process_environment: dict[str, str], processes: Processes, workers: Callable[[int], list[str]]
) -> None:
    """Two running workers and two running beats, with a short lease."""
    process_environment["LEASE_SECONDS"] = "5"
    workers(2)
    for name in ("beat-1", "beat-2"):
        processes.start(name, roles.beat(), process_environment | {"PGAPPNAME": name}, cwd=ROOT)
    # A beat that has not read its schedule yet exits without PostgreSQL; its supervisor restarts it.
    wait_until(lambda: polling_beats() == {"beat-1", "beat-2"})


def polling_beats() -> set[str]:
    """The beats that already poll for changes of their schedule."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_name FROM pg_stat_activity"
            " WHERE application_name LIKE 'beat-%' AND query LIKE '%\"django_celery_beat_periodictasks\"%'"
        )
        return {name for (name,) in cursor.fetchall()}


def redis_pid() -> int:
    with closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client:
        return int(client.info("server")["process_id"])


@contextmanager
def paused_process(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def in_step(custom: Connection, platform: SandboxProcess) -> bool:
    return (
        not Change.objects.exists()
        and not Run.objects.filter(state__in=Run.OPEN).exists()
        and titles(platform) == hub_titles(custom)
    )


def test_redis_is_emptied_suspended_and_killed(
    custom: Connection, custom_platform: SandboxProcess, workers_and_beats: None, processes: Processes
) -> None:
    products = make_products(custom.seller, 400)
    custom_platform.fault("slow", method="PUT", delay=0.3)
    run, _ = start_run(job=products_job(custom), trigger="button")
    wait_until(lambda: len(custom_platform.calls()) >= 1)
    with closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client:
        client.flushall()
    wait_until(lambda: in_step(custom, custom_platform))

    pid = redis_pid()
    with paused_process(pid):
        begun = time.monotonic()
        for title in ("First", "Second", "Third"):
            change(products[:100], title=title)
        assert time.monotonic() - begun < 4, "a silent broker must not hold up whoever changes something"
    wait_until(lambda: in_step(custom, custom_platform))

    os.kill(pid, signal.SIGKILL)  # the supervisor restarts it, empty
    change(products[100:], title="Fourth")
    wait_until(lambda: in_step(custom, custom_platform))
    run.refresh_from_db()
    assert run.state == Run.State.DONE and run.log.filter(text__regex="^Run (succeeded|completed)").count() == 1
    assert all(processes.running(name) for name in ("worker-1", "worker-2", "beat-1", "beat-2"))


def test_postgresql_is_restarted_while_a_batch_is_sent(
    custom: Connection, custom_platform: SandboxProcess, workers_and_beats: None, processes: Processes
) -> None:
    one_lane(custom)
    make_products(custom.seller, 250)
    custom_platform.fault("slow", method="PUT", delay=2, after=1, times=1)
    run, _ = start_run(job=products_job(custom), trigger="button")
    wait_until(lambda: len(custom_platform.calls()) >= 2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")
        [postmaster] = cursor.fetchone()
    connection.close()
    os.kill(postmaster, signal.SIGINT)  # a fast shutdown; the supervisor restarts it
    wait_until(database_answers)
    wait_until(lambda: in_step(custom, custom_platform), seconds=90)
    run.refresh_from_db()
    assert (run.state, run.remaining) == (Run.State.DONE, 0)
    assert run.log.filter(text__regex="^Run (succeeded|completed)").count() == 1
    assert all(processes.running(name) for name in ("worker-1", "worker-2", "beat-1", "beat-2"))


def database_answers() -> bool:
    try:
        lanes.sweep()
    except (OperationalError, psycopg2.Error):
        connection.close()
        return False
    return True
