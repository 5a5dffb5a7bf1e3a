"""Messages in a Celery queue that did not come from Celery."""

import json
import os
from contextlib import closing
from typing import Any

import pytest
import redis
from kombu import Connection, Consumer, Queue

from synccenter.broker import Transport
from synccenter.celery import app


def test_celery_uses_this_transport() -> None:
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, Transport)


@pytest.mark.parametrize(
    "garbage",
    [b"not json", b"\xff\xfe", b"5", b"{}", b"[[]]", b'{"body": "x", "properties": {}}', b'{"properties": 1}'],
)
def test_unreadable_message_is_dropped_and_the_next_one_arrives(caplog: Any, garbage: bytes) -> None:
    received: list[Any] = []
    url = os.environ["REDIS_URL"]
    queue = Queue("broker-test")
    with Connection(url, transport=Transport) as connection, closing(redis.Redis.from_url(url)) as client:
        with Consumer(connection, [queue], callbacks=[lambda body, message: (received.append(body), message.ack())]):
            client.lpush("broker-test", garbage)
            connection.Producer().publish({"hello": "world"}, routing_key="broker-test", exchange="")
            while not received:
                connection.drain_events(timeout=60)
        assert client.llen("broker-test") == 0
    assert received == [{"hello": "world"}]
    assert "Dropped a message" in caplog.text and json.dumps(received) not in caplog.text
