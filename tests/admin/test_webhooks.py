"""Webhooks in the console: masked payloads, replay, and a new secret that is shown once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import AuditEvent
from connectors.models import WebhookEvent
from tests.admin.conftest import Console
from tests.two_sellers import SellerSetup, TwoSellers, make_person

EVENTS = "/admin/connectors/webhookevent/"
BUYER = "zoe@buyer.example"


def make_event(seller_setup: SellerSetup, **fields: object) -> WebhookEvent:
    """An event about a customer of the seller's shop."""
    now = timezone.now()
    fields = {"direction": "import", "data_type": "customers", "state": "done", "attempts": 1} | fields
    return WebhookEvent.objects.create(
        day=now.date(),
        received_at=now - timedelta(seconds=2),
        connection=seller_setup.shop,
        delivery_id=f"d-{WebhookEvent.objects.count()}",
        scope="customer/updated",
        payload={"scope": "customer/updated", "data": {"id": 7, "email": BUYER}},
        **fields,
    )


def staff(*permissions: str) -> Console:
    """A staff user with these permissions only."""
    person = make_person("staff@hub.example", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    console = Console()
    console.force_login(person)
    return console


def test_payloads_are_masked_without_the_permission(two_sellers: TwoSellers) -> None:
    event = make_event(two_sellers.north)
    page = staff("view_webhookevent").get(f"{EVENTS}{event.pk}/change/").content.decode()
    assert BUYER not in page and "customer/updated" in page and "•••" in page


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{EVENTS}?payload__icontains=buyer", 400),
        ("/admin/hub/connection/?webhook_token__startswith=a", 400),
        (f"{EVENTS}?state__exact=done&connection__id__exact=1", 200),
    ],
)
def test_what_is_hidden_is_not_guessed_by_filters(two_sellers: TwoSellers, address: str, status: int) -> None:
    assert staff("view_webhookevent", "view_connection").get(address).status_code == status


def test_payloads_are_shown_with_the_permission(two_sellers: TwoSellers) -> None:
    event = make_event(two_sellers.north)
    console = staff("view_webhookevent", "view_webhook_payload")
    assert BUYER in console.get(f"{EVENTS}{event.pk}/change/").content.decode()


def test_replay_requires_permission(two_sellers: TwoSellers) -> None:
    event = make_event(two_sellers.north)
    console = staff("view_webhookevent")
    assert console.do(f"{EVENTS}{event.pk}/replay/").status_code == 403
    console.post(EVENTS, {"action": "replay_selected", "_selected_action": [event.pk]})
    event.refresh_from_db()
    assert event.state == "done"


def test_one_event_is_replayed(operator: Console, two_sellers: TwoSellers) -> None:
    event, other = make_event(two_sellers.north, state="held", reason="It broke."), make_event(two_sellers.north)
    assert b"Replay this webhook?" in operator.dialog(f"{EVENTS}{event.pk}/replay/")
    operator.do(f"{EVENTS}{event.pk}/replay/")
    event.refresh_from_db()
    other.refresh_from_db()
    assert (event.state, event.reason, other.state) == ("pending", "", "done")


def test_replaying_all_matching_events_shows_no_payload(two_sellers: TwoSellers) -> None:
    """The user may replay, but has no permission to see personal data."""
    held = [make_event(two_sellers.north, state="held"), make_event(two_sellers.south, state="held")]
    done = make_event(two_sellers.north)
    console = staff("view_webhookevent", "change_webhookevent")
    chosen = {"action": "replay_selected", "_selected_action": [held[0].pk], "select_across": "1"}
    answer = console.post(f"{EVENTS}?state__exact=held", chosen, follow=True)
    page = answer.content.decode()
    assert "Replaying 2 webhooks." in page and BUYER not in page
    assert set(WebhookEvent.objects.filter(state="pending")) == set(held)
    done.refresh_from_db()
    assert done.state == "done"
    for event in held:
        assert BUYER not in console.get(f"{EVENTS}{event.pk}/change/").content.decode()
    [line] = AuditEvent.objects.filter(action="webhooks.replay")
    assert BUYER not in f"{line.target} {line.detail}"


def test_new_secret_is_shown_once_and_requires_permission(operator: Console, two_sellers: TwoSellers) -> None:
    shop = two_sellers.north.shop
    page = f"/admin/hub/connection/{shop.pk}/"
    before = shop.webhook_secret
    assert staff("view_connection").do(f"{page}webhook_secret/").status_code == 403
    assert b"Create a new webhook secret?" in operator.dialog(f"{page}webhook_secret/")
    shop.refresh_from_db()
    assert shop.webhook_secret == before
    answer = operator.do(f"{page}webhook_secret/")
    shop.refresh_from_db()
    secret = shop.webhook_secret["secret"]
    assert shop.webhook_secret != before and secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert secret not in operator.get(f"{page}change/").content.decode()
    [line] = AuditEvent.objects.filter(action="connection.webhook_secret")
    assert secret not in f"{line.target} {line.detail}"


def test_platform_without_webhooks_has_no_secret(operator: Console, two_sellers: TwoSellers) -> None:
    storefront = two_sellers.north.storefront
    assert operator.do(f"/admin/hub/connection/{storefront.pk}/webhook_secret/").status_code == 404
