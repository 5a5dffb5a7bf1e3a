"""Webhooks at the shop: registered on connection, monitored, registered again; missed changes are imported."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts.models import AuditEvent
from catalog.models import Product
from connectors.models import WebhookEvent, WebhookSubscription
from connectors.platforms.bigcommerce.webhooks import SCOPES
from connectors.services.connections import uninstall_connection, update_connection
from connectors.webhooks.registration import check_due, webhook_url
from hub.kinds import Kind
from hub.models import Connection, Link, Run
from hub.services import pause_platform, resume_platform, set_read_only
from sandbox.process import SandboxProcess
from tests.engine.worker import skip_delays
from tests.webhooks.sending import CLIENT_SECRET, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hooks(shop_platform: SandboxProcess) -> Iterator["Hooks"]:
    with requests.Session() as http:
        http.trust_env = False
        http.headers["X-Auth-Token"] = "token"
        yield Hooks(http, f"{shop_platform.url}/stores/shop/v3/hooks")


class Hooks:
    """The webhooks of the store, as its own administrator sees them."""

    def __init__(self, http: requests.Session, url: str) -> None:
        self.http = http
        self.url = url

    def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(self.url, params={"limit": 250}, timeout=60).json()["data"]
        return found

    def add(self, scope: str, destination: str) -> None:
        body = {"scope": scope, "destination": destination, "is_active": True}
        assert self.http.post(self.url, json=body, timeout=60).ok

    def deactivate(self, scope: str) -> None:
        [hook] = [hook for hook in self.all() if hook["scope"] == scope]
        assert self.http.put(f"{self.url}/{hook['id']}", json={"is_active": False}, timeout=60).ok


def check(after: timedelta = timedelta()) -> None:
    check_due(now=timezone.now() + after, seconds=30)


def test_a_new_connection_has_all_its_hooks(shop: Connection, hooks: Hooks) -> None:
    check()
    assert sorted(hook["scope"] for hook in hooks.all()) == sorted(SCOPES)
    assert {hook["destination"] for hook in hooks.all()} == {webhook_url(shop)}
    assert all(hook["is_active"] for hook in hooks.all())
    subscription = WebhookSubscription.objects.get()
    assert subscription.healthy and subscription.renewed_at and not subscription.reason


def test_a_check_without_findings_is_one_call(shop: Connection, shop_platform: SandboxProcess) -> None:
    check()
    shop_platform.clear_calls()
    check()  # not due
    assert shop_platform.calls() == []
    check(timedelta(minutes=11))
    assert [call["method"] for call in shop_platform.calls()] == ["GET"]


def test_a_disabled_hook_is_recreated_and_the_gap_is_imported(
    read_shop: Connection, shop_platform: SandboxProcess, hooks: Hooks
) -> None:
    check()
    skip_delays()
    hooks.deactivate("store/product/*")
    link = Link.objects.filter(connection=read_shop, kind=Kind.PRODUCT).first()
    assert link is not None
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json={"name": "Missed change"})
    check(timedelta(minutes=11))
    assert all(hook["is_active"] for hook in hooks.all()) and len(hooks.all()) == len(SCOPES)
    skip_delays()
    assert Product.objects.get(pk=link.item_id).title == "Missed change"
    assert Run.objects.filter(scope="partial", job__data_type="products", state="done").exists()


def test_superfluous_hooks_are_removed_and_foreign_hooks_stay(shop: Connection, hooks: Hooks) -> None:
    check()
    hooks.add("store/sku/created", webhook_url(shop))  # store/sku/* already covers it
    hooks.add("store/order/*", "https://another.example/hook")
    check(timedelta(minutes=11))
    scopes = sorted(hook["scope"] for hook in hooks.all() if hook["destination"] == webhook_url(shop))
    assert scopes == sorted(SCOPES)
    assert [hook["destination"] for hook in hooks.all()].count("https://another.example/hook") == 1


def test_registration_errors_are_reported_and_retried(shop: Connection, shop_platform: SandboxProcess) -> None:
    shop_platform.fault("status", path="/hooks", status=503, times=1)
    check()
    subscription = WebhookSubscription.objects.get()
    assert subscription.healthy is None and "503" in subscription.reason
    shop_platform.fault("status", path="/hooks", status=403, times=1)
    check(timedelta(minutes=2))
    subscription.refresh_from_db()
    assert subscription.healthy is False and "permission" in subscription.reason
    update_connection(
        connection=shop,
        by=None,
        name=shop.name,
        base_url=shop.base_url,
        settings={},
        field_map={},
        credentials={"access_token": "token"},
    )
    check(timedelta(seconds=1))
    subscription.refresh_from_db()
    assert (subscription.healthy, subscription.reason) == (True, "")


@pytest.mark.parametrize("switch", ["read-only", "platform"])
def test_no_hook_is_registered_for_a_connection_that_may_not_be_called(
    shop: Connection, shop_platform: SandboxProcess, switch: str
) -> None:
    if switch == "read-only":
        set_read_only(connection=shop, read_only=True, by=None)
    else:
        pause_platform(platform="bigcommerce", reason="", by=None)
    check(timedelta(minutes=11))
    assert shop_platform.calls() == []


def test_uninstalling_a_connection_removes_its_hooks(shop: Connection, hooks: Hooks) -> None:
    check()
    hooks.add("store/order/*", "https://another.example/hook")
    uninstall_connection(connection=shop, by=None)
    shop.refresh_from_db()
    assert shop.credentials is None
    check(timedelta(seconds=1))
    assert [hook["destination"] for hook in hooks.all()] == ["https://another.example/hook"]
    assert not WebhookSubscription.objects.exists()
    assert AuditEvent.objects.get(action="connection.webhooks").detail == {"removed": str(len(SCOPES))}


def test_hooks_are_removed_as_soon_as_the_shop_allows_it(
    shop: Connection, shop_platform: SandboxProcess, hooks: Hooks
) -> None:
    check()
    uninstall_connection(connection=shop, by=None)
    shop_platform.fault("status", path="/hooks", status=503, times=1)
    check(timedelta(seconds=1))
    shop_platform.fault("status", path="/hooks/[0-9]+", status=503, times=1)  # some have been removed by then
    check(timedelta(minutes=11))
    assert len(hooks.all()) > 0 and WebhookSubscription.objects.get().credentials == {
        "access_token": "token",
        "client_secret": CLIENT_SECRET,
    }
    check(timedelta(minutes=22))
    assert hooks.all() == [] and not WebhookSubscription.objects.exists()


@pytest.mark.parametrize(("status", "reason"), [(403, "credentials"), (503, "503")])
def test_hooks_that_cannot_be_removed_stay_and_the_credentials_are_deleted(
    shop: Connection, shop_platform: SandboxProcess, status: int, reason: str
) -> None:
    """At once if the credentials are rejected, after a day if there is no answer."""
    check()
    uninstall_connection(connection=shop, by=None)
    shop_platform.fault("status", path="/hooks", status=status, times=1)
    check(timedelta(seconds=1))
    assert WebhookSubscription.objects.exists() is (status == 503)
    check(timedelta(hours=25))
    assert not WebhookSubscription.objects.exists()
    assert reason in AuditEvent.objects.get(action="connection.webhooks").detail["left"]


def test_a_connection_that_may_not_be_called_keeps_its_hooks(
    shop: Connection, shop_platform: SandboxProcess, hooks: Hooks
) -> None:
    check()
    set_read_only(connection=shop, read_only=True, by=None)
    uninstall_connection(connection=shop, by=None)
    shop_platform.clear_calls()
    check(timedelta(minutes=11))
    assert shop_platform.calls() == [] and not WebhookSubscription.objects.exists()
    assert len(hooks.all()) == len(SCOPES)


def test_removing_hooks_waits_for_the_kill_switch(
    shop: Connection, shop_platform: SandboxProcess, hooks: Hooks
) -> None:
    check()
    uninstall_connection(connection=shop, by=None)
    pause_platform(platform="bigcommerce", reason="", by=None)
    shop_platform.clear_calls()
    check(timedelta(minutes=11))
    assert shop_platform.calls() == []
    resume_platform(platform="bigcommerce", by=None)
    check(timedelta(minutes=11))
    assert hooks.all() == []


def test_a_change_at_the_shop_arrives_through_the_web_server(
    read_shop: Connection, shop_platform: SandboxProcess, web: str, settings: Any
) -> None:
    """The shop signs, the server stores; a deletion and a duplicate, late delivery give the same result."""
    settings.PUBLIC_URL = web
    check()
    first, second = Link.objects.filter(connection=read_shop, kind=Kind.PRODUCT).order_by("pk")[:2]
    shop_platform.control("PATCH", f"products/shop/{first.external_id}", json={"name": "Renamed"})
    shop_platform.control("DELETE", f"products/shop/{second.external_id}")
    wait_until(lambda: _answered(shop_platform) >= 2)
    shop_platform.control("POST", "deliveries/replay", params={"count": 5})
    wait_until(lambda: shop_platform.control("GET", "deliveries")["pending"] == 0)
    attempts = shop_platform.control("GET", "deliveries")["attempts"]
    assert {attempt["status"] for attempt in attempts} <= {200, None}  # None: the server was not up yet
    assert WebhookEvent.objects.count() == len({attempt["message_id"] for attempt in attempts})
    skip_delays()
    assert Product.objects.get(pk=first.item_id).title == "Renamed"
    assert Product.objects.get(pk=second.item_id).status == "discontinued"
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}


def _answered(platform: SandboxProcess) -> int:
    return sum(attempt["result"] == "ok" for attempt in platform.control("GET", "deliveries")["attempts"])
