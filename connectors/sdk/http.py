"""The HTTP client of all adapters, with a total deadline, pooled connections, rate budget, typed errors, call count."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from connectors.sdk import clock
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.isolation import Isolation
from connectors.sdk.network_errors import translate
from connectors.sdk.responses import MAX_VALUES, RequestRejected, Response, describe_denial, retry_after
from connectors.sdk.transport import GuardedTransport, Watchdog, encoded_query

# What adapters import from here.
__all__ = ["MAX_BODY", "Budget", "HttpClient", "RequestRejected", "Response"]

USER_AGENT = "SyncCenter/1.0 (integration hub)"
MAX_BODY = 64 * 1024 * 1024
_READ_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Budget:
    """The account's rate budget. `take` reserves a request, or returns when one will be free; `block` stops requests
    until the time that the vendor gave."""

    take: Callable[[], datetime | None]
    block: Callable[[datetime], None]


class HttpClient:
    """Makes the calls to one account. Not thread-safe: each turn has its own client.

    `deadline` limits a whole call in seconds, from connecting to the last byte, so that a target that sends one byte
    per second cannot exceed the lease. Redirects are not followed. `retry_at` reads from the headers of a 429 or 503
    when the call may be repeated; never more than a day ahead. A response may have `max_body` bytes after
    decompression, and `max_values` values. `calls` counts requests, `writes` those that may have changed something.
    `server_time` is the server's clock (its `Date` header) when the first call since the last
    `forget_server_time` was sent, None if it is unknown; `repaired`, whether a response had to be repaired to be
    decoded. `isolation` says whose fault it is if the calls for one item fail. An adapter may replace
    `describe_denial`, if the platform names the missing permission.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float,
        private_hosts: Collection[str] = (),
        budget: Budget | None = None,
        retry_at: Callable[[Mapping[str, str], datetime], datetime | None] = retry_after,
        max_body: int = MAX_BODY,
        max_values: int = MAX_VALUES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.deadline = deadline
        self.budget = budget
        self.retry_at = retry_at
        self.max_body = max_body
        self.max_values = max_values
        self.authenticator: Authenticator | None = None
        self.describe_denial = describe_denial
        self.calls = 0
        self.writes = 0
        self.repaired = False
        self.isolation = Isolation.NEVER
        self.server_time: datetime | None = None
        self.headers: dict[str, str] = {}
        self._abort_reason = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, GuardedTransport(frozenset(host.lower() for host in private_hosts)))

    def close(self) -> None:
        self._session.close()

    def abort(self, reason: str) -> None:
        """Refuse further calls, because the caller has lost its lease. A call in flight is completed."""
        self._abort_reason = reason

    def forget_server_time(self) -> None:
        """Take the server's time anew, from the next response."""
        self.server_time = None

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
        authenticate: bool = True,
    ) -> Response:
        """Make one call. `body` is sent as JSON, `data` unchanged (bytes, a form or an open file).

        Returns 2xx and 304 responses. Raises TryAgainLater (network, 408, 423, 425, 429, 5xx), NeedsAttention (401,
        403, redirects, forbidden addresses) or RequestRejected (any other 4xx). After a 401 the call is repeated once
        if the authenticator can renew the credentials; an open file is then read from its start again.
        """
        if body is not None:
            data = orjson.dumps(body)
        sent_headers = self.headers | dict(headers or {})
        if body is not None:
            sent_headers.setdefault("Content-Type", "application/json")
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        authenticator = self.authenticator if authenticate else None
        renewed = False
        while True:
            if authenticator is not None:
                authenticator.prepare(self)
            response = self._send(method, url, params, data, sent_headers, deadline or self.deadline, authenticator)
            if response.status != 401 or authenticator is None or renewed or not authenticator.renew(self):
                break
            renewed = True
            if hasattr(data, "seek"):
                data.seek(0)
        try:
            self._raise_for_status(method, path, response)
        except TryAgainLater as error:
            self.writes += error.sent and method not in _READ_METHODS
            raise
        self.writes += method not in _READ_METHODS
        return response

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        data: Any,
        headers: dict[str, str],
        seconds: float,
        authenticator: Authenticator | None,
    ) -> Response:
        if self._abort_reason:
            raise TryAgainLater(self._abort_reason, sent=False)
        if self.budget and (free_at := self.budget.take()):
            raise TryAgainLater("The rate budget of this account is used up.", not_before=free_at, sent=False)
        self.calls += 1
        try:
            return self._call(method, url, params, data, headers, seconds, authenticator)
        except TryAgainLater as error:
            self.writes += error.sent and method not in _READ_METHODS
            raise

    def _call(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        data: Any,
        headers: dict[str, str],
        seconds: float,
        authenticator: Authenticator | None,
    ) -> Response:
        started = monotonic()
        ends = started + seconds
        watch = Watchdog(seconds)
        try:
            with (
                watch,
                self._session.request(
                    method,
                    url,
                    params=encoded_query(params or {}),
                    data=data,
                    headers=headers,
                    auth=authenticator,
                    timeout=(min(10.0, seconds), seconds),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                self._note_server_time(answer.headers.get("Date"), started)
                chunks, size = [], 0
                for chunk in answer.iter_content(64 * 1024):
                    size += len(chunk)
                    if size > self.max_body:
                        raise TryAgainLater(f"The response is larger than {self.max_body} bytes.")
                    chunks.append(chunk)
                return Response(answer.status_code, answer.headers, b"".join(chunks), self.note_repair, self.max_values)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            translated = translate(error)
            late = watch.fired or monotonic() >= ends
            # Reading from a socket that the watchdog closed may raise a ValueError, which usually has another cause.
            closed = watch.fired and isinstance(error, ValueError)
            if closed or (late and isinstance(translated, TryAgainLater)):
                raise TryAgainLater(f"No complete response within {seconds:g} s.") from error
            raise translated from error

    def _note_server_time(self, date: str | None, started: float) -> None:
        """The header is from when the server answered; what changed during the call may be missing in the answer."""
        if self.server_time is None and date and (parsed := clock.parse_http_date(date)):
            self.server_time = parsed - timedelta(seconds=monotonic() - started)

    def note_repair(self) -> None:
        """Called if a response had to be repaired: texts and numbers of the items may be malformed from now on."""
        self.repaired = True

    def _raise_for_status(self, method: str, path: str, response: Response) -> None:
        status = response.status
        if status < 300 or status == 304:
            return
        if status in (408, 423, 425, 429) or status >= 500:
            now = clock.now()
            not_before = self.retry_at(response.headers, now)
            not_before = not_before and min(not_before, now + clock.MAX_REST)
            if not_before and self.budget and status in (429, 503):
                self.budget.block(not_before)
            # A request that was answered with 429 was not processed (RFC 6585, 4).
            raise TryAgainLater(
                f"{method} {path.split('?')[0]} returned {status}.",
                not_before=not_before,
                sent=status != 429,
                status=status,
            )
        if status in (401, 403):
            message, fix = self.describe_denial(response)
            raise NeedsAttention(message, fix=fix, status=status)
        if status < 400:
            raise NeedsAttention(
                f"The URL redirects ({status}).",
                fix=f"Enter the final URL in the connection: {_without_query(response.headers.get('Location', ''))}",
            )
        raise RequestRejected(response)


def _without_query(location: str) -> str:
    """A redirect may repeat credentials that were sent in the query."""
    url = urlsplit(location)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"[:200] if url.netloc else "unknown"
