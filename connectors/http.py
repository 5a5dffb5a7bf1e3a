"""The one HTTP client of all adapters: total deadline, pooled connections, rate budget, three errors, call count."""

import json
import logging
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors import ssrf
from connectors.errors import NeedsAttention, SkipRecord, TryAgainLater

logger = logging.getLogger(__name__)

USER_AGENT = "SyncCenter/1.0 (integration hub)"
MAX_BODY = 64 * 1024 * 1024
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class Refused(SkipRecord):
    """A 4xx that says no to what was sent. Adapters read `status` and `body` and tell what it means."""

    def __init__(self, response: "Response") -> None:
        super().__init__(f"Refused with {response.status}: {response.text(300)}", code=f"http_{response.status}")
        self.status = response.status
        self.response = response

    @property
    def body(self) -> Any:
        """The answer's JSON, or None if it is none."""
        try:
            return self.response.json()
        except TryAgainLater:
            return None


@dataclass(slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """TryAgainLater for a body that is not JSON: a proxy's page or half an answer."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise TryAgainLater(
                f"The answer ({self.status}, {len(self.content)} bytes) is not valid JSON: {error}."
            ) from error

    def text(self, limit: int) -> str:
        return self.content[:limit].decode("utf-8", "replace").replace("\x00", "")


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """`Retry-After` in either of its forms (RFC 9110, 10.2.3): seconds or a date."""
    value = headers.get("Retry-After", "").strip()
    if value.isdigit():
        return now + timedelta(seconds=min(int(value), 86_400))
    try:
        timestamp = parsedate_to_datetime(value)
    except ValueError:
        return None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """How the client asks for a place in the account's budget and reports what the vendor said."""

    take: Callable[[], datetime | None]
    block: Callable[[datetime], None]


class HttpClient:
    """Calls one account. Not thread-safe: a turn makes its own.

    `deadline` bounds a whole call in seconds, from connecting to the last byte: a target that drips one byte a second
    cannot outlive a lease. Redirects are not followed. `parse_retry_after` reads the vendor's own headers for the time
    at which a
    429 or 503 may be repeated; `auth` signs each request, where a header that is always the same does not do. `calls`
    counts requests, `writes` those among them that may have changed something.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float,
        private_hosts: Collection[str] = (),
        budget: Budget | None = None,
        auth: AuthBase | None = None,
        parse_retry_after: Callable[[Mapping[str, str], datetime], datetime | None] = retry_after,
        max_body: int = MAX_BODY,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.deadline = deadline
        self.budget = budget
        self.parse_retry_after = parse_retry_after
        self.max_body = max_body
        self.auth = auth
        self.calls = 0
        self.writes = 0
        self.headers: dict[str, str] = {}
        self._private_hosts = frozenset(host.lower() for host in private_hosts)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _GuardedAdapter(self._private_hosts))

    def close(self) -> None:
        self._session.close()

    def get(self, path: str, **options: Any) -> Response:
        return self.request("GET", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Response:
        """One call. `body` is sent as JSON, `data` as it is (bytes or an open file).

        Returns every 2xx and 304. Raises TryAgainLater (network, 408, 423, 425, 429, 5xx), NeedsAttention (401, 403,
        redirects, forbidden addresses) or Refused (any other 4xx).
        """
        if self.budget and (free_at := self.budget.take()):
            raise TryAgainLater("The rate budget of this account is used up.", not_before=free_at, sent=False)
        if body is not None:
            data = orjson.dumps(body)
        sent_headers = self.headers | dict(headers or {})
        if body is not None:
            sent_headers.setdefault("Content-Type", "application/json")
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        self.calls += 1
        try:
            response = self._call(method, url, params, data, sent_headers, deadline or self.deadline)
            self._raise_for_status(method, path, response)
        except TryAgainLater as error:
            self.writes += error.sent and method not in _SAFE_METHODS
            raise
        self.writes += method not in _SAFE_METHODS
        return response

    def _call(self, method: str, url: str, params: Any, data: Any, headers: dict[str, str], seconds: float) -> Response:
        deadline = monotonic() + seconds
        watchdog = _Watchdog(seconds)
        try:
            with (
                watchdog,
                self._session.request(
                    method,
                    url,
                    params=params,
                    data=data,
                    headers=headers,
                    auth=self.auth,
                    timeout=(min(10.0, seconds), seconds),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                chunks, size = [], 0
                for chunk in answer.iter_content(64 * 1024):
                    size += len(chunk)
                    if size > self.max_body:
                        raise TryAgainLater(f"The answer is larger than {self.max_body} bytes.")
                    chunks.append(chunk)
                return Response(answer.status_code, answer.headers, b"".join(chunks))
        except ssrf.ForbiddenAddress as error:
            raise NeedsAttention(str(error), fix="Correct the connection's address.") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if forbidden := _find_cause(error, ssrf.ForbiddenAddress):
                raise NeedsAttention(str(forbidden), fix="Correct the connection's address.") from error
            if watchdog.fired or monotonic() >= deadline:
                raise TryAgainLater(f"No complete answer within {seconds:g} s.") from error
            never_sent = isinstance(error, requests.exceptions.ConnectTimeout) or bool(
                _find_cause(error, urllib3.exceptions.NewConnectionError)
            )
            raise TryAgainLater(_describe_error(error), sent=not never_sent) from error

    def _raise_for_status(self, method: str, path: str, response: Response) -> None:
        status = response.status
        if status < 300 or status == 304:
            return
        if status in (408, 423, 425, 429) or status >= 500:
            not_before = self.parse_retry_after(response.headers, datetime.now(UTC))
            if not_before and self.budget and status in (429, 503):
                self.budget.block(not_before)
            # Who is told "too many requests" was turned away at the door (RFC 6585, 4).
            raise TryAgainLater(
                f"{method} {path.split('?')[0]} answered {status}.", not_before=not_before, sent=status != 429
            )
        if status in (401, 403):
            raise NeedsAttention(
                f"The platform refuses our credentials ({status}).",
                fix="Renew the credentials of this connection, or give them the missing permission.",
                status=status,
            )
        if status < 400:
            raise NeedsAttention(
                f"The address answers with a redirect ({status}).",
                fix=f"Enter the final address in the connection: {response.headers.get('Location', 'unknown')[:200]}",
            )
        raise Refused(response)


class _Watchdog:
    """Shuts the socket in use when the deadline passes, whatever the server is dripping."""

    current = threading.local()

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self.connection: Any = None
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> "_Watchdog":
        _Watchdog.current.watchdog = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _Watchdog.current.watchdog = None

    def _fire(self) -> None:
        self.fired = True
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                logger.debug("The connection had ended by itself: %s", error)


class _GuardedConnection:
    """Mixed into urllib3's connections: checks the address it connects to and shows itself to the watchdog."""

    private_hosts: frozenset[str] = frozenset()

    def _new_conn(self) -> socket.socket:
        host, port = self.host, self.port  # type: ignore[attr-defined]
        try:
            addresses = ssrf.resolve(host, port, allowed_hosts=self.private_hosts)
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(host, self, error) from error  # type: ignore[arg-type]
        failure: OSError | None = None
        for family, kind, protocol, _, address in addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else 10)  # type: ignore[attr-defined]
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                failure = error
        raise urllib3.exceptions.NewConnectionError(self, f"{host}:{port} cannot be reached: {failure}")  # type: ignore[arg-type]

    def request(self, *args: Any, **kwargs: Any) -> None:
        if watchdog := getattr(_Watchdog.current, "watchdog", None):
            watchdog.connection = self
        super().request(*args, **kwargs)  # type: ignore[misc]


