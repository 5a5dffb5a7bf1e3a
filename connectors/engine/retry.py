"""How long to wait before the next try."""

import random
from datetime import datetime, timedelta

MAX_ATTEMPTS = 8
# For an item that may be blameless, because nothing else went through either: about half a day.
PATIENCE = 40
_FIRST = 2.0
_LONGEST = 3600.0


def next_try(
    *, attempts: int, now: datetime, not_before: datetime | None = None, most: int = MAX_ATTEMPTS
) -> datetime | None:
    """When to try again after `attempts` failed ones, exponential with full jitter; the vendor's word is obeyed.

    None after the last attempt: then a person decides.
    """
    if attempts >= most:
        return None
    delay = random.uniform(0, min(_LONGEST, _FIRST * 2**attempts))
    return max(now + timedelta(seconds=delay), not_before or now)


def rest(*, failures: int, now: datetime, not_before: datetime | None = None) -> datetime:
    """Until when a lane's breaker stays open after so many failed batches in a row: 1 s, 2 s, … 5 minutes."""
    longest = min(300.0, 2.0 ** min(failures - 1, 10))
    return max(now + timedelta(seconds=random.uniform(longest / 2, longest)), not_before or now)
