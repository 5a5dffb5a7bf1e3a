"""Webhooks of the simulated BigCommerce: content, signature, and what happens when deliveries fail."""

import base64
import time
from collections.abc import Callable

from standardwebhooks import Webhook

from sandbox.platforms.bigcommerce.webhook_delivery import Receiver
from tests.sandbox.conftest import Api, HookServer


def subscribe(shop: Api, receiver: HookServer, scope: str) -> int:
    body = {"scope": scope, "destination": receiver.url, "is_active": True, "headers": {"X-Proof": "ours"}}
    answer = shop.post("/v3/hooks", body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["data"]["id"])


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "timed out waiting for the condition"
        time.sleep(0.02)


def test_a_change_is_sent_signed_and_names_only_the_item(shop: Api, receiver: HookServer) -> None:
    subscribe(shop, receiver, "store/product/updated")
    shop.put("/v3/catalog/products/7", {"price": 12})
    (event,) = receiver.wait_for(1)
    assert event["scope"] == "store/product/updated"
    assert event["data"] == {"type": "product", "id": 7}
    assert event["producer"] == "stores/alpha"
    _, headers, raw = receiver.calls[0]
    assert headers["x-proof"] == "ours"
    secret = base64.b64encode(b"shop-secret").decode()
    assert Webhook(secret).verify(raw, headers) == event


def test_scopes_and_wildcards_select_events(shop: Api, receiver: HookServer) -> None:
    subscribe(shop, receiver, "store/order/*")
    shop.put("/v3/catalog/products/7", {"price": 12})
    shop.put("/v2/orders/1", {"status_id": 10})
    events = receiver.wait_for(2)
    assert {event["scope"] for event in events} == {"store/order/updated", "store/order/statusUpdated"}


def test_back_office_edits_publish_events_and_are_not_logged(shop: Api, receiver: HookServer) -> None:
    subscribe(shop, receiver, "store/product/*")
    before = shop.data("/v3/catalog/products/3")
    calls = len(shop.process.calls())
    shop.process.control("PATCH", "products/alpha/3", json={"name": "Renamed manually"})
    shop.process.control("DELETE", "products/alpha/4")
    assert len(shop.process.calls()) == calls
    assert {event["scope"] for event in receiver.wait_for(2)} == {"store/product/updated", "store/product/deleted"}
    after = shop.data("/v3/catalog/products/3")
    assert after["name"] == "Renamed manually"
    assert after["date_modified"] > before["date_modified"]


def test_a_failed_call_is_retried_with_the_same_id_and_body(shop: Api, receiver: HookServer) -> None:
    subscribe(shop, receiver, "store/product/updated")
    receiver.status = 503
    shop.put("/v3/catalog/products/7", {"price": 12})
    receiver.wait_for(2)
    receiver.status = 200
    wait_until(lambda: shop.process.control("GET", "deliveries")["pending"] == 0)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.calls}) == 1
    assert len({raw for _, _, raw in receiver.calls}) == 1
    assert shop.process.control("GET", "deliveries")["attempts"][-1]["result"] == "ok"


def test_a_hook_that_never_succeeds_is_deactivated(shop: Api, receiver: HookServer) -> None:
    hook = subscribe(shop, receiver, "store/product/updated")
    receiver.status = 500
    shop.put("/v3/catalog/products/7", {"price": 12})
    wait_until(lambda: not shop.data(f"/v3/hooks/{hook}")["is_active"])
    assert len(receiver.calls) == 12
    shop.put("/v3/catalog/products/7", {"price": 13})
    assert shop.process.control("GET", "deliveries")["pending"] == 0


def test_a_receiver_that_mostly_fails_is_blocked_for_a_while() -> None:
    failing, healthy = Receiver(scale=0.001), Receiver(scale=0.001)
    for number in range(100):
        assert not failing.blocked
        failing.record_result(number % 10 > 1)
        healthy.record_result(number % 10 > 0)
    assert failing.blocked
    assert not healthy.blocked
    wait_until(lambda: not failing.blocked)


def test_the_latest_events_can_be_replayed(shop: Api, receiver: HookServer) -> None:
    subscribe(shop, receiver, "store/product/updated")
    shop.put("/v3/catalog/products/7", {"price": 12})
    receiver.wait_for(1)
    shop.process.control("POST", "deliveries/replay", params={"count": 1})
    first, second = receiver.wait_for(2)
    assert first == second


def test_hooks_are_validated(shop: Api) -> None:
    good = {"scope": "store/product/updated", "destination": "https://hub.example.com/hook"}
    for bad in (
        {"scope": "store/everything"},
        {"scope": None},
        {"destination": "http://hub.example.com/hook"},
        {"destination": "https://hub.example.com:8443/hook"},
        {"headers": {"X-Number": 1}},
    ):
        assert shop.post("/v3/hooks", good | bad).status_code == 422
    hooks = [good | {"destination": f"{good['destination']}/{number}"} for number in range(11)]
    answers = [shop.post("/v3/hooks", hook).status_code for hook in hooks]
    assert answers == [200] * 10 + [422]
    assert shop.get("/v3/hooks/999").status_code == 404
