"""A turn sends for at most ten minutes: processed changes leave the queue, the others are sent later (B7)."""

from time import monotonic
from typing import Any

import pytest
from django.conf import settings

from connectors.engine import sending, turn
from connectors.engine.turn_loop import serve_one_lane
from connectors.platforms.rest.targets.base import RestTargetStream
from connectors.platforms.rest.targets.products import ProductTarget
from hub.models import Change, Connection, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.products import one_lane, titles, writes
from tests.engine.worker import last_run, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)

CALL_SECONDS = 250.0


class Clock:
    """The engine's clock, which can be advanced."""

    skipped = 0.0

    def __call__(self) -> float:
        return monotonic() + self.skipped


@pytest.fixture
def slow_target(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Each call to the custom system takes more than four minutes, and batches do not become smaller."""
    clock, send = Clock(), RestTargetStream.send

    def slow_send(self: ProductTarget, *args: Any) -> Any:
        clock.skipped += CALL_SECONDS
        return send(self, *args)

    for module in (turn, sending):
        monkeypatch.setattr(module, "monotonic", clock)
    monkeypatch.setattr(turn, "MAX_BATCH_SECONDS", 2 * CALL_SECONDS)
    monkeypatch.setattr(RestTargetStream, "send", slow_send)
    return clock


def test_after_ten_minutes_the_rest_is_left_to_the_next_turn(
    custom: Connection, custom_platform: SandboxProcess, slow_target: Clock
) -> None:
    assert settings.SEND_SECONDS == 600
    job = one_lane(custom)
    products = make_products(custom.seller, 600)
    start_run(job=job, trigger="button")
    assert serve_one_lane()
    sent = titles(custom_platform)
    assert len(sent) == 300  # three calls: the third ends after 750 seconds
    left = set(Change.objects.filter(job=job).values_list("item_id", flat=True))
    assert left == {product.pk for product in products} - set(map(int, sent))
    run = last_run(job)
    assert (run.state, run.remaining) == (Run.State.SENDING, 300)

    slow_target.skipped = 0.0  # another turn, with ten minutes of its own
    assert serve_one_lane()
    assert len(titles(custom_platform)) == 600 and not Change.objects.exists()
    assert last_run(job).state == Run.State.DONE
    assert set(writes(custom_platform).values()) == {1}
    work_until_idle()
