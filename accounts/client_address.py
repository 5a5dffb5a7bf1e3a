"""The IP address of the client behind a request, as seen through the configured number of trusted proxies."""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_current: ContextVar[str | None] = ContextVar("client_address", default=None)


def client_address(request: HttpRequest) -> str | None:
    """The client's address, or None if the server got the request over a Unix socket without a trusted proxy.

    Each proxy appends the address that it was called from to `X-Forwarded-For`. What stands before the entries of the
    trusted proxies was sent by the client and may be forged. With fewer entries than proxies, the request has bypassed
    a proxy, so only the connection's own address counts.
    """
    depth = settings.TRUSTED_PROXY_COUNT
    entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    forwarded = _parse(entries[-depth]) if 0 < depth <= len(entries) else None
    return forwarded or _parse(request.META.get("REMOTE_ADDR", ""))


def current_client_address() -> str | None:
    """The address of the client whose request this thread is answering; None in workers and commands."""
    return _current.get()


def remember_client_address(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that makes the address available to the audit log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = _current.set(client_address(request))
        try:
            return get_response(request)
        finally:
            _current.reset(token)

    return middleware


def _parse(text: str) -> str | None:
    """An address in canonical form, without port, brackets and zone. An IPv4-mapped IPv6 address becomes IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
