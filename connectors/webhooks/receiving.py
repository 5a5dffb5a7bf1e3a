"""Receiving webhooks: stores each event with one INSERT and wakes its lanes without delaying the response."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from time import monotonic
from typing import Any

import orjson
from django.db import connection as database
from django.db import transaction
from django.db.models import CharField, Func
from django.dispatch import Signal

from common.storable import storable_json, storable_text
from connectors.adapters.factory import account_for
from connectors.adapters.registry import adapter_for, adapters
from connectors.models import WebhookEvent
from connectors.sdk.adapter import Adapter
from connectors.sdk.decoding import decode_json
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.webhooks import PAYLOAD_ERRORS, PrivacyAction, PrivacyEvent
from connectors.webhooks import json_rpc
from connectors.webhooks.lane_waker import waker
from connectors.webhooks.routing import route
from connectors.webhooks.schemes import Untrusted, verify
from hub.alerts import announce
from hub.models import Connection, Job

MAX_CALLS = 100
_CACHE_SECONDS = 5.0
_CACHE_SIZE = 10_000

State = WebhookEvent.State
# A platform asks to export or erase personal data. Sent by the adapter's class in the transaction that stores the
# events, with `payload` (the event), `delivery_id`, `connection_ids` and `now`. Some may be uninstalled.
privacy_event_received = Signal()


class Malformed(Exception):
    """The body is not in the platform's format. The text is one of a few fixed reasons, so that it can be counted."""


class StaleReceiver(Exception):
    """The connection has changed since its receiver was cached and has to be loaded again. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What is needed to receive events for a connection, cached for a few seconds by each web process.

    `version` is the version of the connection's row: if the row has changed, nothing is stored. `lanes` maps
    (direction, data type) to the IDs of the lanes to wake.
    """

    connection_id: int
    version: str
    base_url: str
    adapter: type[Adapter[Any]]
    secrets: Mapping[str, str]
    # Whether calls are only verified by the secret of the installation's own app, which no seller knows.
    is_own_app: bool
    lanes: Mapping[tuple[str, str], list[int]]
    expires_at: float = field(compare=False)


_receivers: dict[str, Receiver] = {}


def receiver_for(token: str, *, refresh: bool = False) -> Receiver | None:
    """The receiver for a webhook token; None if the token is unknown or no longer valid."""
    known = _receivers.get(token)
    if known is not None and known.expires_at > monotonic() and not refresh:
        return known
    receiver = _look_up(token)
    if receiver is None:
        _receivers.pop(token, None)
        return None
    if len(_receivers) >= _CACHE_SIZE:
        _receivers.clear()
    _receivers[token] = receiver
    return receiver


def _look_up(token: str) -> Receiver | None:
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED)
    version = Func(template=_VERSION, output_field=CharField())
    connection = installed.annotate(version=version).filter(webhook_token=token).first()
    if connection is None:
        return None
    try:
        adapter = adapter_for(connection.platform)
    except LookupError:
        return None
    own = (connection.webhook_secret or {}).get("secret", "")
    is_own_app = False
    try:
        account = account_for(connection)
        secrets = adapter.webhooks.secrets(account, own)
        is_own_app = {secret for secret in secrets.values() if secret} == {account.app_secret}
    except NeedsAttention:
        secrets = {}  # no call can be verified until the credentials are corrected
    jobs = Job.objects.filter(connection=connection, enabled=True)
    return Receiver(
        connection.pk,
        connection.version,
        connection.base_url,
        adapter,
        {scheme: secret for scheme, secret in secrets.items() if secret},
        is_own_app,
        {(job.direction, job.data_type): job.lane_ids for job in jobs},
        monotonic() + _CACHE_SECONDS,
    )


# The transaction that last wrote the row; it differs after every change.
_VERSION = "hub_connection.xmin::text"
_INSERT = f"""
INSERT INTO connectors_webhookevent AS event
    (day, received_at, connection_id, delivery_id, scope, direction, data_type, payload, state, reason, attempts,
     deliveries)
SELECT %s, %s, id, %s, %s, %s, %s, %s, %s, %s, 0, 1 FROM hub_connection WHERE id = %s AND {_VERSION} = %s
ON CONFLICT (day, connection_id, delivery_id) DO UPDATE SET deliveries = event.deliveries + 1
"""  # noqa: S608 - no external input
# Events identified by a hash of their content are processed again: two different updates may have the same content.
_REPROCESS = ", state = EXCLUDED.state, reason = EXCLUDED.reason, received_at = EXCLUDED.received_at"
# The names of the field that holds an event's type, by platform.
_EVENT_NAME_KEYS = ("scope", "kind", "method", "topic")


def receive(receiver: Receiver, headers: Mapping[str, str], body: bytes, now: datetime) -> Any:
    """Verify and store a call. Returns the response body for the sender, as JSON types, or None for an empty one.

    Raises Untrusted, Malformed or StaleReceiver; nothing is stored then.
    """
    if "json_rpc" in receiver.secrets:
        return _receive_calls(receiver, headers, body, now)
    webhooks = receiver.adapter.webhooks
    if webhooks.is_ping(headers, body):
        return None
    unique_id = verify(receiver.secrets, headers, body, now)
    payload = _parse(body)
    try:
        event = webhooks.event_of(payload, headers) if isinstance(payload, dict) else payload
        notice = webhooks.notice_of(event) if isinstance(event, dict) else ""
        privacy_event = webhooks.privacy_event_of(event) if isinstance(event, dict) else None
    except PAYLOAD_ERRORS as error:
        raise Malformed("unexpected format") from error
    if notice:
        key = f"webhook:{receiver.connection_id}:{_hash((unique_id or _text(event)).encode())}"
        announce(key=key, message=notice, now=now)
    receivers = _receivers_of(receiver, event, headers, body, now) if isinstance(event, dict) else [receiver]
    if not receivers:
        count_refusal(receiver.connection_id, "another account", now)
    delivery_id = unique_id or _hash(body if event is payload else _text(event).encode())
    insert = _INSERT if unique_id else _INSERT + _REPROCESS
    if privacy_event is None:
        for each in receivers:
            _store(each, event, now, delivery_id, insert)
        return None
    with transaction.atomic():
        for each in receivers:
            _store(each, event, now, delivery_id, insert)
        if connection_ids := [each.connection_id for each in receivers] + _uninstalled(receiver, event, privacy_event):
            privacy_event_received.send(
                receiver.adapter, payload=event, delivery_id=delivery_id, connection_ids=connection_ids, now=now
            )
    return None


