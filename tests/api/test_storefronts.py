"""The endpoints that B2B storefronts call: status and uninstall."""

import pytest

from hub.models import Connection, Run
from synclog.models import SyncLog
from tests.two_sellers import ApiClient, TwoSellers, key_for


@pytest.mark.parametrize("site", ["site-north", "north-front"])
@pytest.mark.parametrize(
    ("requested", "data_type"),
    [("products", "products"), ("customers", "customers"), ("purchases", "orders"), ("customer_groups", "customers")],
)
def test_a_storefront_starts_a_sync_with_its_own_data_types(
    two_sellers: TwoSellers, site: str, requested: str, data_type: str
) -> None:
    client = key_for(two_sellers.north.seller)
    answer = client.send("POST", f"/api/v1/live/{site}/status/{requested}")
    assert (answer.status_code, answer.json()["data_type"]) == (201, data_type)
    assert client.send("POST", f"/api/v1/live/{site}/status/{requested}").status_code == 400


def test_an_id_that_several_sellers_use_starts_nothing(two_sellers: TwoSellers) -> None:
    for setup in (two_sellers.north, two_sellers.south):
        Connection.objects.filter(pk=setup.storefront.pk).update(settings={"site_id": "main"})
    runs = Run.objects.count()
    answer = key_for().send("POST", "/api/v1/live/main/status/products")
    assert answer.status_code == 400 and "several sellers" in answer.content.decode()
    assert Run.objects.count() == runs
    assert key_for(two_sellers.south.seller).send("POST", "/api/v1/live/main/status/products").status_code == 201


def test_a_storefront_without_a_key_is_rejected(two_sellers: TwoSellers) -> None:
    answer = ApiClient().send("POST", "/api/v1/live/site-north/status/products")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_another_environment_is_another_site(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    assert client.send("POST", "/api/v1/test/site-north/status/products").status_code == 404
    assert client.send("DELETE", "/api/v1/test/site-north").status_code == 404
    assert Run.objects.filter(job__connection=two_sellers.north.storefront).count() == 0


def test_a_shop_is_not_a_storefront(two_sellers: TwoSellers) -> None:
    assert key_for(two_sellers.north.seller).send("DELETE", "/api/v1/live/north-shop").status_code == 404


def test_uninstalling_deletes_only_the_logs_of_the_storefront(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    for name in ("north-front", "north-shop"):
        client.send("PUT", f"/api/v1/sync-log/{name}/products", {"started_full_sync": "2026-05-04T03:02:01Z"})
    for _ in range(2):
        assert client.send("DELETE", "/api/v1/live/site-north").status_code == 204
    two_sellers.north.storefront.refresh_from_db()
    assert two_sellers.north.storefront.state == Connection.State.UNINSTALLED
    assert two_sellers.north.storefront.credentials is None
    assert sorted(SyncLog.objects.values_list("integration", "data_type")) == [
        ("north-shop", "customers"),
        ("north-shop", "products"),
        ("south-shop", "customers"),
    ]
    assert client.send("POST", "/api/v1/live/site-north/status/products").status_code == 404
