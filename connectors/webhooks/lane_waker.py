"""Wakes lanes for received events in a background thread, so that a slow broker or lock never delays the response to
the platform. If waking fails, the sweeper finds the events."""

import logging
import threading
from collections.abc import Iterable

from django.db import Error
from django.db import connection as database

from hub import lanes

logger = logging.getLogger(__name__)

# Lanes are woken at most ten times per second; each time, all events received so far are processed.
_MIN_INTERVAL_SECONDS = 0.1
_IDLE_SECONDS = 60.0


class Waker:
    """Collects lanes while the previous ones are being woken. The thread starts on demand and ends when idle."""

    def __init__(self, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._waiting: set[int] = set()
        self._changed = threading.Condition()
        self._never = threading.Event()  # never set: waiting for it limits the rate
        self._thread: threading.Thread | None = None

    def wake(self, lane_ids: Iterable[int]) -> None:
        """Schedule the lanes to be woken. Returns immediately."""
        with self._changed:
            self._waiting.update(lane_ids)
            if self._thread is None or not self._thread.is_alive():  # a forked process has no thread of its own yet
                self._thread = threading.Thread(target=self._run, name="webhook-waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while lane_ids := self._next():
            try:
                lanes.wake(lane_ids=lane_ids)
            except Error:
                logger.warning("Lanes could not be woken for new events; the sweeper will.", exc_info=True)
                database.close()
            self._never.wait(_MIN_INTERVAL_SECONDS)
        database.close()

    def _next(self) -> list[int]:
        """Wait for lanes to wake, and return them; empty if the thread was idle for too long and should end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout=self._idle_seconds)
            lane_ids, self._waiting = sorted(self._waiting), set()
            if not lane_ids:
                self._thread = None
            return lane_ids


waker = Waker()
