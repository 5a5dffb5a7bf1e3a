"""Webhooks of a Shopify store: signatures, retries, and what is kept of an event."""

import base64
import hmac
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import AuditEvent, Seller
from connectors.models import WebhookEvent
from connectors.platforms.shopify.webhooks import ShopifyWebhooks
from connectors.services.connections import install_connection
from connectors.webhooks.schemes import Untrusted, verify
from hub.kinds import DataType, Kind
from hub.models import Alert, Connection, Link
from orders.models import Customer
from privacy.models import Erasure
from privacy.tasks import erase_expired_data

NOW = datetime(2026, 5, 4, tzinfo=UTC)
APP_SECRET = "sandbox-secret"


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


@pytest.fixture
def connection(db: None) -> Connection:
    return install_connection(
        seller=Seller.objects.create(slug="acorn", name="Acorn"),
        platform="shopify",
        name="Shop",
        slug="acorn-shopify",
        base_url="http://127.0.0.1:9",
        credentials={"access_token": "shpat_1", "client_secret": "sandbox-secret"},
        start=False,
    )


def deliver(connection: Connection, topic: str, body: dict[str, Any], **headers: str) -> int:
    content = orjson.dumps(body)
    sent = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-SHA256": signature(content),
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Triggered-At": "2026-05-04T03:02:01.123Z",
        "X-Shopify-Shop-Domain": "acorn.myshopify.com",
    } | headers
    path = f"/webhooks/{connection.webhook_token}"
    return Client().post(path, content, content_type="application/json", headers=sent).status_code


def test_a_delivery_is_stored_once_and_without_personal_data(connection: Connection) -> None:
    body = {"id": 17, "email": "buyer@example.com", "first_name": "Sam"}
    assert deliver(connection, "customers/update", body) == deliver(connection, "customers/update", body) == 200
    event = WebhookEvent.objects.get()
    assert (event.scope, event.data_type, event.deliveries) == ("customers/update", "customers", 2)
    assert event.payload == {"topic": "customers/update", "triggered_at": "2026-05-04T03:02:01.123Z", "id": 17}


@pytest.mark.parametrize(("shop", "stored"), [("127.0.0.1", 1), ("birch.myshopify.com", 0)])
def test_requests_about_privacy_reach_operators(connection: Connection, shop: str, stored: int) -> None:
    """Also those of other stores of the app, which change nothing in this connection."""
    body = {"customer": {"id": 4, "email": "buyer@example.com"}, "shop_domain": shop}
    assert deliver(connection, "customers/redact", body) == deliver(connection, "customers/redact", body) == 200
    assert WebhookEvent.objects.count() == stored
    notice = Alert.objects.get(kind=Alert.Kind.NOTICE).message
    assert f"customers/redact for customer 4 of the store {shop}." in notice and "buyer" not in notice
    assert deliver(connection, "shop/redact", {"shop_domain": "x\0y"}) == 400


def test_a_request_about_another_store_needs_the_secret_of_its_connection(connection: Connection) -> None:
    """An app has one address for all its stores. Whoever knows only the secret of one must not speak for another."""
    other, foreign = (
        install_connection(
            seller=Seller.objects.create(slug=slug, name=slug),
            platform="shopify",
            name="Shop",
            slug=f"{slug}-shopify",
            base_url="http://127.0.0.1:9",
            credentials={"access_token": "shpat_1", "client_secret": secret},
            start=False,
        )
        for slug, secret in (("birch", APP_SECRET), ("cedar", "secret of another app"))
    )
    for each in (other, foreign):  # an address of Shopify cannot be resolved here
        Connection.objects.filter(pk=each.pk).update(base_url=f"https://{each.slug.partition('-')[0]}.myshopify.com")
    for shop in ("birch.myshopify.com", "cedar.myshopify.com"):
        headers = {"X-Shopify-Webhook-Id": shop}
        assert deliver(connection, "customers/redact", {"customer": {"id": 4}, "shop_domain": shop}, **headers) == 200
    assert [event.connection_id for event in WebhookEvent.objects.all()] == [other.pk] != [foreign.pk]


