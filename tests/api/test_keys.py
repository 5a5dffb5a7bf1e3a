"""API keys: which ones are accepted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import revoke_api_key
from tests.two_sellers import ApiClient, TwoSellers, key_for

RUNS = "/api/v1/runs"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer sc_12345678_wrong", "Bearer sc_\x00", "Basic sc_12345678_wrong", "Bearer ümläut"]
)
def test_invalid_keys_are_rejected(two_sellers: TwoSellers, header: str) -> None:
    answer = ApiClient().get(RUNS, headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_session_is_not_accepted(two_sellers: TwoSellers) -> None:
    client = ApiClient()
    client.force_login(two_sellers.north.owner)
    assert client.get(RUNS).status_code == 401


def test_revoked_and_expired_keys_are_rejected(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    key = ApiKey.objects.get()
    assert client.get(RUNS).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(RUNS).status_code == 401
    ApiKey.objects.update(expires_at=None)
    revoke_api_key(key=key)
    assert client.get(RUNS).status_code == 401


def test_the_key_of_a_former_member_has_no_access(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller, user=two_sellers.north.owner)
    assert len(client.get(RUNS).json()["items"]) == 1
    two_sellers.north.owner.memberships.all().delete()
    assert client.get(RUNS).json()["items"] == []
    two_sellers.north.owner.is_active = False
    two_sellers.north.owner.save()
    assert client.get(RUNS).status_code == 401


def test_installation_wide_connections_need_a_key_for_the_installation(two_sellers: TwoSellers) -> None:
    two_sellers.north.shop.seller = None
    two_sellers.north.shop.save(update_fields=["seller"])
    path = f"{RUNS}/{two_sellers.north.run.pk}"
    assert key_for().get(path).status_code == 200
    assert key_for(two_sellers.north.seller).get(path).status_code == 404
    assert key_for(user=two_sellers.north.owner).get(path).status_code == 404
