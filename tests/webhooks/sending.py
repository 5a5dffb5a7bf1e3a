"""Webhooks as platforms send them, with their signatures."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any

from standardwebhooks import Webhook

from connectors.webhooks.schemes import SECRET_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from hub.models import Connection

CLIENT_SECRET = "shop-secret"
_numbers = count(1)


def event(scope: str = "store/product/updated", item: int = 1, **data: Any) -> dict[str, Any]:
    """Return the body of a BigCommerce event."""
    about = {"type": scope.split("/")[1], "id": item, **data}
    return {"scope": scope, "store_id": "1", "data": about, "hash": "h", "created_at": 1, "producer": "stores/shop"}


def body_of(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def signed(
    body: bytes, *, secret: str = CLIENT_SECRET, at: datetime | None = None, message_id: str = ""
) -> dict[str, str]:
    """Return Standard Webhooks headers; each call has a new ID unless one is given."""
    moment = at or datetime.now(UTC)
    message_id = message_id or f"msg_{next(_numbers)}"
    signer = Webhook(base64.b64encode(secret.encode()).decode())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signer.sign(message_id, moment, body.decode()),
    }


def with_secret(connection: Connection) -> dict[str, str]:
    """Return the header that was configured when the webhook was registered."""
    return {SECRET_HEADER: connection.webhook_secret["secret"]}


def with_hmac(connection: Connection, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
    """Return the headers of our own HMAC scheme."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    digest = hmac.new(connection.webhook_secret["secret"].encode(), stamp.encode() + b"." + body, sha256)
    return {TIMESTAMP_HEADER: stamp, SIGNATURE_HEADER: digest.hexdigest()}


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Poll until other threads or processes have made the condition true."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "timed out waiting for the condition"
        time.sleep(0.02)
