"""A storefront connects itself: idempotent, for one seller, with the first sync."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from accounts.models import AuditEvent
from connectors.platforms.sparklayer.settings import BASE_URLS
from connectors.services.connections import install_connection
from connectors.services.storefront_connections import StorefrontCredentials, connect_storefront
from hub.models import Connection, Job, Lane, Run
from synclog.models import SyncLog
from tests.factories import make_seller, make_user
from tests.two_sellers import key_for

SITE = "/api/v1/live/bobs-store"
PRESENTED = {"store_id": "abc123", "spark_api_client_id": "client-1", "spark_api_client_secret": "word-1"}


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """SparkLayer's addresses cannot be resolved in tests."""
    monkeypatch.setitem(BASE_URLS, "live", "http://127.0.0.1:8")
    monkeypatch.setitem(BASE_URLS, "test", "http://127.0.0.1:9")


def shop_of(seller: Any, store: str = "abc123", **fields: Any) -> Connection:
    return install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Shop",
        slug=f"{seller.slug}-{store}",
        base_url=f"http://127.0.0.1:9/stores/{store}",
        credentials={"access_token": "token"},
        start=False,
        **fields,
    )


def storefronts() -> list[Connection]:
    return list(Connection.objects.filter(platform="sparklayer").order_by("pk"))


@pytest.mark.django_db
def test_a_storefront_connects_itself_and_its_first_sync_starts() -> None:
    seller = make_seller("acme")
    shop = shop_of(seller)
    client = key_for(seller)
    for _ in range(3):
        answer = client.send("POST", SITE, PRESENTED | {"extra_config": {"x": 1}})
        assert (answer.status_code, answer.content) == (204, b"")
    (made,) = storefronts()
    assert (made.seller, made.base_url, made.state) == (seller, BASE_URLS["live"], "active")
    assert made.settings == {"site_id": "bobs-store", "site_env": "live", "client_id": "client-1", "shop": shop.slug}
    assert made.credentials == {"client_secret": "word-1"}
    runs = Run.objects.filter(job__connection=made)
    assert {run.trigger for run in runs} == {"install"} and runs.count() == Job.objects.filter(connection=made).count()
    assert AuditEvent.objects.filter(action="connection.install", seller=seller).count() == 2
    assert "word-1" not in str(list(AuditEvent.objects.values()))


@pytest.mark.django_db
def test_new_credentials_are_taken_over_and_settings_are_kept() -> None:
    seller = make_seller("acme")
    shop_of(seller)
    client = key_for(seller)
    client.send("POST", SITE, PRESENTED)
    (made,) = storefronts()
    Connection.objects.update(settings=made.settings | {"price_lists": "all"}, base_url="http://127.0.0.1:9")
    assert client.send("POST", SITE, PRESENTED | {"spark_api_client_secret": "word-2"}).status_code == 204
    (made,) = storefronts()
    assert made.credentials == {"client_secret": "word-2"}
    assert (made.settings["price_lists"], made.base_url) == ("all", "http://127.0.0.1:9")


@pytest.mark.django_db
def test_without_a_shop_the_merchant_is_sent_to_the_connection() -> None:
    seller = make_seller("acme")
    client = key_for(seller)
    answer = client.send("POST", SITE, PRESENTED)
    assert answer.status_code == 201
    assert answer.json()["redirect_url"].endswith("/connections/acme-bobs-store/")
    shop_of(seller)
    assert client.send("POST", SITE, PRESENTED).status_code == 204
    (made,) = storefronts()
    assert made.settings["shop"] == "acme-abc123"


@pytest.mark.django_db
@pytest.mark.parametrize(("store", "status"), [("two", 204), ("unknown", 201)])
def test_of_several_shops_the_named_one_is_used(store: str, status: int) -> None:
    seller = make_seller("acme")
    shop_of(seller, "one")
    shop_of(seller, "two")
    assert key_for(seller).send("POST", SITE, PRESENTED | {"store_id": store}).status_code == status
    (made,) = storefronts()
    assert made.settings["shop"] == ("acme-two" if status == 204 else "")


@pytest.mark.django_db
def test_a_disconnected_storefront_connects_again() -> None:
    seller = make_seller("acme")
    shop_of(seller)
    client = key_for(seller)
    client.send("POST", SITE, PRESENTED)
    (made,) = storefronts()
    client.send("PUT", f"/api/v1/sync-log/{made.slug}/products", {"started_full_sync": "2026-05-04T03:02:01Z"})
    for _ in range(2):
        assert client.send("DELETE", SITE).status_code == 204
    assert not SyncLog.objects.filter(connection=made).exists()
    assert client.send("POST", f"{SITE}/status/products").status_code == 404
    assert client.send("POST", SITE, PRESENTED).status_code == 204
    (again,) = storefronts()
    assert (again.pk, again.state, again.paused_at) == (made.pk, "active", None)
    assert again.credentials == {"client_secret": "word-1"}
    assert not Lane.objects.filter(connection=again, paused=True).exists()
    assert (
        Run.objects.filter(job__connection=again, state__in=Run.OPEN).count()
        == Job.objects.filter(connection=again, enabled=True).count()
    )


@pytest.mark.django_db
def test_sites_of_two_sellers_and_environments_are_apart() -> None:
    north, south = make_seller("north"), make_seller("south")
    for seller in (north, south):
        shop_of(seller)
        assert key_for(seller).send("POST", SITE, PRESENTED).status_code == 204
    assert key_for(north).send("POST", "/api/v1/test/bobs-store", PRESENTED).status_code == 204
    found = [(each.seller.slug, each.settings["site_env"], each.base_url) for each in storefronts()]
    live, test = BASE_URLS["live"], BASE_URLS["test"]
    assert found == [("north", "live", live), ("south", "live", live), ("north", "test", test)]
    assert key_for(south).send("DELETE", "/api/v1/test/bobs-store").status_code == 404
    assert key_for(north).send("DELETE", "/api/v1/test/bobs-store").status_code == 204
    assert [each.state for each in storefronts()] == ["active", "active", "uninstalled"]


@pytest.mark.django_db
@pytest.mark.parametrize("missing", list(PRESENTED))
def test_all_credentials_are_required(missing: str) -> None:
    body = {name: value for name, value in PRESENTED.items() if name != missing}
    answer = key_for(make_seller("acme")).send("POST", SITE, body)
    assert answer.status_code == 400 and answer.json()["errors"][0]["property"] == missing
    assert storefronts() == []


@pytest.mark.django_db
def test_an_address_that_cannot_be_resolved_connects_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BASE_URLS, "live", "http://10.0.0.1")
    answer = key_for(make_seller("acme")).send("POST", SITE, PRESENTED)
    assert answer.status_code == 400 and "base_url" in answer.json()["detail"]
    assert storefronts() == []


@pytest.mark.django_db
def test_a_key_of_several_sellers_connects_nothing() -> None:
    user = make_user()
    make_seller("north", members=(user,))
    make_seller("south", members=(user,))
    assert key_for(user=user).send("POST", SITE, PRESENTED).status_code == 400
    assert storefronts() == []


@pytest.mark.django_db(transaction=True)
def test_concurrent_calls_create_one_connection() -> None:
    seller = make_seller("acme")
    presented = StorefrontCredentials(store_id="1", client_id="c", client_secret="w")

    def connect(_: int) -> int:
        try:
            return connect_storefront(
                seller=seller, site_env="live", site_id="bobs-store", presented=presented, by=None
            ).connection.pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(connect, range(3)))) == 1
