"""Wakes lanes that have work, and the workers that serve them."""

import logging
from collections.abc import Sequence
from time import monotonic

from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from kombu.exceptions import OperationalError
from kombu.pools import producers

from hub import messages
from hub.lanes.shares import LaneUpdate, update_shares

logger = logging.getLogger(__name__)

TURN_TASK = "connectors.turn"
# Timeout for an unresponsive broker, which is then not contacted for a while. The sweeper finds due lanes anyway.
_NOTIFY_TIMEOUT_SECONDS = 1.0
_BROKER_BACKOFF_SECONDS = 5.0
_broker_backoff_until = 0.0


def wake(*, lane_ids: Sequence[int]) -> None:
    """Mark lanes as due because they have work. Cheap if they are due already; lanes that back off are left alone."""
    if not lane_ids:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH asleep AS (
                SELECT id FROM hub_lane
                WHERE id = ANY(%s) AND NOT due AND (rest_until IS NULL OR rest_until <= now())
                ORDER BY id FOR UPDATE
            )
            UPDATE hub_lane SET due = true FROM asleep WHERE hub_lane.id = asleep.id
            RETURNING share_id, hub_lane.id, NOT paused AND leased_by = '', false
            """,
            [list(lane_ids)],
        )
        woken = [LaneUpdate(*row) for row in cursor.fetchall()]
        update_shares(cursor, woken)
        if any(lane.claimable for lane in woken):
            transaction.on_commit(notify_workers)


def notify_workers(task: str = TURN_TASK) -> None:
    """Send `task` to the workers, by default to claim a lane.

    No claim is asked for while enough messages are waiting. Broker errors are logged, not raised: the sweeper runs
    anyway.
    """
    global _broker_backoff_until
    if monotonic() < _broker_backoff_until:
        return
    # Own timeouts: those for consuming from the same broker are much longer.
    options = {"socket_timeout": _NOTIFY_TIMEOUT_SECONDS, "socket_connect_timeout": _NOTIFY_TIMEOUT_SECONDS}
    broker = current_app.connection_for_write(transport_options=options)
    try:
        with producers[broker].acquire(block=True, timeout=_NOTIFY_TIMEOUT_SECONDS) as producer:
            if task == TURN_TASK and messages.is_full(producer.channel, settings.CELERY_TASK_DEFAULT_QUEUE):
                return
            current_app.send_task(task, producer=producer, retry=False)
    except (OperationalError, OSError, *broker.connection_errors) as error:
        _broker_backoff_until = monotonic() + _BROKER_BACKOFF_SECONDS
        logger.warning("Could not notify workers through the broker, the next sweep will: %s", error)
