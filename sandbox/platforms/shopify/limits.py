"""The leaky bucket of costs of one app in one store.

Source: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits. Standard stores regain 100 points a second.
"""

import time

SECONDS = 20


class Bucket:
    def __init__(self, restore_rate: int) -> None:
        self.restore_rate = restore_rate
        self.maximum = restore_rate * SECONDS
        self.refill()

    def refill(self) -> None:
        self._left, self._at = float(self.maximum), time.monotonic()

    @property
    def left(self) -> float:
        now = time.monotonic()
        self._left = min(self.maximum, self._left + (now - self._at) * self.restore_rate)
        self._at = now
        return self._left

    def spend(self, cost: int) -> None:
        self._left = self.left - cost

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": float(self.maximum),
            "currentlyAvailable": int(self.left),
            "restoreRate": float(self.restore_rate),
        }
