"""Outages under load: an event answered with 200 is never lost, and the answer does not depend on Redis."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import requests
from django.db import connection
from django.utils import timezone

from connectors.engine.maintenance import sweep
from connectors.models import WebhookEvent
from hub.models import Connection, Lane
from synccenter import roles
from synccenter.processes import Processes
from tests.conftest import ROOT
from tests.webhooks.sending import body_of, event, wait_until, with_secret

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


class Load:
    """Sends numbered events from four threads until stopped, and records the answers."""

    def __init__(self, url: str, shop: Connection) -> None:
        self.url = f"{url}/webhooks/{shop.webhook_token}"
        self.headers = with_secret(shop) | {"Content-Type": "application/json"}
        self.answers: dict[int, int | None] = {}
        self.seconds: list[float] = []
        self._ends = threading.Event()

    def __enter__(self) -> "Load":
        self._pool = ThreadPoolExecutor(4)
        self._senders = [self._pool.submit(self._send, sender) for sender in range(4)]
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._pool.shutdown()
        for sender in self._senders:
            sender.result()

    def _send(self, sender: int) -> None:
        with requests.Session() as http:
            http.trust_env = False
            number = sender
            while not self._ends.is_set():
                began = time.monotonic()
                try:
                    body = body_of(event(item=number))
                    answer = http.post(self.url, data=body, headers=self.headers, timeout=60)
                    self.answers[number] = answer.status_code
                except requests.RequestException:
                    self.answers[number] = None
                self.seconds.append(time.monotonic() - began)
                number += 4

    def answered(self, status: int) -> set[int]:
        return {number for number, answer in list(self.answers.items()) if answer == status}


def stored() -> set[int]:
    return set(WebhookEvent.objects.values_list("payload__data__id", flat=True))


def test_postgresql_stopped_under_load_answers_no_false_200(shop: Connection, web: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        [folder] = cursor.fetchone()
        # After a stop, the server is back once it has replayed its WAL since the last checkpoint. Without this
        # checkpoint, that would be minutes of tests, each of which truncates every table.
        cursor.execute("CHECKPOINT")
    postmaster = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    connection.close()
    with Load(web, shop) as load:
        wait_until(lambda: len(load.answered(200)) > 50)
        os.kill(postmaster, signal.SIGQUIT)
        wait_until(lambda: bool(load.answered(503)))
        before = len(load.answered(200))
        wait_until(lambda: len(load.answered(200)) > before + 50)
    wait_until(can_connect)
    assert set(load.answers.values()) <= {200, 503, None}
    assert load.answered(200) <= stored()


def can_connect() -> bool:
    settings = connection.settings_dict
    try:
        with closing(psycopg2.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"])):
            return True
    except psycopg2.OperationalError:
        return False


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_silent_redis_delays_no_answer_and_no_event(
    shop: Connection,
    silent_redis: str,
    processes: Processes,
    process_environment: dict[str, str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    processes.start("web", roles.web(port=port), process_environment | {"REDIS_URL": silent_redis}, cwd=ROOT)
    processes.wait_for("web", "Listening at")
    with Load(f"http://127.0.0.1:{port}", shop) as load:
        wait_until(lambda: len(load.answered(200)) > 200)
    assert set(load.answers.values()) == {200}
    assert sorted(load.seconds)[len(load.seconds) * 9 // 10] < 0.5  # waiting for the notification would take a second
    assert load.answered(200) == stored()
    wait_until(lambda: Lane.objects.filter(name="catalog", due=True).exists())


def test_lanes_without_a_notification_are_found(shop: Connection) -> None:
    WebhookEvent.objects.create(
        connection=shop,
        day="2026-01-01",
        received_at="2026-01-01T00:00Z",
        delivery_id="1",
        direction="import",
        data_type="orders",
        payload={},
    )
    Lane.objects.update(due=False)
    sweep(now=timezone.now())
    assert list(Lane.objects.filter(due=True).values_list("name", flat=True)) == ["orders"]