class _GuardedAdapter(HTTPAdapter):
    """A requests transport whose connections are guarded. No retries here: they live in rows."""

    def __init__(self, private_hosts: frozenset[str]) -> None:
        self._private_hosts = private_hosts
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        guard = type("Guard", (_GuardedConnection,), {"private_hosts": self._private_hosts})
        pools: dict[str, Any] = {"http": urllib3.HTTPConnectionPool, "https": urllib3.HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type("Pool", (pool,), {"ConnectionCls": type("Connection", (guard, pool.ConnectionCls), {})})
            for scheme, pool in pools.items()
        }


def _find_cause(error: BaseException, wanted: type[BaseException]) -> BaseException | None:
    """The exception of that type that lies behind another, however deeply libraries wrapped it."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if isinstance(current, wanted):
            return current
        if isinstance(current, BaseException) and id(current) not in seen:
            seen.add(id(current))
            waiting += [
                current.__cause__,
                current.__context__,
                getattr(current, "reason", None),
                *current.args,
            ]
    return None


def _describe_error(error: BaseException) -> str:
    """A network error in a few words, without addresses of memory or query strings."""
    name = type(error).__name__
    return {
        "ConnectTimeout": "The platform could not be reached in time.",
        "ReadTimeout": "The platform did not answer in time.",
        "ConnectionError": "The connection to the platform broke, or could not be made.",
        "ChunkedEncodingError": "The answer broke off in the middle.",
        "ContentDecodingError": "The answer's compression is broken.",
        "SSLError": "The platform's TLS certificate could not be verified.",
    }.get(name, f"Network trouble ({name}).")


def canonical_json(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks. What hashes are made of."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