def _receivers_of(
    receiver: Receiver, event: dict[str, Any], headers: Mapping[str, str], body: bytes, now: datetime
) -> list[Receiver]:
    """The receivers of all connections that a verified event concerns.

    That is this one and, if the event names its account, the other connections to the account, also of other sellers
    and of platforms that name accounts in the same way. Of the others, only those whose own secret verifies the call.
    """
    webhooks = receiver.adapter.webhooks
    found = [receiver] if webhooks.is_of(receiver.base_url, event) else []
    if not (account_url := webhooks.account_url_of(event)):
        return found
    others = Connection.objects.filter(platform__in=_platforms_like(receiver), base_url=account_url)
    for token in others.exclude(pk=receiver.connection_id).order_by("pk").values_list("webhook_token", flat=True):
        # Not a cached one: the caller loads only its own again if that has changed meanwhile.
        if (other := receiver_for(token, refresh=True)) is None:
            continue
        try:
            verify(other.secrets, headers, body, now)
        except Untrusted:
            continue
        found.append(other)
    return found


def _uninstalled(receiver: Receiver, event: dict[str, Any], privacy_event: PrivacyEvent) -> list[int]:
    """The uninstalled connections of an account that asks to erase everything: what they imported is still here.

    Their secrets are deleted, so only a call that the installation's own app has signed may concern them.
    """
    if not (receiver.is_own_app and privacy_event.action is PrivacyAction.ERASE_ALL):
        return []
    found = Connection.objects.filter(
        state=Connection.State.UNINSTALLED,
        platform__in=_platforms_like(receiver),
        base_url=receiver.adapter.webhooks.account_url_of(event),
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def _platforms_like(receiver: Receiver) -> list[str]:
    """The platforms that find the account of an event by the same method."""
    method = receiver.adapter.webhooks.account_url_of.__func__  # type: ignore[attr-defined]
    return [
        key
        for key, adapter in adapters().items()
        if adapter.webhooks.account_url_of.__func__ is method  # type: ignore[attr-defined]
    ]


def _receive_calls(receiver: Receiver, headers: Mapping[str, str], body: bytes, now: datetime) -> Any:
    """Store each call of a batch as an event, or the single call. A call answers one request of ours, so a duplicate is
    not processed."""
    received, secret = _parse(body), receiver.secrets["json_rpc"]
    if isinstance(received, dict):
        json_rpc.verify_single(secret, received, headers)
        _store(receiver, received, now, _hash(_text(received).encode()), _INSERT)
        return next(iter(json_rpc.answer([received])), None)
    json_rpc.verify(secret, received)
    calls = json_rpc.calls(received)
    if len(calls) > MAX_CALLS:
        raise Malformed("too many calls")
    with transaction.atomic():
        for call in calls:
            _store(receiver, call, now, _hash(_text(call).encode()), _INSERT)
    return json_rpc.answer(calls)


def _store(receiver: Receiver, payload: Any, now: datetime, delivery_id: str, insert: str) -> None:
    if not isinstance(payload, dict):
        raise Malformed("not a JSON object")
    event_name = next((name for each in _EVENT_NAME_KEYS if isinstance(name := payload.get(each), str)), "")
    chosen = route(receiver.adapter, payload)
    lane_ids = receiver.lanes.get((chosen.direction, chosen.data_type))
    reason = chosen.reason or ("" if lane_ids else f"This connection does not {chosen.verb} {chosen.data_type}.")
    with database.cursor() as cursor:
        cursor.execute(
            insert,
            [
                now.date(),
                now,
                storable_text(delivery_id),
                storable_text(event_name)[:100],
                chosen.direction,
                chosen.data_type,
                _text(payload),
                State.IGNORED if reason else State.PENDING,
                storable_text(reason),
                receiver.connection_id,
                receiver.version,
            ],
        )
        if cursor.rowcount == 0:
            raise StaleReceiver
    if lane_ids and not reason:
        transaction.on_commit(lambda: waker.wake(lane_ids))


def _hash(content: bytes) -> str:
    return "hash:" + blake2b(content, digest_size=16).hexdigest()


def _parse(body: bytes) -> Any:
    try:
        payload, _ = decode_json(body)
    except ValueError as error:
        raise Malformed("not JSON") from error
    return payload


def _text(payload: Any) -> str:
    """The payload as JSON that PostgreSQL accepts, and that is not nested too deeply."""
    try:
        return storable_json(payload)
    except orjson.JSONEncodeError as error:
        raise Malformed("nested too deeply") from error


def count_refusal(connection_id: int | None, reason: str, now: datetime) -> None:
    """Count a rejected call by day and reason. Counting makes them visible without letting senders fill a table."""
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
