"""Workers that crash: each is a forked process that serves lanes and kills itself at a given point.

`python -m tests.engine.crashing_workers before_call:2 after_call` runs three workers: the first crashes before its
second call, the second after its first call, and the third serves until nothing is due. It prints `life N` for each
worker and `idle` at the end. The product code does not know about the points: they are functions that this module
wraps.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

# Crash point → (module, name within it, whether the wrapped function is called before the crash).
POINTS = {
    "claim": ("connectors.engine.turn_loop", "claim_turn", True),
    "compare": ("connectors.engine.exporting", "_compare_chunk", True),
    "plan": ("connectors.engine.exporting", "_plan", True),
    "before_call": ("connectors.platforms.rest.targets.base", "RestTargetStream.send", False),
    "after_call": ("connectors.platforms.rest.targets.base", "RestTargetStream.send", True),
    "after_sale": ("connectors.platforms.netsuite.targets.orders", "OrderTarget.send", True),
    "after_shipment": ("connectors.platforms.bigcommerce.targets.shipments", "ShipmentTarget.send", True),
    "between_steps": ("connectors.platforms.tryton.targets.sales", "advance", False),
    "after_tryton": ("connectors.platforms.tryton.targets.orders", "OrderTarget.send", True),
    "before_variants": ("connectors.platforms.vendure.targets.variants", "VariantWriter.sync", False),
    "after_vendure": ("connectors.platforms.vendure.targets.products", "ProductTarget.send", True),
    "before_commit": ("hub.runs", "decrement_remaining", True),
    "after_commit": ("connectors.engine.sending", "settle", True),
    "compare_page": ("connectors.engine.checks.comparing", "_compare_page", True),
    "next_ids": ("connectors.engine.checks.comparing", "_next_ids", True),
    "drop_findings": ("connectors.engine.checks.comparison_result", "_drop_stale_findings", True),
    "predict": ("connectors.engine.checks.previewing", "_predict", True),
    "page": ("connectors.engine.fetching", "apply_page", True),
    "missing": ("connectors.engine.unseen_items", "check_batch", False),
    "close": ("connectors.engine.importing", "_close", False),
}


def crash_at(point: str, *, signal_number: signal.Signals = signal.SIGKILL) -> None:
    """Send this process the signal when it passes the point (`name`, or `name:3` for the third time)."""
    name, _, nth = point.partition(":")
    module, path, afterwards = POINTS[name]
    owner = sys.modules[module]
    *between, attribute = path.split(".")
    for each in between:
        owner = getattr(owner, each)
    original: Callable[..., Any] = getattr(owner, attribute)
    left = int(nth or 1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        result = original(*args, **kwargs) if afterwards else None
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal_number)
        return result if afterwards else original(*args, **kwargs)

    setattr(owner, attribute, wrapped)


def crash_at_item(item_id: int) -> None:
    """Kill this process whenever it is about to send that item."""
    from connectors.platforms.rest.targets.base import RestTargetStream

    send = RestTargetStream.send

    def poisoned(self: Any, operations: Any) -> Any:
        if any(operation.item_id == item_id for operation in operations):
            os.kill(os.getpid(), signal.SIGKILL)
        return send(self, operations)

    RestTargetStream.send = poisoned  # type: ignore[method-assign]


def serve_until_idle() -> None:
    """Do what a worker and the sweeper do. No other worker is alive, so leases and pauses expire at once."""
    from django.db.models import F
    from django.utils import timezone

    from connectors.engine.turn_loop import serve_one_lane
    from hub import lanes
    from hub.models import Change, Lane

    while True:
        Change.objects.filter(state="delayed").update(not_before=timezone.now())
        Lane.objects.exclude(rest_until=None).update(rest_until=timezone.now(), wake_at=F("wake_at"))
        lanes.sweep(now=timezone.now() + timedelta(hours=1))
        if not serve_one_lane():
            return


def run_worker(prepare: Callable[[], None]) -> int:
    """Run one worker in a forked process. Returns 0 if it exited normally, else the signal that killed it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            prepare()
            serve_until_idle()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def main(argv: list[str]) -> int:
    django.setup()
    # Imported before the first fork, so that each worker starts at once; none of these opens a connection.
    from connectors.engine import turn_loop  # noqa: F401
    from connectors.platforms import bigcommerce, netsuite, rest, tryton, vendure  # noqa: F401

    crashes = 0
    if argv[0] == "poison":
        while signalled := run_worker(lambda: crash_at_item(int(argv[1]))):
            crashes += 1
            if signalled < 0 or crashes > 50:
                return 1
    elif argv[0] == "stop":
        crash_at(argv[1], signal_number=signal.SIGSTOP)
        print(f"life {os.getpid()}", flush=True)
        serve_until_idle()
    else:
        for point in argv:
            crashes += run_worker(lambda point=point: crash_at(point)) == signal.SIGKILL
        if run_worker(lambda: None):
            return 1
    print(f"idle after {crashes} deaths", flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "synccenter.settings")
    sys.exit(main(sys.argv[1:]))
