"""People with passwords, and second factors as an outside program computes them."""

import base64
import hmac
import struct
import time
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.dashboard.merchants import Merchant, make_merchant

PASSWORD = "a long pass phrase"


@pytest.fixture
def acorn(db: None) -> Merchant:
    """A seller whose owner, alice@acorn.example, has PASSWORD."""
    merchant = make_merchant("acorn")
    merchant.owner.set_password(PASSWORD)
    merchant.owner.save()
    return merchant


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
