"""Calls of WooCommerce: signed over the raw body, named by their headers, kept without the item that they carry."""

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import orjson
import pytest
from django.test import Client

from connectors.models import WebhookEvent, WebhookRefusal
from connectors.services.connections import install_connection
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters.cases import adapter_of
from tests.factories import make_seller

pytestmark = pytest.mark.django_db
ORDER = {"id": 727, "number": "WEB-1", "billing": {"email": "ann@example.com"}}


@pytest.fixture
def woo(db: None) -> Connection:
    return install_connection(
        seller=make_seller("woo"),
        platform="woocommerce",
        name="Shop",
        slug="woo",
        base_url="http://127.0.0.1:9",
        credentials={"consumer_key": "ck_a", "consumer_secret": "cs_a"},
        start=False,
    )


def post(connection: Connection, body: bytes, topic: str = "", *, secret: str | None = None, form: bool = False) -> int:
    """`secret` None: the connection's."""
    key = (connection.webhook_secret or {})["secret"] if secret is None else secret
    signature = base64.b64encode(hmac.new(key.encode(), body, sha256).digest()).decode()
    headers = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signature, "X-WC-Webhook-Delivery-ID": "same"}
    answer = Client().post(
        f"/webhooks/{connection.webhook_token}",
        data=body,
        content_type="application/x-www-form-urlencoded" if form else "application/json",
        headers={} if form else headers,
    )
    return answer.status_code


@pytest.mark.parametrize(
    ("topic", "payload", "data_type", "stored"),
    [
        ("order.updated", ORDER, "orders", {"topic": "order.updated", "id": 727}),
        ("product.deleted", {"id": 5}, "products", {"topic": "product.deleted", "id": 5}),
        (
            "product.updated",
            {"id": 8, "type": "variation", "parent_id": 5},
            "products",
            {"topic": "product.updated", "id": 8, "parent_id": 5},
        ),
        ("coupon.updated", {"id": 9}, "", {"topic": "coupon.updated", "id": 9}),
    ],
)
def test_events_are_kept_without_the_item(
    topic: str, payload: Any, data_type: str, stored: Any, woo: Connection
) -> None:
    assert post(woo, orjson.dumps(payload), topic) == 200
    event = WebhookEvent.objects.get()
    assert (event.scope, event.data_type, event.payload) == (topic, data_type, stored)


def test_equal_bodies_of_other_topics_are_other_events(woo: Connection) -> None:
    """The vendor's ID of a delivery is the same for all calls of a second."""
    for topic in ("product.deleted", "order.deleted", "order.deleted"):
        assert post(woo, b'{"id": 5}', topic) == 200
    assert sorted(WebhookEvent.objects.values_list("scope", "deliveries")) == [
        ("order.deleted", 2),
        ("product.deleted", 1),
    ]


def test_forged_and_malformed_calls_are_refused(woo: Connection) -> None:
    assert post(woo, b'{"id": 5}', "order.updated", secret="guessed") == 401
    assert post(woo, b'{"number": 5}', "order.updated") == 400
    assert not WebhookEvent.objects.exists()
    assert {*WebhookRefusal.objects.values_list("reason", flat=True)} == {"wrong signature", "unexpected format"}


def test_the_ping_is_answered_and_not_stored(woo: Connection) -> None:
    """It is a form without a signature, sent when a hook is made."""
    assert post(woo, b"webhook_id=12", form=True) == 200
    assert post(woo, b"webhook_id=12&id=5", form=True) == 401
    assert not WebhookEvent.objects.exists()


def test_a_large_order_is_taken(woo: Connection) -> None:
    assert post(woo, orjson.dumps(ORDER | {"meta_data": "x" * 1_000_000}), "order.updated") == 200


def test_disabled_hooks_are_activated_again(sandbox: Callable[..., SandboxProcess]) -> None:
    """The shop disables a hook whose calls failed, and only makes it active when it is told to."""
    shop = sandbox("woocommerce", accounts={"ck_alpha": "alpha-secret"}, products=1)
    adapter = adapter_of("woocommerce", shop)
    hooks = adapter.webhooks(adapter.client)
    ours, headers = "http://127.0.0.1:9/webhooks/ours", {"X-SyncCenter-Secret": "one"}
    number = hooks.register(ours, headers)
    product = next(shop.state("products"))
    body = {"account": "ck_alpha", "kind": "products", "id": product["id"], "changes": {}}
    while not any(each["status"] == "disabled" for each in shop.state("webhooks")):
        shop.control("PATCH", "row", json=body)
    assert 1 <= hooks.register(ours, headers) < number and hooks.register(ours, headers) == 0
    adapter.http.close()
