"""The webhooks pages: events with status, latency and payload, replay, and secrets that are set manually."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from connectors.models import WebhookEvent, WebhookRefusal, WebhookSubscription
from connectors.services.connections import install_connection
from hub.models import Connection
from tests.dashboard.merchants import Merchant, person, webhook_event

pytestmark = pytest.mark.django_db
SECRET = "zoe@buyer.example"


def address(merchant: Merchant, name: str, **kwargs: object) -> str:
    return reverse(f"dashboard:{name}", kwargs={"seller": merchant.seller.slug, **kwargs})


def shown(client: Client, user: User, url: str) -> str:
    client.force_login(user)
    return client.get(url).content.decode()


def test_the_page_shows_events_rejections_and_subscriptions(client: Client, acorn: Merchant) -> None:
    webhook_event(acorn.shop)
    webhook_event(acorn.shop, state="held", reason="The shop denies it", data_type="orders")
    now = timezone.now()
    WebhookRefusal.objects.create(
        day=now.date(), connection=acorn.shop, reason="wrong signature", number=4, last_at=now
    )
    WebhookSubscription.objects.create(
        connection=acorn.shop, check_at=now, healthy=False, reason="The token may not make hooks."
    )
    page = shown(client, acorn.owner, address(acorn, "webhooks"))
    for text in ("The shop denies it", "wrong signature", "The token may not make hooks.", "Longest: 2 s"):
        assert text in page
    only = shown(client, acorn.owner, address(acorn, "webhooks") + "?state=held&data_type=orders")
    assert only.count("store/product/updated</a>") == 1
    assert SECRET not in page


def test_payloads_are_masked_except_for_owners_and_users_with_the_permission(client: Client, acorn: Merchant) -> None:
    url = address(acorn, "webhook", event=webhook_event(acorn.shop).pk)
    member = person("member@example.com", acorn.seller, "member")
    assert SECRET in shown(client, acorn.owner, url)
    for user in (member, acorn.viewer):
        page = shown(client, user, url)
        assert SECRET not in page and "store/product/updated" in page
    member.user_permissions.add(Permission.objects.get(codename="view_webhook_payload"))
    assert SECRET in shown(client, member, url)


def test_events_are_replayed_singly_or_by_filter(client: Client, acorn: Merchant) -> None:
    one, other, third = (webhook_event(acorn.shop, delivery_id=f"d{n}") for n in range(3))
    WebhookEvent.objects.filter(pk=third.pk).update(state="held")
    client.force_login(acorn.owner)
    client.post(address(acorn, "replay_webhook", event=one.pk))
    assert set(WebhookEvent.objects.filter(state="pending")) == {one}
    client.post(address(acorn, "replay_webhooks"), {"state": "held"})
    assert set(WebhookEvent.objects.filter(state="pending")) == {one, third}
    other.refresh_from_db()
    assert (other.state, other.attempts) == ("done", 1)


def test_replaying_does_not_reveal_payloads(client: Client, acorn: Merchant) -> None:
    """Singly or by filter, with a reason or without: the response is masked."""
    held = webhook_event(acorn.shop, state="held", reason="The shop denies it")
    unread = webhook_event(acorn.shop, delivery_id="d2", state="ignored", direction="", data_type="")
    client.force_login(person("member@example.com", acorn.seller, "member"))
    for url, sent in (
        (address(acorn, "replay_webhooks"), {"state": "held"}),
        (address(acorn, "replay_webhook", event=unread.pk), {}),
    ):
        assert SECRET not in client.post(url, sent, follow=True).content.decode()
    assert set(WebhookEvent.objects.filter(state="pending")) == {held, unread}
    for event in (held, unread):
        assert SECRET not in client.get(address(acorn, "webhook", event=event.pk)).content.decode()


def test_events_of_another_seller_are_not_replayed(client: Client, acorn: Merchant, birch: Merchant) -> None:
    other = webhook_event(birch.shop, state="held")
    client.force_login(acorn.owner)
    client.post(address(acorn, "replay_webhooks"), {"connection": birch.shop.slug})
    assert client.post(address(acorn, "replay_webhook", event=other.pk)).status_code == 404
    other.refresh_from_db()
    assert other.state == "held"


@pytest.fixture
def own_system(acorn: Merchant) -> Connection:
    """A system that signs with a secret that we create."""
    return install_connection(
        seller=acorn.seller,
        platform="rest_shop",
        name="Own shop",
        slug="own-shop",
        base_url="http://127.0.0.1:9",
        credentials={"token": "token"},
        start=False,
    )


def test_an_owner_is_shown_a_new_secret_once(client: Client, acorn: Merchant, own_system: Connection) -> None:
    url, before = address(acorn, "webhook_secret", connection="own-shop"), own_system.webhook_secret
    assert own_system.webhook_token in shown(client, acorn.owner, address(acorn, "webhooks"))
    answer = client.post(url)
    own_system.refresh_from_db()
    secret = own_system.webhook_secret["secret"]
    assert own_system.webhook_secret != before and secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in shown(client, acorn.owner, address(acorn, "webhooks"))


def test_members_and_viewers_see_neither_address_nor_secret(
    client: Client, acorn: Merchant, own_system: Connection
) -> None:
    before = own_system.webhook_secret
    for user in (person("member@example.com", acorn.seller, "member"), acorn.viewer):
        assert own_system.webhook_token not in shown(client, user, address(acorn, "webhooks"))
        assert client.post(address(acorn, "webhook_secret", connection="own-shop")).status_code == 403
    own_system.refresh_from_db()
    assert own_system.webhook_secret == before


def test_a_platform_with_automatic_webhooks_takes_no_manual_secret(
    client: Client, acorn: Merchant, birch: Merchant, own_system: Connection
) -> None:
    client.force_login(acorn.owner)
    assert client.post(address(acorn, "webhook_secret", connection=acorn.shop.slug)).status_code == 404
    client.force_login(birch.owner)
    assert client.post(address(birch, "webhook_secret", connection="own-shop")).status_code == 404
