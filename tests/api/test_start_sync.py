"""Starting syncs over REST: 201 for a new run, 400 while it is open (D2)."""

import pytest

from accounts.models import AuditEvent
from hub.kinds import DataType
from hub.models import Run
from hub.services import cancel_run
from tests.two_sellers import TwoSellers, key_for

SYNC = "/api/v1/connections/north-shop/sync/products"


def test_a_sync_starts_only_once(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    first = client.send("POST", SYNC)
    assert first.status_code == 201
    assert (first.json()["data_type"], first.json()["trigger"], first.json()["state"]) == ("products", "api", "queued")
    second = client.send("POST", SYNC)
    assert second.status_code == 400
    assert f"run {first.json()['id']}" in second.json()["detail"]
    assert Run.objects.filter(job=two_sellers.north.job(DataType.PRODUCTS)).count() == 1


def test_the_next_sync_can_start_when_the_first_is_closed(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    first = client.send("POST", SYNC).json()["id"]
    cancel_run(run=Run.objects.get(pk=first), by=None)
    assert client.send("POST", SYNC).status_code == 201


def test_the_user_of_a_key_is_in_the_audit_log(two_sellers: TwoSellers) -> None:
    assert key_for(user=two_sellers.north.owner).send("POST", SYNC).status_code == 201
    events = AuditEvent.objects.filter(action="sync.start", target__endswith="import products")
    assert events.get().user == two_sellers.north.owner


def test_a_data_type_without_a_job_is_not_found(two_sellers: TwoSellers) -> None:
    answer = key_for(two_sellers.north.seller).send("POST", "/api/v1/connections/north-shop/sync/orders")
    assert answer.status_code == 404
    assert "orders" in answer.json()["detail"]


def test_an_unknown_data_type_is_an_error_of_that_field(two_sellers: TwoSellers) -> None:
    answer = key_for(two_sellers.north.seller).send("POST", "/api/v1/connections/north-shop/sync/shoes")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["property"] == "data_type" and "'products'" in error["message"]


@pytest.mark.parametrize("slug", ["nowhere", "a%00b", "%ff", "..", "x" * 300])
def test_unknown_connections_change_nothing(two_sellers: TwoSellers, slug: str) -> None:
    before = Run.objects.count()
    answer = key_for(two_sellers.north.seller).send("POST", f"/api/v1/connections/{slug}/sync/products")
    assert answer.status_code in (400, 404)
    assert Run.objects.count() == before
