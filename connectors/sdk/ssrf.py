"""Keeps outgoing requests away from private networks, whatever a URL or a name server says.

The address is checked after resolving and the connection is made to that very address, so a name that resolves
differently a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit


class ForbiddenAddress(OSError):
    """The host is private, or does not exist in a form that may be called."""


def check_url(url: str, *, allowed_hosts: Collection[str]) -> None:
    """ForbiddenAddress unless it is http(s) to a host that may be called; plain http only to allowed hosts."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host:
        raise ForbiddenAddress(f"{url!r} is no web address: write https://host/…")
    if parts.username or parts.password:
        raise ForbiddenAddress("Put the user and the password into the credentials, not into the address.")
    if parts.scheme == "http" and host not in allowed_hosts:
        raise ForbiddenAddress(f"{host} must be called by https.")
    resolve(host, parts.port or (443 if parts.scheme == "https" else 80), allowed_hosts=allowed_hosts)


def resolve(host: str, port: int, *, allowed_hosts: Collection[str]) -> list[tuple[Any, ...]]:
    """`getaddrinfo` of the host, all of it public. One private address among them is enough to refuse."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    if host.lower() not in allowed_hosts:
        for *_, address in found:
            if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
                raise ForbiddenAddress(
                    f"{host} leads to a private address. If that is meant, add it to PRIVATE_HOSTS_ALLOWED."
                )
    return found
