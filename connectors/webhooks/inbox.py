"""The inbox: one INSERT per event, and a nudge that can never hold up the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from time import monotonic
from typing import Any

import orjson
from django.db import connection as database

from connectors.contract import MISREAD, Adapter
from connectors.errors import NeedsAttention
from connectors.models import WebhookEvent
from connectors.opening import account_of
from connectors.registry import adapter_for
from connectors.webhooks.schemes import verify
from connectors.webhooks.waking import waker
from hub.kinds import Direction
from hub.models import Connection, Job

MAX_BODY = 256 * 1024
_CACHE_SECONDS = 5.0
_CACHED = 10_000
# The character NUL as JSON writes it; an even number of backslashes before it would be a text about it.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

State = WebhookEvent.State


class Malformed(Exception):
    """The body is not what the platform sends. The text is one of a few fixed reasons, for counting."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What receiving needs of a connection, kept for a few seconds by each web process.

    `lanes` are those of the import jobs by kind of data: whom to wake for an event.
    """

    connection_id: int
    adapter: type[Adapter]
    secrets: Mapping[str, str]
    lanes: Mapping[str, list[int]]
    until: float = field(compare=False)

    def route(self, payload: dict[str, Any]) -> tuple[str, str]:
        """The kind of data that an event is about, and why it will not be looked at ("": it will)."""
        try:
            data_type = next((str(notice.data_type) for notice in self.adapter.read_event(payload)), "")
        except MISREAD as error:
            return "", f"not understood: {error}"[:200]
        if not data_type:
            return "", "says nothing that is synced"
        return data_type, "" if data_type in self.lanes else f"this connection does not read {data_type}"


_receivers: dict[str, Receiver] = {}


def receiver_for(token: str) -> Receiver | None:
    """The connection behind a webhook address; None if there is none, or none any more."""
    known = _receivers.get(token)
    if known is not None and known.until > monotonic():
        return known
    receiver = _look_up(token)
    if receiver is None:
        _receivers.pop(token, None)
        return None
    if len(_receivers) >= _CACHED:
        _receivers.clear()
    _receivers[token] = receiver
    return receiver


def _look_up(token: str) -> Receiver | None:
    connection = Connection.objects.filter(webhook_token=token).exclude(state=Connection.State.UNINSTALLED).first()
    if connection is None:
        return None
    try:
        adapter = adapter_for(connection.platform)
    except LookupError:
        return None
    own = (connection.webhook_secret or {}).get("secret", "")
    try:
        secrets = adapter.webhook_secrets(account_of(connection), own)
    except NeedsAttention:
        secrets = {}  # nobody can be trusted until its credentials are mended
    jobs = Job.objects.filter(connection=connection, direction=Direction.IMPORT, enabled=True)
    return Receiver(
        connection.pk,
        adapter,
        {scheme: secret for scheme, secret in secrets.items() if secret},
        {job.data_type: job.lane_ids for job in jobs},
        monotonic() + _CACHE_SECONDS,
    )


_INSERT = """
INSERT INTO connectors_webhookevent AS event
    (day, received_at, connection_id, delivery_id, scope, data_type, payload, state, reason, attempts, deliveries)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 1)
ON CONFLICT (day, connection_id, delivery_id) DO UPDATE SET deliveries = event.deliveries + 1
"""
# A hash of the content says "look again", never "known already": two real updates may share one.
_LOOK_AGAIN = ", state = EXCLUDED.state, reason = EXCLUDED.reason, received_at = EXCLUDED.received_at"


def receive(receiver: Receiver, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Verify and store. Raises Untrusted or Malformed; nothing is stored then."""
    unique_id = verify(receiver.secrets, headers, body, now)
    payload, text = _parse(body)
    data_type, reason = receiver.route(payload)
    scope = payload.get("scope")
    with database.cursor() as cursor:
        cursor.execute(
            _INSERT if unique_id else _INSERT + _LOOK_AGAIN,
            [
                now.date(),
                now,
                receiver.connection_id,
                _storable(unique_id) or "hash:" + blake2b(body, digest_size=16).hexdigest(),
                _storable(scope)[:100] if isinstance(scope, str) else "",
                data_type,
                text,
                State.IGNORED if reason else State.PENDING,
                _storable(reason),
            ],
        )
    if not reason:
        waker.wake(receiver.lanes[data_type])


def _parse(body: bytes) -> tuple[dict[str, Any], str]:
    """The object, and its text as PostgreSQL and every reader take it: no NUL, no endless depth or digits."""
    try:
        payload = orjson.loads(body)
        text = orjson.dumps(payload).decode()
    except orjson.JSONDecodeError as error:
        raise Malformed("not JSON") from error
    except orjson.JSONEncodeError as error:
        raise Malformed("nested too deeply") from error
    if not isinstance(payload, dict):
        raise Malformed("not a JSON object")
    return payload, _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def _storable(text: str) -> str:
    """PostgreSQL holds no NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def count_refusal(connection_id: int | None, reason: str, now: datetime) -> None:
    """Refusals are counted per day and reason, so that a person sees them and nobody can fill a table with them."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_webhookrefusal AS refusal (day, connection_id, reason, number, last_at)
            VALUES (%s, %s, %s, 1, %s)
            ON CONFLICT (day, connection_id, reason) DO UPDATE SET
                number = refusal.number + 1, last_at = EXCLUDED.last_at
            """,
            [now.date(), connection_id, reason, now],
        )
