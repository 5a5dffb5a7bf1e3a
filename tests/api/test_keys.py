"""Which keys open the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from accounts.services import revoke_api_key
from tests.world import ApiClient, World, key_for

RUNS = "/api/v1/runs"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer sc_12345678_wrong", "Bearer sc_\x00", "Basic sc_12345678_wrong", "Bearer ümläut"]
)
def test_what_is_no_key_is_refused(world: World, header: str) -> None:
    answer = ApiClient().get(RUNS, headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_session_opens_nothing(world: World) -> None:
    client = ApiClient()
    client.force_login(world.north.owner)
    assert client.get(RUNS).status_code == 401


def test_a_revoked_or_expired_key_opens_nothing(world: World) -> None:
    client = key_for(world.north.seller)
    key = ApiKey.objects.get()
    assert client.get(RUNS).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(RUNS).status_code == 401
    ApiKey.objects.update(expires_at=None)
    revoke_api_key(key=key)
    assert client.get(RUNS).status_code == 401


def test_the_key_of_somebody_who_left_opens_nothing(world: World) -> None:
    client = key_for(world.north.seller, user=world.north.owner)
    assert len(client.get(RUNS).json()["items"]) == 1
    world.north.owner.memberships.all().delete()
    assert client.get(RUNS).json()["items"] == []
    world.north.owner.is_active = False
    world.north.owner.save()
    assert client.get(RUNS).status_code == 401


def test_a_platform_wide_connection_answers_only_to_a_platform_key(world: World) -> None:
    world.north.shop.seller = None
    world.north.shop.save(update_fields=["seller"])
    path = f"{RUNS}/{world.north.run.pk}"
    assert key_for().get(path).status_code == 200
    assert key_for(world.north.seller).get(path).status_code == 404
    assert key_for(user=world.north.owner).get(path).status_code == 404
