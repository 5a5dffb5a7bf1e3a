"""Rate limits per time window and limits on concurrent requests."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class RateLimitWindow:
    """A fixed window of `quota` requests per `window_ms` milliseconds for one account."""

    def __init__(self, quota: int, window_ms: int) -> None:
        self.quota = quota
        self.window_ms = window_ms
        self.restart()

    def restart(self) -> None:
        """Discard the usage; the next request opens a new window."""
        self._ends = 0.0
        self.left = self.quota

    def consume(self) -> bool:
        """Count one request. Returns False if the quota is used up."""
        now = time.monotonic()
        if now >= self._ends:
            self._ends = now + self.window_ms / 1000
            self.left = self.quota
        if self.left == 0:
            return False
        self.left -= 1
        return True

    @property
    def reset_ms(self) -> int:
        """Milliseconds until the next window, rounded up, so that waiting this long is always enough."""
        return max(0, math.ceil((self._ends - time.monotonic()) * 1000))


class ConcurrencyLimiter:
    """Counts requests in progress on endpoints that limit concurrency."""

    def __init__(self) -> None:
        self._in_flight: Counter[object] = Counter()

    @contextmanager
    def enter(self, concurrency_group: object, maximum: int) -> Iterator[bool]:
        """Yield whether fewer than `maximum` requests are in progress; the slot is released when the block ends."""
        has_capacity = self._in_flight[concurrency_group] < maximum
        self._in_flight[concurrency_group] += 1
        try:
            yield has_capacity
        finally:
            self._in_flight[concurrency_group] -= 1
