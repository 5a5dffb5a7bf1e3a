"""API keys of the user: created, shown once, revoked."""

from collections.abc import Callable

from django.test import Client

from accounts.models import ApiKey, AuditEvent, User
from accounts.services import find_api_key
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]
FORM = {"name": "Warehouse script", "scopes": ["sync:read", "sync:trigger"], "days": "90"}


def test_a_key_is_shown_once_and_works(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    response = client.post("/s/acorn/settings/keys/", FORM)
    text = response.context["new_text"]
    assert text in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    key = find_api_key(text)
    assert key is not None
    assert (key.user, key.seller, key.scopes) == (acorn.owner, acorn.seller, ["sync:read", "sync:trigger"])
    assert key.expires_at is not None and (key.expires_at - key.created_at).days in (89, 90)
    page = client.get("/s/acorn/settings/").content.decode()
    assert text not in page and "Warehouse script" in page and key.prefix in page
    assert AuditEvent.objects.filter(action="key.add", user=acorn.owner).exists()


def test_a_revoked_key_does_not_work(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    text = client.post("/s/acorn/settings/keys/", FORM).context["new_text"]
    page = client.post(f"/s/acorn/settings/keys/{ApiKey.objects.get().pk}/revoke/", follow=True).content.decode()
    assert "Key “Warehouse script” revoked." in page
    assert find_api_key(text) is None


def test_an_invalid_form_creates_no_key(acorn: Merchant, logged_in: LogIn) -> None:
    response = logged_in(acorn.owner).post("/s/acorn/settings/keys/", {"name": "", "scopes": ["all"], "days": "1"})
    assert response.status_code == 400
    assert set(response.context["form"].errors) == {"name", "scopes", "days"}
    assert not ApiKey.objects.exists()


def test_keys_of_viewers_are_read_only(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.viewer)
    assert client.post("/s/acorn/settings/keys/", FORM).status_code == 400
    reading = FORM | {"scopes": ["sync:read"]}
    assert client.post("/s/acorn/settings/keys/", reading).status_code == 200
    assert ApiKey.objects.get().user == acorn.viewer


def test_members_are_listed(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.viewer).get("/s/acorn/team/").content.decode()
    assert "alice@acorn.example" in page and "Owner" in page


def test_the_page_lists_feed_urls(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    text = client.post("/s/acorn/settings/keys/", FORM | {"scopes": ["feeds:read"]}).context["new_text"]
    addresses = dict(client.get("/s/acorn/settings/").context["feeds"])
    assert list(addresses) == ["Products", "Inventory", "Images"]
    for address in addresses.values():
        assert Client().get(address, headers={"Authorization": f"Bearer {text}"}).status_code == 200
