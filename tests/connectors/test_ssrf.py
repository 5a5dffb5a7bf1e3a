"""Outgoing requests reach public addresses only."""

import socket
from typing import Any

import pytest

from connectors.sdk.ssrf import ForbiddenAddress, check_url

SPECIAL = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.255.255", "192.0.0.1"),  # noqa: S104
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::"),
    *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1"),
]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(host: str, port: int, **options: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_UNSPEC, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("address", SPECIAL)
def test_special_address_is_rejected(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    # One of several addresses is enough.
    resolve_to(monkeypatch, "93.184.215.14", address)
    with pytest.raises(ForbiddenAddress, match="PRIVATE_HOSTS_ALLOWED"):
        check_url("https://shop.example/", allowed_hosts=[])
    check_url("https://shop.example/", allowed_hosts=["shop.example"])


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1"])
def test_public_address_is_allowed(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    check_url("https://shop.example/", allowed_hosts=[])
