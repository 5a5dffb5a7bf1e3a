"""Celery's Redis transport, except that a message which nobody could have sent with Celery doesn't end the worker.

Such a message is already off the queue when it turns out to be unreadable. It is logged, without its content, and
dropped; messages carry no data (synccenter/celery.py), so nothing is lost with it.
"""

import json
import logging
from queue import Empty
from typing import Any

from kombu.transport import redis

logger = logging.getLogger(__name__)


def _is_readable(message: Any) -> bool:
    """Whether the message has the parts that kombu reads before Celery handles errors of the rest."""
    return (
        isinstance(message, dict)
        and isinstance(message.get("body"), str)
        and isinstance(properties := message.get("properties"), dict)
        and isinstance(properties.get("delivery_tag"), str)
        and isinstance(message.get("headers", {}), dict)
        and isinstance(properties.get("delivery_info", {}), dict)
    )


class Channel(redis.Channel):
    def _brpop_read(self, **options: Any) -> bool:
        try:
            return bool(super()._brpop_read(**options))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            logger.warning("Dropped a message that is not JSON from a Celery queue: %s", type(error).__name__)
            raise Empty from error


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        if _is_readable(message):
            super()._deliver(message, queue)
        else:
            logger.warning("Dropped a message without Celery's format from the queue %s", queue)