def test_whom_a_store_asks_to_erase_is_erased_once(connection: Connection) -> None:
    assert connection.seller is not None
    ida = Customer.objects.create(seller=connection.seller, email="ida@holm.example", first_name="Ida")
    eve = Customer.objects.create(seller=connection.seller, email="eve@holm.example", first_name="Eve")
    for external_id, customer in (("4", ida), ("5", eve)):
        Link.objects.create(connection=connection, kind=Kind.CUSTOMER, external_id=external_id, item_id=customer.pk)
    body = {"customer": {"id": 4, "email": "ida@holm.example"}, "shop_domain": "127.0.0.1"}
    deliver(connection, "customers/redact", body)
    deliver(connection, "customers/data_request", body | {"customer": {"id": 5}}, **{"X-Shopify-Webhook-Id": "2"})
    erase_expired_data()
    erase_expired_data()
    ida.refresh_from_db()
    eve.refresh_from_db()
    assert (ida.email, ida.first_name, ida.status, eve.first_name) == ("", "", "deleted", "Eve")
    event = WebhookEvent.objects.get(scope="customers/redact")
    assert Erasure.objects.get().requested_by == f"webhook {event.pk}"
    audit = AuditEvent.objects.get(action="privacy.erase")
    assert audit.user is None and audit.detail["requested_by"] == f"webhook {event.pk}"


def test_a_request_that_fails_stops_no_other(connection: Connection) -> None:
    """Nor what expires."""
    assert connection.seller is not None
    ida = Customer.objects.create(seller=connection.seller, email="ida@holm.example")
    old = Customer.objects.create(seller=connection.seller, email="eve@holm.example", status=Customer.Status.DELETED)
    Customer.objects.filter(pk=old.pk).update(updated_at=datetime(2020, 1, 1, tzinfo=UTC))
    Link.objects.create(connection=connection, kind=Kind.CUSTOMER, external_id="4", item_id=ida.pk)
    for customer_id in ("", 4):
        body = {"customer": {"id": customer_id}, "shop_domain": "127.0.0.1"}
        deliver(connection, "customers/redact", body, **{"X-Shopify-Webhook-Id": f"r{customer_id}"})
    broken = WebhookEvent.objects.get(delivery_id="r")
    erase_expired_data()
    assert not Customer.objects.exclude(email="").exists() and Erasure.objects.count() == 1
    notices = Alert.objects.filter(message__contains=f"(webhook {broken.pk}), which failed")
    assert [alert.seller_id for alert in notices] == [None]


def test_a_forged_delivery_is_refused(connection: Connection) -> None:
    assert deliver(connection, "orders/create", {"id": 1}, **{"X-Shopify-Hmac-SHA256": signature(b"{}")}) == 401
    assert deliver(connection, "orders/create", {"id": 1}, **{"X-Shopify-Hmac-SHA256": "é"}) == 401
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("secret", ["old", "new"])
def test_the_secret_before_a_change_is_accepted(secret: str) -> None:
    secrets = {"shopify": "new", "shopify_previous": "old"}
    headers = {"X-Shopify-Hmac-SHA256": signature(b"{}", secret), "X-Shopify-Webhook-Id": "1"}
    assert verify(secrets, headers, b"{}", NOW) == "1"
    with pytest.raises(Untrusted):
        verify({"shopify": "another"}, headers, b"{}", NOW)
    with pytest.raises(Untrusted):
        verify({"header": "own"}, headers, b"{}", NOW)  # without a secret of the app nothing can be verified


@pytest.mark.parametrize(
    ("topic", "body", "data_type", "external_id"),
    [
        ("products/delete", {"id": 5}, DataType.PRODUCTS, "5"),
        ("inventory_levels/update", {"inventory_item_id": 7}, DataType.PRODUCTS, "inventory_item:7"),
        ("orders/updated", {"id": 820982911946154508}, DataType.ORDERS, "820982911946154508"),
        ("refunds/create", {"id": 1, "order_id": 9}, DataType.ORDERS, "9"),
        ("fulfillments/update", {"id": 1, "order_id": 9}, DataType.ORDERS, "9"),
        ("collections/update", {"id": 3}, DataType.CATEGORIES, "3"),
        ("shop/update", {"id": 7001}, DataType.SETTINGS, "7001"),
        ("app/uninstalled", {"id": 7001}, DataType.SETTINGS, "7001"),
        ("customers/redact", {"customer": {"id": 4, "email": "a@b.example"}}, DataType.CUSTOMERS, "4"),
    ],
)
def test_which_item_an_event_is_about(topic: str, body: dict[str, Any], data_type: DataType, external_id: str) -> None:
    kept = ShopifyWebhooks.event_of(body, {"X-Shopify-Topic": topic})
    assert "example" not in str(kept)
    (found,) = ShopifyWebhooks.read_event(kept)
    assert (found.data_type, found.external_id) == (data_type, external_id)


def test_events_that_are_not_needed() -> None:
    assert ShopifyWebhooks.read_event({"topic": "carts/update"}) == []
    assert ShopifyWebhooks.read_event({"topic": "shop/redact"}) == []
    with pytest.raises(ValueError, match="whole number"):
        ShopifyWebhooks.read_event({"topic": "products/update", "id": "x"})
