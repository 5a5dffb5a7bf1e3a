"""The database's clock. All cut dates, due times and leases use it, because the clocks of machines differ."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import overload

from django.db import connection

# How long a reading is extended with the monotonic clock before the database is asked again, in seconds.
_MAX_AGE_SECONDS = 10.0
# The longest that a platform's answer may delay a call: a vendor's time further ahead is a mistake.
MAX_REST = timedelta(days=1)
MAX_REST_SECONDS = MAX_REST.total_seconds()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The database's time when the monotonic clock of this process showed `monotonic`."""

    time: datetime
    monotonic: float
    difference: timedelta


_reading: _Reading | None = None


def now() -> datetime:
    """The database's time (UTC). Asks the database at most once in ten seconds per process."""
    if _reading is None or _monotonic() - _reading.monotonic > _MAX_AGE_SECONDS:
        synchronize()
    return latest()


def latest() -> datetime:
    """Like `now`, but never asks the database: in a process that never did, it is the machine's own time."""
    if _reading is None:
        return datetime.now(UTC)
    return _reading.time + timedelta(seconds=_monotonic() - _reading.monotonic)


def difference() -> timedelta:
    """How far this machine's clock was ahead of the database's when it was last asked."""
    return timedelta(0) if _reading is None else _reading.difference


def synchronize() -> None:
    """Ask the database for its time. In a transaction that has failed, the earlier reading is kept."""
    global _reading
    if connection.in_atomic_block and connection.needs_rollback:
        return
    asked, own = _monotonic(), datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [database_time] = cursor.fetchone()
    # The database's time is somewhere between the question and the answer.
    half = (_monotonic() - asked) / 2
    _reading = _Reading(database_time.astimezone(UTC), asked + half, own + timedelta(seconds=half) - database_time)


@overload
def at_most_a_day_ahead(until: datetime, *, now: datetime) -> datetime: ...
@overload
def at_most_a_day_ahead(until: datetime | None, *, now: datetime) -> datetime | None: ...
def at_most_a_day_ahead(until: datetime | None, *, now: datetime) -> datetime | None:
    """The time until which a vendor asked to wait, but never more than a day after `now`."""
    return None if until is None else min(until, now + MAX_REST)


def _monotonic() -> float:
    """Seconds that also pass while the machine is suspended, where the operating system can count them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
