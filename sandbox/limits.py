"""What a vendor allows per span of time, and how many requests side by side."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Window:
    """A fixed window of `quota` requests per `window_ms` milliseconds for one account."""

    def __init__(self, quota: int, window_ms: int) -> None:
        self.quota = quota
        self.window_ms = window_ms
        self.renew()

    def renew(self) -> None:
        """Forget what was used; the next request starts a window."""
        self._ends = 0.0
        self.left = self.quota

    def take(self) -> bool:
        """Use one request; False if the window has none left."""
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
        """Milliseconds until the window starts anew, rounded up: waiting them is always long enough."""
        return max(0, math.ceil((self._ends - time.monotonic()) * 1000))


class Lanes:
    """Counts requests under way, for endpoints that take only so many at once."""

    def __init__(self) -> None:
        self._under_way: Counter[object] = Counter()

    @contextmanager
    def enter(self, lane: object, most: int) -> Iterator[bool]:
        """Yields whether there is room among the `most` allowed; holds the place until the block ends."""
        room = self._under_way[lane] < most
        self._under_way[lane] += 1
        try:
            yield room
        finally:
            self._under_way[lane] -= 1
