"""Nobody reaches another seller's data by REST: every operation that the API has is tried by every kind of stranger."""

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Membership
from accounts.services import SCOPES
from hub.models import Connection, Job, Run
from orders.models import Customer
from synccenter.api import api
from synclog.models import Issue, SyncLog
from tests.world import ApiClient, Side, World, key_for, make_person

STARTED = {"started_full_sync": "2026-05-04T03:02:01Z"}
BUYER = {"email": "buyer@example.com", "first_name": "Bea", "last_name": "Buyer"}


def operations() -> list[tuple[str, str]]:
    """(method, path template) of every operation, from the document that the API gives of itself."""
    paths = api.get_openapi_schema()["paths"]
    return [(method.upper(), path) for path, found in paths.items() for method in found]


def address_of(path: str, side: Side) -> str:
    """The operation's address for one side's rows. An operation with a new parameter fails here until it is added."""
    values: dict[str, object] = {
        "run_id": side.run.pk,
        "integration": side.shop.slug,
        "slug": side.shop.slug,
        "data_type": "customers",
        "site_env": "live",
        "site_id": f"site-{side.seller.slug}",
        "feed": "products",
    }
    return re.sub(r"{(\w+)}", lambda match: str(values[match[1]]), path)


def call(client: ApiClient, method: str, address: str) -> Any:
    body = BUYER if address.endswith("/customers") and "sync-log" not in address else STARTED
    return client.send(method, address, body if method in ("PUT", "PATCH") else None)


def snapshot(side: Side) -> list[Any]:
    """Everything that the operations could change on a side."""
    return [
        list(Connection.objects.filter(seller=side.seller).order_by("pk").values()),
        list(Job.objects.filter(connection__seller=side.seller).order_by("pk").values()),
        list(Run.objects.filter(job__connection__seller=side.seller).order_by("pk").values()),
        list(SyncLog.objects.filter(seller=side.seller).order_by("pk").values()),
        list(Issue.objects.filter(seller=side.seller).order_by("pk").values()),
        list(Customer.objects.filter(seller=side.seller).order_by("pk").values()),
    ]


def test_the_walk_covers_the_api(world: World) -> None:
    assert len(operations()) >= 13
    assert reverse("api:api-root") == "/api/"


@pytest.mark.parametrize(("method", "path"), operations())
def test_without_a_key_nothing_opens(world: World, method: str, path: str) -> None:
    before = snapshot(world.north)
    assert call(ApiClient(), method, address_of(path, world.north)).status_code == 401
    assert snapshot(world.north) == before


@pytest.mark.parametrize(("method", "path"), operations())
def test_without_the_scope_nothing_opens(world: World, method: str, path: str) -> None:
    before = snapshot(world.north)
    address = address_of(path, world.north)
    told = call(key_for(world.north.seller, scopes=[]), method, address).json()["detail"]
    (needed,) = [scope for scope in SCOPES if scope in told]
    others = [scope for scope in SCOPES if scope != needed]
    assert call(key_for(world.north.seller, scopes=others), method, address).status_code == 403
    assert snapshot(world.north) == before


@pytest.mark.parametrize("stranger", ["key of the other seller", "key of a member there", "key of nobody's member"])
@pytest.mark.parametrize(("method", "path"), operations())
def test_a_stranger_finds_nothing_and_changes_nothing(world: World, stranger: str, method: str, path: str) -> None:
    """Whatever names the north's rows is 404; whatever lists or names a log by a free name shows the south alone."""
    client = {
        "key of the other seller": lambda: key_for(world.south.seller),
        "key of a member there": lambda: key_for(user=world.south.owner),
        "key of nobody's member": lambda: key_for(user=make_person("stranger@nowhere.example")),
    }[stranger]()
    before = snapshot(world.north)
    answer = call(client, method, address_of(path, world.north))
    assert snapshot(world.north) == before
    text = answer.getvalue().decode()
    assert "No e-mail at north" not in text and "north-front" not in text
    names_a_row = "{run_id}" in path or "{slug}" in path or "{site_id}" in path
    if names_a_row or stranger == "key of nobody's member" and "sync-log" in path:
        assert answer.status_code == 404
    assert answer.status_code < 500


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if each[0] != "GET"])
def test_a_viewer_changes_nothing(world: World, method: str, path: str) -> None:
    Membership.objects.filter(user=world.north.owner).update(role=Membership.Role.VIEWER)
    before = snapshot(world.north)
    answer = call(key_for(user=world.north.owner), method, address_of(path, world.north))
    assert answer.status_code == 403
    assert snapshot(world.north) == before


@pytest.mark.parametrize(("method", "path"), operations())
def test_the_owner_comes_in_everywhere(world: World, method: str, path: str) -> None:
    """So that the refusals above are worth something."""
    answer = call(key_for(user=world.north.owner), method, address_of(path, world.north))
    # The one 400: the customers' run that the north began with is still under way; the front's own is not.
    expected = {400} if path.endswith("/sync/{data_type}") else {200, 201, 204}
    assert answer.status_code in expected, answer.content
