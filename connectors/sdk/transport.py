"""The transport of the HTTP client: checks each address before connecting, stops calls at their deadline, and encodes
queries."""

import logging
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from requests.adapters import HTTPAdapter

from connectors.sdk import ssrf

logger = logging.getLogger(__name__)


class Watchdog:
    """Closes the socket in use when the deadline passes, even if the server keeps sending a byte at a time."""

    current = threading.local()

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self.connection: Any = None
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def __enter__(self) -> "Watchdog":
        Watchdog.current.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        Watchdog.current.watch = None

    def _fire(self) -> None:
        self.fired = True
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError as error:
                logger.debug("The connection had already ended: %s", error)


class _GuardedConnection:
    """A mixin for urllib3's connections: checks the address before connecting, and registers with the watchdog."""

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
        if watch := getattr(Watchdog.current, "watch", None):
            watch.connection = self
        super().request(*args, **kwargs)  # type: ignore[misc]


class GuardedTransport(HTTPAdapter):
    """A requests transport with guarded connections. It does not retry: the engine schedules retries."""

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


def encoded_query(params: Mapping[str, Any]) -> str:
    """Percent-encoded (RFC 3986): unlike `+`, `%20` is a space to every server, also in the signatures of OAuth 1.

    Half of a surrogate pair, from a text that was repaired, becomes a question mark: such a text matches nothing.
    """
    given = {name: value for name, value in params.items() if value is not None}
    return urlencode(given, doseq=True, quote_via=quote, safe="", errors="replace")
