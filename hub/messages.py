"""Celery messages: how many wait in a queue, so that they do not pile up while no worker takes them.

Messages carry no data: each only makes a worker look at the rows. So none has to expire, which would depend on the
clocks of two machines, and none is needed while enough of them are waiting.
"""

from typing import Any

from kombu.exceptions import ChannelError

# Enough to wake all workers of a large installation, and few enough to be worked off in seconds.
MAX_WAITING = 100


def is_full(channel: Any, queue: str) -> bool:
    """Whether so many messages are waiting in the queue that another one would change nothing."""
    try:
        _, waiting, _ = channel.queue_declare(queue=queue, passive=True)
    except ChannelError:  # Redis has no empty queues
        return False
    return int(waiting) >= MAX_WAITING
