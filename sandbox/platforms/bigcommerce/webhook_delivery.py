"""Delivers the events of stores to their webhooks: signed, retried, blocked and deactivated as by the vendor.

`--retry-scale` scales all times, so that two days of retries fit into a test.
"""

import asyncio
import base64
import hashlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import requests
from standardwebhooks import Webhook

from sandbox.platforms.base import Options
from sandbox.platforms.bigcommerce.store import Store, timestamp
from sandbox.platforms.bigcommerce.webhooks import matches
from sandbox.tables import Row

RETRY_AFTER_S = (60, 180, 300, 600, 900, 1800, 3600, 7200, 21_600, 50_400, 86_400)
WINDOW_S = 120
BLOCKED_S = 180
MIN_SUCCESS_RATE = 0.9
MIN_DELIVERIES = 100  # with fewer calls in a window, the vendor does not block a receiver
TIMEOUT_S = 10
MAX_SENDERS = 8
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one webhook; it stays the same through all retries."""

    id: str
    store: Store
    hook_id: int
    body: bytes
    scope: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one call: ok, failed, blocked or dropped. `status` is None if there was no answer."""

    at: float
    account: str
    hook_id: int
    scope: str
    message_id: str
    number: int
    status: int | None
    result: str


class Receiver:
    """The recent success rate of a host, and until when it is blocked."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._answers: deque[tuple[float, bool]] = deque()
        self._blocked_until = 0.0

    @property
    def blocked(self) -> bool:
        return time.monotonic() < self._blocked_until

    def record_result(self, succeeded: bool) -> None:
        now = time.monotonic()
        self._answers.append((now, succeeded))
        while self._answers[0][0] < now - WINDOW_S * self._scale:
            self._answers.popleft()
        good = sum(succeeded for _, succeeded in self._answers)
        if len(self._answers) >= MIN_DELIVERIES and good < MIN_SUCCESS_RATE * len(self._answers):
            self._blocked_until = now + BLOCKED_S * self._scale
            self._answers.clear()


class Delivery:
    """Sends the webhooks of all stores."""

    def __init__(self, options: Options) -> None:
        self._scale = options.retry_scale
        secret = base64.b64encode(options.client_secret.encode()).decode()
        self._signer = Webhook(secret)
        self._receivers: dict[str, Receiver] = {}
        self._threads = ThreadPoolExecutor(MAX_SENDERS, thread_name_prefix="webhook")
        self._local = threading.local()
        self._in_flight: set[asyncio.Task[None]] = set()
        self.attempts: deque[Attempt] = deque(maxlen=MAX_REMEMBERED)
        self._messages: deque[Message] = deque(maxlen=MAX_REMEMBERED)

    def listener(self, store: Store) -> Callable[[str, Row], None]:
        """Return the callback for a store to call on each change."""

        def on_change(scope: str, data: Row) -> None:
            webhooks = [hook for hook in store.webhooks if hook["is_active"] and matches(hook, scope)]
            if webhooks:
                body = payload(store, scope, data)
                for hook in webhooks:
                    message = Message(f"msg_{uuid.uuid4().hex}", store, hook["id"], body, scope)
                    self._messages.append(message)
                    self._send(message)

        return on_change

    def replay(self, count: int) -> int:
        """Send the latest messages again, newest first: duplicated and out of order. Returns how many."""
        latest = list(self._messages)[-count:] if count > 0 else []
        for message in reversed(latest):
            self._send(message)
        return len(latest)

    @property
    def pending(self) -> int:
        return len(self._in_flight)

    def as_dicts(self) -> list[Row]:
        return [asdict(attempt) for attempt in self.attempts]

    def clear_pending(self) -> None:
        """Discard pending messages and everything known about the receivers."""
        for task in self._in_flight:
            task.cancel()
        self._receivers.clear()
        self._messages.clear()
        self.attempts.clear()

    def stop(self) -> None:
        self.clear_pending()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self, message: Message) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(message))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _deliver(self, message: Message) -> None:
        for number in range(len(RETRY_AFTER_S) + 1):
            hook = message.store.webhooks.get(message.hook_id)
            if hook is None or not hook["is_active"]:
                self._note(message, number, None, "dropped")
                return
            host = urlsplit(hook["destination"]).netloc
            receiver = self._receivers.setdefault(host, Receiver(self._scale))
            if receiver.blocked:
                self._note(message, number, None, "blocked")
            else:
                loop = asyncio.get_running_loop()
                status = await loop.run_in_executor(self._threads, self._call, message, hook)
                succeeded = status is not None and 200 <= status < 300
                receiver.record_result(succeeded)
                self._note(message, number, status, "ok" if succeeded else "failed")
                if succeeded:
                    return
            if number < len(RETRY_AFTER_S):
                await asyncio.sleep(RETRY_AFTER_S[number] * self._scale)
        self._deactivate(message)

    def _call(self, message: Message, hook: Row) -> int | None:
        """Return the status of the receiver's answer, or None without an answer."""
        if not hasattr(self._local, "http"):
            self._local.http = requests.Session()
            self._local.http.trust_env = False
        sent_at = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": self._signer.sign(message.id, sent_at, message.body.decode()),
            **(hook["headers"] or {}),
        }
        try:
            answer = self._local.http.post(
                hook["destination"],
                data=message.body,
                headers=headers,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException:
            return None
        return int(answer.status_code)

    def _deactivate(self, message: Message) -> None:
        hook = message.store.webhooks.get(message.hook_id)
        if hook is not None:
            message.store.webhooks.change(hook, {"is_active": False, "updated_at": timestamp()})

    def _note(self, message: Message, number: int, status: int | None, result: str) -> None:
        self.attempts.append(
            Attempt(
                time.time(),
                message.store.name,
                message.hook_id,
                message.scope,
                message.id,
                number,
                status,
                result,
            )
        )


def payload(store: Store, scope: str, data: Row) -> bytes:
    """Return the body of a call. As at the vendor, two updates within one second share a hash."""
    event = {"scope": scope, "store_id": str(store.id), "data": data, "created_at": timestamp()}
    digest = hashlib.sha1(orjson.dumps([store.name, event]), usedforsecurity=False).hexdigest()
    return orjson.dumps({**event, "hash": digest, "producer": f"stores/{store.name}"})
