"""When work that failed is tried again. An adapter may replace the policy: `retry = RetryPolicy(max_attempts=4)`."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.clock import at_most_a_day_ahead


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts, delays and limits for one platform. All times are aware and in UTC.

    - `max_attempts`: for an item or event that fails while others succeed; afterwards it is held for a person
    - `outage_max_attempts`, `outage_max_event_attempts`: while nothing else succeeds either, so that it may not be the
      cause. With the default delays that is about half a day, and a day for events
    - `base_delay`, `max_delay`: the delay before attempt n is random, up to `base_delay` × 2ⁿ and at most `max_delay`
    - `min_pause`, `max_pause`: how long a lane makes no calls after the first failed call, doubled with each further
      one, up to `max_pause`
    - `check_interval`: when to ask for a queued item again, if the vendor has not said when
    - `max_queued_age`: how long a target may keep an item in its queue before a person has to check. The slowest vendor
      answers within eight hours

    A subclass may override the methods.
    """

    max_attempts: int = 8
    outage_max_attempts: int = 40
    outage_max_event_attempts: int = 300
    base_delay: timedelta = timedelta(seconds=2)
    max_delay: timedelta = timedelta(hours=1)
    min_pause: timedelta = timedelta(seconds=1)
    max_pause: timedelta = timedelta(minutes=5)
    check_interval: timedelta = timedelta(minutes=1)
    max_queued_age: timedelta = timedelta(hours=24)

    def next_attempt(self, *, attempts: int, now: datetime, not_before: datetime | None = None) -> datetime | None:
        """When to try an item again after `attempts` failures, not before `not_before`. None: it is held."""
        if self.is_exhausted(attempts=attempts):
            return None
        delay = random.uniform(0, 1) * _doubled(self.base_delay, attempts, self.max_delay)
        return max(now + delay, _at_most_a_day(not_before, now))

    def is_exhausted(self, *, attempts: int, outage: bool = False, event: bool = False) -> bool:
        """Whether there is no further attempt after `attempts` failures of an item, or of an event from the platform.
        `outage`: nothing else succeeds either."""
        if not outage:
            return attempts >= self.max_attempts
        return attempts >= (self.outage_max_event_attempts if event else self.outage_max_attempts)

    def pause_until(self, *, failures: int, now: datetime, not_before: datetime | None = None) -> datetime:
        """Until when a lane makes no calls after `failures` failed ones in a row, not before `not_before`."""
        longest = _doubled(self.min_pause, failures - 1, self.max_pause)
        return max(now + random.uniform(0.5, 1) * longest, _at_most_a_day(not_before, now))

    def next_check(
        self, *, queued_at: datetime | None, now: datetime, not_before: datetime | None = None
    ) -> datetime | None:
        """When to ask for the result of an item that the target has queued. None: it has been queued for too long."""
        if queued_at is not None and now - queued_at > self.max_queued_age:
            return None
        return _at_most_a_day(not_before, now) if not_before else now + self.check_interval


def _at_most_a_day(not_before: datetime | None, now: datetime) -> datetime:
    """The time that a vendor gave. One further ahead is a mistake, which must not stop anything for years."""
    return at_most_a_day_ahead(not_before or now, now=now)


def _doubled(delay: timedelta, times: int, limit: timedelta) -> timedelta:
    factor: int = 2 ** min(times, 20)
    return min(limit, delay * factor)
