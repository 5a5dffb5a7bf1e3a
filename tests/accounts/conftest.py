"""People with passwords, and second factors as an outside program computes them."""

import base64
import hmac
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from synccenter.demo.platforms import free_port
from synccenter.processes import Processes
from tests.dashboard.merchants import Merchant, make_merchant

PASSWORD = "a long pass phrase"


@pytest.fixture
def acorn(db: None) -> Merchant:
    """A seller whose owner, alice@acorn.example, has PASSWORD."""
    merchant = make_merchant("acorn")
    merchant.owner.set_password(PASSWORD)
    merchant.owner.save()
    return merchant


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """The URL of a provider that logs anybody in as whom they say they are."""
    port, group = free_port(0), Processes()
    group.start("provider", [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)], {})
    group.wait_for("provider", "running on")
    yield f"http://127.0.0.1:{port}"
    group.stop(grace=0)


def use_provider(settings: Any, issuer: str) -> None:
    """As the OIDC_ settings would."""
    settings.OIDC_ISSUER, settings.OIDC_NAME = issuer, "Acme ID"
    settings.OIDC_DOMAINS = ["acorn.example", "hub.example"]
    app = {"provider_id": "sso", "name": "Acme ID", "client_id": "hub", "secret": "s"}
    app |= {"settings": {"server_url": issuer}}  # type: ignore[dict-item]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


@pytest.fixture
def log_in(client: Client) -> Callable[..., Client]:
    """`log_in(user)`: a client that has entered the password."""

    def enter(user: User, **meta: str) -> Client:
        client.post("/login/", {"username": user.email, "password": PASSWORD}, **meta)
        return client

    return enter


def totp(secret: str, *, at: float | None = None) -> str:
    """The code of RFC 6238 (30 seconds, 6 digits, SHA-1)."""
    counter = struct.pack(">Q", int((time.time() if at is None else at) // 30))
    digest = hmac.new(base64.b32decode(secret), counter, "sha1").digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"
