"""Runs turns without Celery: the code of a worker, step by step in the test's process."""

from collections.abc import Callable
from threading import Event
from time import monotonic

from django.utils import timezone

from connectors.engine.maintenance import sweep
from connectors.engine.turn_loop import serve_one_lane
from hub import lanes, workers
from hub.models import Change, Job, Lane, Run

# Type of the fixture `crashing_workers(*points)`.
CrashingWorkers = Callable[..., int]


def work_until_idle(*, most: int = 500) -> int:
    """Serve lanes until none is due. Returns the number of turns.

    A claim skips a lane that another thread has locked at that moment, so none is due only when no lane waits either.
    """
    turns, pause = 0, Event()
    for _ in range(most):
        if serve_one_lane():
            turns += 1
        elif lanes.has_waiting_work(workers=workers.count_alive(now=timezone.now())):
            pause.wait(0.01)
        else:
            return turns
    raise AssertionError(f"Lanes were still due after {most} turns.")


def skip_delays() -> None:
    """Make delayed changes and lanes that back off due, then work until idle."""
    Change.objects.filter(state=Change.State.DELAYED).update(not_before=timezone.now())
    Lane.objects.exclude(wake_at=None).update(wake_at=timezone.now(), rest_until=None)
    sweep(now=timezone.now())
    work_until_idle()


def last_run(job: Job) -> Run:
    run = Run.objects.filter(job=job).order_by("-id").first()
    assert run is not None
    return run


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Poll until the condition is true."""
    deadline = monotonic() + seconds
    pause = Event()
    while not condition():
        assert monotonic() < deadline, "timed out waiting for the condition"
        pause.wait(0.05)
