"""Protection against SSRF: keeps outgoing requests away from private networks.

The address is checked after resolving, and the connection is made to exactly this address, so that a name that
resolves differently a moment later (DNS rebinding) is no risk.
"""

import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from connectors.sdk.ssrf_ranges import is_public


class ForbiddenAddress(OSError):
    """The URL is invalid, or its host is private."""


def check_url(url: str, *, allowed_hosts: Collection[str]) -> None:
    """Raises ForbiddenAddress unless the URL is https to a public or allowed host, or http to an allowed host."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:  # a port that is no port, half an IPv6 address
        raise ForbiddenAddress(f"{url!r} is not a URL: {error}. Enter a URL such as https://host/…") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ForbiddenAddress(f"{url!r} is not a URL. Enter a URL such as https://host/…")
    if parts.username or parts.password:
        raise ForbiddenAddress("Enter user name and password in the credentials, not in the URL.")
    if parts.scheme == "http" and host not in allowed_hosts:
        raise ForbiddenAddress(f"{host} must be called with https.")
    resolve(host, port or (443 if parts.scheme == "https" else 80), allowed_hosts=allowed_hosts)


def resolve(host: str, port: int, *, allowed_hosts: Collection[str]) -> list[tuple[Any, ...]]:
    """`getaddrinfo` of the host. Raises ForbiddenAddress if it is not a host name, or if any of its addresses is
    private."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise ForbiddenAddress(f"{host!r} is not a host name.") from error
    if host.lower() not in allowed_hosts:
        for *_, address in found:
            if not is_public(str(address[0])):
                raise ForbiddenAddress(
                    f"{host} has a private address. If that is intended, add the host to PRIVATE_HOSTS_ALLOWED."
                )
    return found
