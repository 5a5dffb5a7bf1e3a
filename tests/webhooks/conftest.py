"""A connected shop that sends webhooks, and helpers to send them."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from connectors.services.connections import install_connection
from connectors.services.runs import sync
from connectors.webhooks import receiving
from connectors.webhooks.lane_waker import Waker
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.webhooks.sending import CLIENT_SECRET, body_of, signed

Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def join_waker_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave no thread with a database connection to the next test."""
    monkeypatch.setattr(receiving, "waker", Waker(idle_seconds=0.01))
    yield
    wait_for_waker()


def wait_for_waker() -> None:
    """Until the lanes of all events so far have been woken."""
    for thread in threading.enumerate():
        if thread.name == "webhook-waker":
            thread.join()


@pytest.fixture
def shop_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox(
        "bigcommerce",
        accounts={"shop": "token"},
        products=12,
        dirty=False,
        customers=6,
        orders=6,
        quota=100_000,
        client_secret=CLIENT_SECRET,
        retry_scale=0.00001,
    )


@pytest.fixture
def shop(db: None, shop_platform: SandboxProcess) -> Connection:
    """A BigCommerce shop whose events are trusted by signature or by secret; nothing has been imported yet."""
    return install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{shop_platform.url}/stores/shop",
        credentials={"access_token": "token", "client_secret": CLIENT_SECRET},
        start=False,
    )


@pytest.fixture
def read_shop(shop: Connection) -> Connection:
    """The same shop, imported in full."""
    for data_type in ("products", "orders"):
        sync(connection=shop, data_type=data_type, trigger="button")
    work_until_idle()
    return shop


@pytest.fixture
def post(client: Client) -> Post:
    """`post(connection, body, headers)`: one call to the connection's webhook URL, signed unless headers are given."""

    def send(connection: Connection, body: Any, headers: dict[str, str] | None = None) -> Any:
        raw = body if isinstance(body, bytes) else body_of(body)
        return client.post(
            f"/webhooks/{connection.webhook_token}",
            data=raw,
            content_type="application/json",
            headers=signed(raw) if headers is None else headers,
        )

    return send
