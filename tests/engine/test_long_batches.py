"""One `send` may make many requests: the lease is renewed between them, and the next batches become smaller."""

from collections.abc import Callable, Sequence
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from connectors.engine import sending, turn
from connectors.engine.turn import MAX_BATCH_SECONDS
from connectors.platforms.rest.targets.base import RestTargetStream
from connectors.sdk.operations import Operation, Outcome
from hub import lanes
from hub.models import Connection, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.products import calls, one_lane, titles, writes
from tests.engine.worker import last_run, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)

Send = Callable[[RestTargetStream[Any], Sequence[Operation[Any]]], list[Outcome]]


@pytest.fixture
def one_request_per_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target without a batch call: each `send` makes a request per item."""
    send: Send = RestTargetStream.send

    def send_singly(self: RestTargetStream[Any], operations: Sequence[Operation[Any]]) -> list[Outcome]:
        return [outcome for operation in operations for outcome in send(self, [operation])]

    monkeypatch.setattr(RestTargetStream, "send", send_singly)


def test_no_other_worker_gets_the_lane_while_a_batch_exceeds_its_lease(
    custom: Connection, custom_platform: SandboxProcess, one_request_per_item: None, settings: Any
) -> None:
    settings.LEASE_SECONDS = 2
    job = one_lane(custom)
    make_products(custom.seller, 12)
    custom_platform.fault("slow", method="PUT", delay=0.4)
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    finished = Event()

    def work() -> None:
        try:
            work_until_idle()
        finally:
            connections.close_all()
            finished.set()

    worker = Thread(target=work)
    started = monotonic()
    worker.start()
    stolen = 0
    while not finished.wait(0.1):
        stolen += lanes.sweep(now=timezone.now())
    worker.join()
    assert monotonic() - started > 2 * settings.LEASE_SECONDS, "the batch did not outlast its lease"
    assert stolen == 0
    assert len(titles(custom_platform)) == 12 and set(writes(custom_platform).values()) == {1}
    assert last_run(job).state == Run.State.DONE


def test_batches_are_sized_by_their_duration(
    custom: Connection, custom_platform: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second per item: a batch of 100 takes 50 s, so the next ones have as many items as fit into 20 s."""
    skipped, send = 0.0, RestTargetStream.send

    def slow_send(self: RestTargetStream[Any], operations: Sequence[Operation[Any]]) -> list[Outcome]:
        nonlocal skipped
        outcomes = send(self, operations)
        skipped += 0.5 * len(operations)
        return outcomes

    for module in (turn, sending):
        monkeypatch.setattr(module, "monotonic", lambda: monotonic() + skipped)
    monkeypatch.setattr(RestTargetStream, "send", slow_send)
    job = one_lane(custom)
    make_products(custom.seller, 400)
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    sizes = calls(custom_platform)
    # The second batch is decided while the first call is in progress.
    assert sum(sizes) == 400 and sizes[0] == 100 and len(sizes) >= 5
    assert max(sizes[2:]) <= MAX_BATCH_SECONDS / 0.5
    assert last_run(job).state == Run.State.DONE
