"""Webhooks of a Shopify store: signatures, retries, and what is kept of an event."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.test import Client

from accounts.models import AuditEvent, Seller
from connectors.models import WebhookEvent
from connectors.platforms.shopify.webhooks import ShopifyWebhooks
from connectors.services.connections import install_connection
from connectors.webhooks.schemes import Untrusted, verify
from hub import clock
from hub.kinds import DataType, Direction, Kind
from hub.models import Alert, Connection, Job, Link
from orders.models import Address, Customer, Order
from privacy.models import Erasure, PrivacyRequest
from privacy.personal_data import Person, find_person
from privacy.services import erase_person
from privacy.tasks import erase_expired_data
from synclog import rejected_items
from synclog.models import RejectedItem

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


@pytest.mark.parametrize("arrives_at", ["shopify", "shopify_target"])
def test_a_request_reaches_all_connections_of_its_store_whose_secret_verifies_it(
    connection: Connection, arrives_at: str
) -> None:
    """An app has one address for all its stores, and a store may serve several sellers. Whoever knows only the secret
    of one app must not speak for another."""
    Connection.objects.filter(pk=connection.pk).update(platform=arrives_at)
    others = {
        slug: install_connection(
            seller=Seller.objects.create(slug=slug, name=slug),
            platform=platform,
            name="Shop",
            slug=f"{slug}-shopify",
            base_url="http://127.0.0.1:9",
            credentials={"access_token": "shpat_1", "client_secret": secret},
            start=False,
        ).pk
        for slug, platform, secret in (
            ("birch", "shopify", APP_SECRET),
            ("dogwood", "shopify", APP_SECRET),
            ("elm", "shopify_target", APP_SECRET),
            ("cedar", "shopify", "secret of another app"),
        )
    }
    # An address of Shopify cannot be resolved here.
    Connection.objects.filter(pk__in=others.values()).update(base_url="https://birch.myshopify.com")
    for shop in ("birch.myshopify.com", "unknown.myshopify.com"):
        headers = {"X-Shopify-Webhook-Id": shop}
        assert deliver(connection, "customers/redact", {"customer": {"id": 4}, "shop_domain": shop}, **headers) == 200
    others.pop("cedar")
    stored = WebhookEvent.objects.order_by("connection")
    assert [event.connection_id for event in stored] == sorted(others.values())
    assert {event.delivery_id for event in stored} == {"birch.myshopify.com"}


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
    done, asked = PrivacyRequest.objects.order_by("pk")
    assert (done.closed_by, done.answer, asked.closed_at, asked.customer_id) == ("schedule", "Erased.", None, "5")
    assert Erasure.objects.get().requested_by == f"privacy request {done.pk}"
    audit = AuditEvent.objects.get(action="privacy.erase")
    assert audit.user is None and audit.detail["requested_by"] == f"privacy request {done.pk}"


IDA = {"id": 4, "email": "Ida@holm.example", "phone": "555"}


def redact(connection: Connection, delivery: str = "1", **body: Any) -> None:
    body = {"shop_domain": "127.0.0.1", "customer": IDA, "orders_to_redact": []} | body
    assert deliver(connection, "customers/redact", body, **{"X-Shopify-Webhook-Id": delivery}) == 200


def order_of(connection: Connection, external_id: str, **address: str) -> Order:
    assert connection.seller is not None
    order = Order.objects.create(
        seller=connection.seller, source=connection, number=external_id, total=5, placed_at=clock.now()
    )
    Address.objects.create(seller=connection.seller, order=order, last_name="Holm", **address)
    Link.objects.create(connection=connection, kind=Kind.ORDER, external_id=external_id, item_id=order.pk)
    return order


def with_addresses() -> set[str]:
    return set(Address.objects.values_list("order__number", flat=True))


def notices(words: str) -> int:
    return Alert.objects.filter(kind=Alert.Kind.NOTICE, message__contains=words).count()


def test_orders_are_erased_though_their_customer_was_never_imported(connection: Connection) -> None:
    """By the IDs in the request, and by its email address; also an order that was never imported."""
    assert connection.seller is not None
    order_of(connection, "820")
    order_of(connection, "821", email="ida@holm.example")
    order_of(connection, "822", email="eve@holm.example")
    job = Job.objects.filter(connection=connection, data_type=DataType.ORDERS, direction=Direction.IMPORT).get()
    rejected = [rejected_items.Rejected(Kind.ORDER, id_, "", {"name": "Holm"}) for id_ in ("830", "831")]
    rejected_items.keep(job=job, seller_id=connection.seller.pk, items=rejected, now=clock.now())
    redact(connection, "1", orders_to_redact=[830])
    redact(connection, "2", orders_to_redact=[820])
    # By hand, which must not empty the requests: they name more than what has the email address.
    erase_person(person=find_person(seller=connection.seller, email="ida@holm.example"), by=None)
    assert with_addresses() == {"820", "822"}
    erase_expired_data()
    assert with_addresses() == {"822"}
    assert RejectedItem.objects.get().external_id == "831"
    assert Erasure.objects.count() == 3 and notices("nothing was found") == notices("failed") == 0
    assert set(WebhookEvent.objects.values_list("state", "reason")) == {("done", "Recorded as a privacy request.")}
    assert "holm" not in str(
        [*WebhookEvent.objects.values_list("payload"), *PrivacyRequest.objects.values_list("email")]
    )


def test_a_request_that_finds_nothing_is_told_once(connection: Connection) -> None:
    order_of(connection, "822", email="eve@holm.example")
    redact(connection, orders_to_redact=[900])
    erase_expired_data()
    erase_expired_data()
    assert notices("customer 4 (privacy request") == 1 and notices("ida@") == 0
    assert not Erasure.objects.exists() and with_addresses() == {"822"}
    assert WebhookEvent.objects.get().payload == {}


def test_the_email_address_of_the_request_counts_not_that_of_the_customer_in_the_night(connection: Connection) -> None:
    """The store anonymizes the customer meanwhile; the request itself does not fetch it again."""
    assert connection.seller is not None
    ida = Customer.objects.create(seller=connection.seller, first_name="Ida", email="ida@holm.example")
    Link.objects.create(connection=connection, kind=Kind.CUSTOMER, external_id="4", item_id=ida.pk)
    order_of(connection, "821", email="ida@holm.example")
    redact(connection)
    event = WebhookEvent.objects.get()
    assert (event.state, event.data_type, event.payload) == ("done", "", {})
    assert PrivacyRequest.objects.get().email == "Ida@holm.example"
    Customer.objects.filter(pk=ida.pk).update(email="")
    erase_expired_data()
    ida.refresh_from_db()
    assert (ida.first_name, with_addresses()) == ("", set())


def test_a_failure_stops_neither_other_requests_nor_the_retention(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection.seller is not None
    old = Customer.objects.create(seller=connection.seller, status="deleted", first_name="Old")
    Customer.objects.filter(pk=old.pk).update(updated_at=clock.now() - timedelta(days=1200))
    for external_id in ("820", "821"):
        order_of(connection, external_id)
    redact(connection, "1", customer={"id": ""})  # names nobody
    redact(connection, "2", orders_to_redact=[820])
    redact(connection, "3", orders_to_redact=[821])
    failing = Order.objects.get(number="820").pk

    def erase(*, person: Person, **options: Any) -> Erasure:
        if failing in person.order_ids:
            raise RuntimeError
        return erase_person(person=person, **options)

    with monkeypatch.context() as patch:
        patch.setattr("privacy.requests.erase_person", erase)
        erase_expired_data()
        erase_expired_data()
    old.refresh_from_db()
    assert (old.first_name, with_addresses(), notices("failed")) == ("", {"820"}, 1)
    erase_expired_data()
    assert (with_addresses(), notices("failed"), Erasure.objects.count()) == (set(), 1, 2)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        Customer.objects.filter(pk=old.pk).update(first_name="Old", updated_at=clock.now() - timedelta(days=1200))
        patch.setattr("privacy.tasks.carry_out_requests", lambda **_: (_ for _ in ()).throw(RuntimeError))
        erase_expired_data()
    old.refresh_from_db()
    assert old.first_name == ""


def test_a_request_that_was_stored_without_a_row_is_recorded_at_night(connection: Connection) -> None:
    """By a process of a release before requests, during an update; with the time of its receipt."""
    order_of(connection, "821", email="ida@holm.example")
    redact(connection)
    payload = {"topic": "customers/redact", "shop": "127.0.0.1", "email": "ida@holm.example"}
    PrivacyRequest.objects.all().delete()
    WebhookEvent.objects.update(state="ignored", payload=payload)
    erase_expired_data()
    request, event = PrivacyRequest.objects.get(), WebhookEvent.objects.get()
    assert (request.received_at, request.answer, with_addresses()) == (event.received_at, "Erased.", set())


def test_a_request_at_several_connections_of_a_seller_is_one(connection: Connection) -> None:
    """Also a target of the same store, which holds nothing of the customer, asks for nothing more."""
    target = Connection.objects.get(pk=connection.pk)
    target.pk, target.slug, target.platform, target.webhook_token = None, "target", "shopify_target", "t" * 40
    target.save(force_insert=True)
    order_of(connection, "821", email="ida@holm.example")
    Connection.objects.update(base_url="https://acorn.myshopify.com")
    redact(target, shop_domain="acorn.myshopify.com")
    assert WebhookEvent.objects.count() == 2
    erase_expired_data()
    assert (Erasure.objects.count(), notices("nothing was found"), with_addresses()) == (1, 0, set())


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
    ],
)
def test_which_item_an_event_is_about(topic: str, body: dict[str, Any], data_type: DataType, external_id: str) -> None:
    kept = ShopifyWebhooks.event_of(body, {"X-Shopify-Topic": topic})
    (found,) = ShopifyWebhooks.read_event(kept)
    assert (found.data_type, found.external_id) == (data_type, external_id)


def test_events_that_are_not_needed() -> None:
    assert ShopifyWebhooks.read_event({"topic": "carts/update"}) == []
    for topic in ("shop/redact", "customers/redact", "customers/data_request"):
        assert ShopifyWebhooks.read_event({"topic": topic, "customer_id": 4}) == []
    with pytest.raises(ValueError, match="whole number"):
        ShopifyWebhooks.read_event({"topic": "products/update", "id": "x"})
