"""A custom system sends events about its changes, signed as docs/platforms/rest.md says, and the targets follow."""

import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts.models import AuditEvent
from connectors.engine.maintenance import sweep
from connectors.models import WebhookEvent
from connectors.platforms.rest.webhooks import RestWebhooks
from connectors.services.connections import install_connection, uninstall_connection
from connectors.services.runs import sync
from connectors.services.webhooks import renew_webhook_secret
from connectors.webhooks.registration import webhook_url
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "platforms" / "rest.md"


class System:
    """A shop that speaks the protocol, and a target that gets its products."""

    def __init__(self, process: SandboxProcess, url: str) -> None:
        self.process = process
        common: dict[str, Any] = {"seller": make_seller("acme"), "base_url": process.url, "start": False}
        self.connection = install_connection(
            **common, platform="rest_shop", name="Own shop", slug="own-shop", credentials={"token": "shop-token"}
        )
        install_connection(
            **common, platform="rest", name="Target", slug="target", credentials={"token": "target-token"}
        )
        self.address = webhook_url(self.connection).replace("http://127.0.0.1:8000", url)
        self.put({"key": "p1", "title": "Rope", "variants": [{"key": "v1", "sku": "ROPE"}]})
        self.put({"key": "p2", "title": "Hook", "variants": [{"key": "v2", "sku": "HOOK"}]})
        sync(connection=self.connection, data_type="products", trigger="button")
        work_until_idle()

    def put(self, product: dict[str, Any]) -> None:
        self.call("PUT", [product])

    def call(self, method: str, body: list[Any]) -> None:
        headers = {"Authorization": "Bearer shop-token"}
        answer = requests.request(method, f"{self.process.url}/v1/products", json=body, headers=headers, timeout=60)
        assert [each["status"] for each in answer.json()["results"]] == ["ok"]

    def send_event(self, secret: str, event: Any, *, at: float | None = None) -> requests.Response:
        """Send an event as the documentation tells implementers to."""
        body, stamp = json.dumps(event).encode(), str(int(at or time.time()))
        signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
        headers = {"X-SyncCenter-Timestamp": stamp, "X-SyncCenter-Signature": signature}
        return requests.post(self.address, data=body, headers=headers, timeout=60)

    def send_documented_event(self, secret: str) -> None:
        """Run the script of the documentation with this address and secret."""
        [script] = re.findall(r"```python file=send_event.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
        script = script.replace("https://hub.example/webhooks/TOKEN", self.address).replace("THE_SECRET", secret)
        subprocess.run([sys.executable, "-c", script], check=True, timeout=30)

    def titles(self) -> set[str]:
        return {item["title"] for item in self.process.state("products", "target")}


@pytest.fixture
def system(transactional_db: None, sandbox: Callable[..., SandboxProcess], live_server: Any) -> System:
    return System(sandbox("rest", accounts={"shop": "shop-token", "target": "target-token"}), live_server.url)


def work() -> None:
    sweep(now=timezone.now())
    work_until_idle()


def test_items_named_by_an_event_are_fetched_and_reach_the_target(system: System) -> None:
    secret = renew_webhook_secret(connection=system.connection, by=None)
    assert system.titles() == {"Rope", "Hook"}
    system.put({"key": "p1", "title": "Strong rope", "variants": [{"key": "v1", "sku": "ROPE"}]})
    system.call("DELETE", ["p2"])
    system.put({"key": "p3", "title": "New", "variants": [{"key": "v3", "sku": "NEW"}]})
    answer = system.send_event(secret, {"kind": "products", "keys": ["p1", "p2", "p3", "p1"]})
    assert (answer.status_code, answer.content) == (200, b"")
    system.process.clear_calls()
    work()
    assert system.titles() == {"Strong rope", "New"}
    assert [call["path"] for call in system.process.calls() if call["method"] == "POST"] == ["/v1/products/find"]
    stored = WebhookEvent.objects.get()
    assert (stored.scope, stored.data_type, stored.state) == ("products", "products", "done")


def test_a_rotated_secret_replaces_the_old_one(system: System) -> None:
    event = {"kind": "brands", "keys": ["b1"]}
    first = renew_webhook_secret(connection=system.connection, by=None)
    assert system.send_event(first, event).status_code == 200
    second = renew_webhook_secret(connection=system.connection, by=None)
    assert system.send_event(second, event).status_code == 200
    assert system.send_event(first, event).status_code == 401
    third = renew_webhook_secret(connection=system.connection, by=None)
    assert system.send_event(second, event).status_code == 401
    assert system.send_event(third, event).status_code == 200
    assert system.send_event(third, event, at=time.time() - 400).status_code == 401
    system.send_documented_event(third)
    assert WebhookEvent.objects.filter(data_type="products").exists()
    trail = AuditEvent.objects.filter(action="connection.webhook_secret")
    assert trail.count() == 3
    assert not any(secret in f"{row.target} {row.detail}" for row in trail for secret in (first, second, third))


def test_an_uninstalled_connection_rejects_events_at_once(system: System) -> None:
    secret = renew_webhook_secret(connection=system.connection, by=None)
    event = {"kind": "products", "keys": ["p1"]}
    assert system.send_event(secret, event).status_code == 200
    uninstall_connection(connection=system.connection, by=None)
    assert system.send_event(secret, event).status_code == 404
    connection = Connection.objects.get(pk=system.connection.pk)
    with pytest.raises(ValueError, match="uninstalled"):
        renew_webhook_secret(connection=connection, by=None)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"kind": "products"},
        {"kind": "products", "keys": []},
        {"kind": "products", "keys": "p1"},
        {"kind": "products", "keys": ["p1", 2]},
        {"kind": "products", "keys": [""]},
        {"kind": "products", "keys": ["k" * 192]},
        {"kind": "products", "keys": [str(number) for number in range(101)]},
        {"kind": 5, "keys": ["p1"]},
    ],
)
def test_a_malformed_event_is_not_understood(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 to 100 keys"):
        RestWebhooks.read_event(event)


@pytest.mark.parametrize("kind", ["prices", "stock", "lamps"])
def test_events_of_other_kinds_are_ignored(kind: str) -> None:
    assert RestWebhooks.read_event({"kind": kind, "keys": ["17"]}) == []
