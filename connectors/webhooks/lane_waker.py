"""Wakes lanes for events that came in, from a thread of its own: a broker or a lock that does not answer delays the
nudge, never the answer to the platform. What it forgets, the sweeper finds."""

import logging
import threading
from collections.abc import Iterable

from django.db import Error
from django.db import connection as database

from hub import lanes

logger = logging.getLogger(__name__)

# A flood of events is told ten times a second; whoever is nudged looks at all that has come.
_MIN_INTERVAL_SECONDS = 0.1
_IDLE_SECONDS = 60.0


class Waker:
    """Collects lanes while the previous ones are being woken. Its thread begins with the first and ends when idle."""

    def __init__(self, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._waiting: set[int] = set()
        self._changed = threading.Condition()
        self._paced = threading.Event()  # never set: what waits for it waits out the pace
        self._thread: threading.Thread | None = None

    def wake(self, lane_ids: Iterable[int]) -> None:
        """Returns at once."""
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
            self._paced.wait(_MIN_INTERVAL_SECONDS)
        database.close()

    def _next(self) -> list[int]:
        """The lanes to wake; none if nothing came for so long that the thread may end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout=self._idle_seconds)
            lane_ids, self._waiting = sorted(self._waiting), set()
            if not lane_ids:
                self._thread = None
            return lane_ids


waker = Waker()
