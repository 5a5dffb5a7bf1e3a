"""Webhooks are trusted, or rejected for a counted reason; stored once, and answered with an empty body."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from connectors.models import WebhookEvent, WebhookRefusal
from connectors.sdk.webhooks import MAX_BODY
from connectors.services.connections import install_connection, uninstall_connection
from hub.models import Connection, Job, Lane
from tests.factories import make_seller
from tests.webhooks.conftest import Post, wait_for_waker
from tests.webhooks.sending import body_of, event, signed, with_hmac, with_secret

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=6)


def rejections() -> dict[str, int]:
    return dict(WebhookRefusal.objects.values_list("reason", "number"))


@pytest.fixture
def custom(db: None) -> Connection:
    """A shop on a system that has no signature scheme of its own."""
    return install_connection(
        seller=make_seller("custom"),
        platform="rest_shop",
        name="Own shop",
        slug="own-shop",
        base_url="http://127.0.0.1:9",
        credentials={"token": "token"},
        start=False,
    )


def test_a_signed_event_is_stored_and_answered_without_a_body(shop: Connection, post: Post) -> None:
    answer = post(shop, event(item=7))
    assert (answer.status_code, answer.content) == (200, b"")
    stored = WebhookEvent.objects.get()
    assert (stored.connection, stored.scope, stored.data_type) == (shop, "store/product/updated", "products")
    assert stored.state == "pending" and stored.payload == event(item=7)


def test_the_answer_has_no_browser_headers(shop: Connection, post: Post) -> None:
    answer = post(shop, event())
    assert not answer.cookies
    assert set(answer.headers) <= {
        *("Content-Type", "Content-Length", "X-Content-Type-Options", "X-Request-ID"),
        *("Referrer-Policy", "Cross-Origin-Opener-Policy", "Strict-Transport-Security"),
    }


def test_the_secret_in_a_header_is_enough(shop: Connection, post: Post) -> None:
    assert post(shop, event(), with_secret(shop)).status_code == 200
    assert post(shop, event(), {"X-SyncCenter-Secret": "guessed"}).status_code == 401
    assert rejections() == {"wrong secret": 1}


def test_any_system_can_sign_by_hmac(custom: Connection, post: Post) -> None:
    body = body_of({"kind": "products", "keys": ["a"]})
    assert post(custom, body, with_hmac(custom, body)).status_code == 200
    upper = {name: value.upper() for name, value in with_hmac(custom, body).items()}  # of some libraries
    assert post(custom, body, upper).status_code == 200
    assert post(custom, body + b" ", with_hmac(custom, body)).status_code == 401
    assert post(custom, body, with_hmac(custom, body, at=datetime.now(UTC) - LONG_AGO)).status_code == 401
    assert rejections() == {"wrong signature": 1, "too old or too new": 1}


@pytest.mark.parametrize(
    ("make_headers", "reason"),
    [
        (lambda: {}, "no known signature"),
        (lambda: {"webhook-id": "m"}, "malformed timestamp"),
        (lambda: signed(body_of(event()), secret="another"), "wrong signature"),
        (lambda: signed(body_of(event())) | {"webhook-id": "another"}, "wrong signature"),
        (lambda: signed(body_of(event())) | {"webhook-signature": "v1,abc"}, "malformed signature"),
        (lambda: signed(body_of(event())) | {"webhook-signature": "v1"}, "malformed signature"),
        (lambda: signed(body_of(event())) | {"webhook-timestamp": "1e300"}, "malformed timestamp"),
        (lambda: signed(body_of(event()), at=datetime.now(UTC) - LONG_AGO), "too old or too new"),
        (lambda: signed(body_of(event()), at=datetime.now(UTC) + LONG_AGO), "too old or too new"),
    ],
)
def test_untrusted_calls_are_401_and_counted(
    shop: Connection, post: Post, make_headers: Callable[[], dict[str, str]], reason: str
) -> None:
    headers = make_headers()  # signed now: a signature ages while other tests run
    for _ in range(2):
        assert post(shop, event(), headers).status_code == 401
    assert rejections() == {reason: 2}
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": Nothing}', "not JSON"),
        (b'"\\ud800"', "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply"),
        (b"[" * 5000, "not JSON"),
        (b'{"a": "' + b"x" * MAX_BODY + b'"}', "too large"),
    ],
)
def test_malformed_events_are_400_and_counted(shop: Connection, post: Post, body: bytes, reason: str) -> None:
    assert post(shop, body).status_code == 400
    assert rejections() == {reason: 1}
    assert not WebhookEvent.objects.exists()


def test_characters_that_postgresql_cannot_store_are_replaced(shop: Connection, post: Post) -> None:
    digits = "9" * 5000
    for odd in ('"a\\u0000b"', '"\\\\u0000"', '"\\\\\\u0000"', "1" * 40, "1" + "0" * 300):
        body = b'{"scope": "store/product/updated\\u0000", "data": {"id": 1, "odd": %s}}' % odd.encode()
        assert post(shop, body).status_code == 200
    assert post(shop, b'{"scope": "x", "data": {"odd": %s}}' % digits.encode()).status_code == 200
    odds = [stored.payload["data"]["odd"] for stored in WebhookEvent.objects.order_by("id")]
    assert odds.pop() is None
    assert odds[:3] == ["a\N{REPLACEMENT CHARACTER}b", "\\u0000", "\\\N{REPLACEMENT CHARACTER}"]
    assert [float(number) for number in odds[3:]] == [float("1" * 40), 1e300]


@pytest.mark.parametrize(
    "odd",
    [
        b"\xef\xbb\xbf%s",
        b"%s\x00\r\n",
        b'{"half": "Lamp \\ud83d", %s',
        b'{"byte": "\xff", %s',
        b'{"number": [NaN, 1e400, Infinity], %s',
        b'{"text": "a\nb", %s',
    ],
)
def test_slightly_malformed_events_are_taken(shop: Connection, post: Post, odd: bytes) -> None:
    """Only what the event names counts (C4)."""
    body = body_of(event(item=7))
    assert post(shop, odd % (body[1:] if odd.startswith(b"{") else body), with_secret(shop)).status_code == 200
    stored = WebhookEvent.objects.get()
    assert (stored.state, stored.payload["data"]["id"]) == ("pending", 7)
    assert not rejections()


def test_repeated_deliveries_are_stored_once(shop: Connection, post: Post) -> None:
    body = body_of(event())
    headers = signed(body)
    for _ in range(3):
        assert post(shop, body, headers).status_code == 200
    assert WebhookEvent.objects.get().deliveries == 3


def test_the_same_content_without_an_id_is_processed_again(shop: Connection, post: Post) -> None:
    """Two real updates can look the same."""
    post(shop, event(), with_secret(shop))
    WebhookEvent.objects.update(state="done")
    post(shop, event(), with_secret(shop))
    stored = WebhookEvent.objects.get()
    assert (stored.state, stored.deliveries) == ("pending", 2)


def test_unread_events_are_kept_with_the_reason(shop: Connection, post: Post) -> None:
    Job.objects.filter(connection=shop, data_type="customers").update(enabled=False)
    for payload in (
        event("store/cart/created"),
        event("store/customer/created"),
        event(item=True),
        {"scope": 5},
        {"scope": "store/shipment/created", "data": {"id": 1}},
    ):
        assert post(shop, payload).status_code == 200
    reasons = list(WebhookEvent.objects.order_by("id").values_list("state", "reason"))
    assert {state for state, _ in reasons} == {"ignored"}
    assert reasons[0][1] == "Contains nothing that is synced."
    assert reasons[1][1] == "This connection does not import customers."
    assert all(reason.startswith("Unexpected format: ") for _, reason in reasons[2:])


@pytest.mark.django_db(transaction=True)
def test_only_the_lane_that_processes_it_is_woken(shop: Connection, post: Post) -> None:
    Lane.objects.update(due=False)
    post(shop, event("store/order/created"))
    wait_for_waker()
    assert list(Lane.objects.filter(due=True).values_list("name", flat=True)) == ["orders"]


def test_an_unknown_url_is_404(shop: Connection, client: Client, post: Post) -> None:
    assert client.post("/webhooks/made-up").status_code == 404
    assert client.post("/webhooks/made/up").status_code == 404
    assert client.post("/webhooks/a%00b").status_code == 400
    assert client.get(f"/webhooks/{shop.webhook_token}").status_code == 405
    uninstall_connection(connection=shop, by=None)
    assert post(shop, event()).status_code == 404
    assert rejections() == {"unknown address": 2}


def test_a_connection_with_unreadable_credentials_trusts_nobody(shop: Connection, post: Post) -> None:
    Connection.objects.update(credentials={"unknown": "field"})
    assert post(shop, event()).status_code == 401
    Connection.objects.update(platform="gone", webhook_token="another")
    shop.refresh_from_db()
    assert post(shop, event()).status_code == 404


def test_an_event_may_have_the_maximum_size(shop: Connection, post: Post) -> None:
    payload: dict[str, Any] = event() | {"note": ""}
    payload["note"] = "x" * (MAX_BODY - len(body_of(payload)))
    assert post(shop, payload).status_code == 200
