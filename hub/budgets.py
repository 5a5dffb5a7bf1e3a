"""Rate limits: a token bucket per vendor account, stored in one row that all workers share."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models.functions import Now

from hub.clock import MAX_REST_SECONDS
from hub.models import RateBudget

_ACQUIRE = """
INSERT INTO hub_ratebudget AS budget (key, tokens, updated_at)
VALUES (%(key)s, %(capacity)s - 1, clock_timestamp())
ON CONFLICT (key) DO UPDATE SET
    tokens = LEAST(%(capacity)s, budget.tokens
        + EXTRACT(EPOCH FROM clock_timestamp() - budget.updated_at) * %(refill)s) - 1,
    updated_at = clock_timestamp(),
    blocked_until = NULL
WHERE (budget.blocked_until IS NULL OR budget.blocked_until <= clock_timestamp())
  AND LEAST(%(capacity)s, budget.tokens
        + EXTRACT(EPOCH FROM clock_timestamp() - budget.updated_at) * %(refill)s) >= 1
RETURNING tokens
"""
_RETRY_AT = """
SELECT GREATEST(blocked_until, updated_at + make_interval(secs => (%(wanted)s - tokens) / %(refill)s))
FROM hub_ratebudget WHERE key = %(key)s
"""
# Resuming for a single request would waste a turn, so wait until a tenth of the bucket has refilled.
_MIN_REFILL_FRACTION = 0.1


def acquire(*, key: str, requests: int, seconds: float) -> datetime | None:
    """Take one request from a bucket that allows `requests` per `seconds`.

    Returns None if a request was available, else the time (UTC) for the next attempt. Must be called outside a
    transaction: otherwise the row would stay locked for the other workers until commit.
    """
    values: dict[str, str | float] = {"key": key, "capacity": requests, "refill": requests / seconds}
    with connection.cursor() as cursor:
        cursor.execute(_ACQUIRE, values)
        if cursor.fetchone():
            return None
        cursor.execute(_RETRY_AT, values | {"wanted": max(1, requests * _MIN_REFILL_FRACTION)})
        row = cursor.fetchone()
    return row[0] if row else None


def unblock(*, keys: Collection[str]) -> int:
    """Let a request through now, and others at the usual rate, although the vendor asked to wait. Returns how many
    budgets were blocked."""
    blocked = RateBudget.objects.filter(key__in=keys, blocked_until__isnull=False)
    # `block` has set `updated_at` to the end of the wait.
    return blocked.update(blocked_until=None, tokens=1, updated_at=Now())


def block(*, key: str, until: datetime) -> None:
    """Block all workers until `until`, as the vendor asked, but at most for a day.

    If the bucket is already blocked, the later time wins.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hub_ratebudget AS budget (key, tokens, updated_at, blocked_until)
            SELECT %(key)s, 0, until - interval '1 second', until
            FROM (SELECT LEAST(%(until)s, clock_timestamp() + make_interval(secs => %(longest)s)) AS until) AS block
            ON CONFLICT (key) DO UPDATE SET
                tokens = 0, updated_at = EXCLUDED.updated_at,
                blocked_until = LEAST(GREATEST(budget.blocked_until, EXCLUDED.blocked_until),
                                      clock_timestamp() + make_interval(secs => %(longest)s))
            """,
            {"key": key, "until": until, "longest": MAX_REST_SECONDS},
        )
