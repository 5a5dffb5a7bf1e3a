"""Outgoing requests reach public addresses only."""

import socket
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from connectors.adapters.factory import open_adapter
from connectors.adapters.private_hosts import hosts_to_call
from connectors.adapters.web_calls import limit_platform_calls
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.ssrf import ForbiddenAddress, check_url
from connectors.services.connections import install_connection, update_connection
from hub.models import Connection
from tests.factories import make_connection, make_seller

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


@pytest.mark.parametrize(
    "url", ["https://shop.example:99999/", "https://shop.example:x/", "https://[::1", f"https://{'a' * 64}.example/"]
)
def test_what_is_no_url_is_rejected(url: str) -> None:
    with pytest.raises(ForbiddenAddress, match="is not a"):
        check_url(url, allowed_hosts=[])


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888", "2a00::1"])
def test_public_address_is_allowed(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    check_url("https://shop.example/", allowed_hosts=[])


@pytest.mark.parametrize(
    ("host", "slug", "is_operator", "allowed"),
    [
        ("erp.internal", "acme", True, True),
        ("erp.internal", "acme", False, False),
        ("own.internal", "acme", False, True),
        ("own.internal", "other", False, False),
        ("all.internal", "other", False, True),
    ],
)
def test_owners_connect_only_private_hosts_that_are_for_them(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, host: str, slug: str, is_operator: bool, allowed: bool
) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["erp.internal", "own.internal"]
    settings.PRIVATE_HOSTS_OF_SELLERS = ["acme=own.internal", "*=all.internal"]
    resolve_to(monkeypatch, "10.0.0.5")
    person = User.objects.create_user("person@acme.example", is_staff=is_operator)
    values: dict[str, Any] = {"platform": "rest", "name": "ERP", "slug": "erp", "credentials": {"token": "t"}}
    with nullcontext() if allowed else pytest.raises(ValidationError, match="private address"):
        install_connection(**values, seller=make_seller(slug), base_url=f"https://{host}", by=person, start=False)
    assert Connection.objects.exists() == allowed


def test_a_connection_calls_no_private_host_but_its_own(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of a seller's shop could name another one. An owner keeps a URL that an operator entered."""
    settings.PRIVATE_HOSTS_ALLOWED = ["erp.internal", "db.internal"]
    settings.PRIVATE_HOSTS_OF_SELLERS = ["acme=images.internal"]
    resolve_to(monkeypatch, "10.0.0.5")
    connection = make_connection(make_seller("acme"), base_url="https://ERP.internal/api", credentials={"token": "t"})
    assert hosts_to_call(connection) == {"erp.internal", "images.internal"}
    owner = User.objects.create_user("owner@acme.example")
    values: dict[str, Any] = {"connection": connection, "by": owner, "name": "ERP", "settings": {}, "field_map": {}}
    update_connection(**values, base_url="https://ERP.internal/api")
    with pytest.raises(ValidationError, match="private address"):
        update_connection(**values, base_url="https://db.internal/api")


def test_slow_platforms_leave_threads_for_other_requests(db: None) -> None:
    """A request keeps its slot until it ends; the third that wants one is told to try again, and workers need none."""
    connection = make_connection(make_seller("acme"), base_url="https://erp.example", credentials={"token": "t"})

    def call(*inside: Any) -> HttpResponse:
        for _ in range(2):
            open_adapter(connection).http.close()
        return inside[0](*inside[1:]) if inside else HttpResponse()

    def request(*inside: Any) -> HttpResponse:
        return limit_platform_calls(lambda request: call(*inside))(HttpRequest())

    request(request)
    with pytest.raises(TryAgainLater, match="waiting for platforms"):
        request(request, request)
    request(request)
    open_adapter(connection).http.close()
