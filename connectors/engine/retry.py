"""When to retry: delays after failed attempts, for single items and for a lane's breaker."""

import random
from datetime import datetime, timedelta

MAX_ATTEMPTS = 8
# For an item that may not be the cause, because nothing else succeeded either: about half a day.
OUTAGE_MAX_ATTEMPTS = 40
_BASE_DELAY_SECONDS = 2.0
_MAX_DELAY_SECONDS = 3600.0


def next_try(
    *, attempts: int, now: datetime, not_before: datetime | None = None, max_attempts: int = MAX_ATTEMPTS
) -> datetime | None:
    """When to try again after `attempts` failures: exponential backoff with full jitter, not before `not_before`.

    None after the last attempt: then the item is held for a person.
    """
    if attempts >= max_attempts:
        return None
    delay = random.uniform(0, min(_MAX_DELAY_SECONDS, _BASE_DELAY_SECONDS * 2**attempts))
    return max(now + timedelta(seconds=delay), not_before or now)


def breaker_until(*, failures: int, now: datetime, not_before: datetime | None = None) -> datetime:
    """Until when a lane's breaker stays open after `failures` failed batches in a row: 1 s, 2 s, … 5 minutes."""
    max_delay = min(300.0, 2.0 ** min(failures - 1, 10))
    return max(now + timedelta(seconds=random.uniform(max_delay / 2, max_delay)), not_before or now)
