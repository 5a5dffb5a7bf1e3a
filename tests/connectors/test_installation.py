"""Installing the app in an account by redirects, and what attackers could try with it."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from django.test import Client

from accounts.models import AuditEvent, Membership, Seller, User
from connectors.adapters.factory import account_for, open_adapter
from connectors.models import InstallationRequest, OAuthTokens
from connectors.platforms.shopify.installation import ShopifyInstallation
from connectors.sdk.installation import App, InstallationRefused
from hub import clock
from hub.models import Connection, Job, PlatformSwitch
from hub.services import require_attention
from sandbox.process import SandboxProcess
from tests.dashboard.merchants import person

pytestmark = pytest.mark.django_db(transaction=True)
APP = ("sandbox-client", "sandbox-secret")


@dataclass
class Install:
    """A store, our app there, and owners of two sellers."""

    store: SandboxProcess
    alice: User
    bob: User

    def client(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def consent_page(self, client: Client, seller: str = "acorn") -> str:
        answer = client.post(f"/s/{seller}/connect/shopify/install/", {"account": "alpha"})
        assert answer.status_code == 200
        return str(answer.context["url"])

    def agree(self, url: str) -> dict[str, str]:
        """What the store sends back, as parameters of the callback."""
        location = requests.get(url, allow_redirects=False, timeout=60).headers["Location"]
        return dict(parse_qsl(urlsplit(location).query))


@pytest.fixture
def install(sandbox: Callable[..., SandboxProcess], monkeypatch: pytest.MonkeyPatch, settings: Any) -> Install:
    store = sandbox("shopify", accounts={"alpha": "alpha-token"}, products=3)
    settings.OAUTH_APPS = {"shopify": APP}
    monkeypatch.setattr(ShopifyInstallation, "account_url", lambda text: store.url)
    sellers = [Seller.objects.create(slug=slug, name=slug) for slug in ("acorn", "birch")]
    alice, bob = (
        person(f"{name}@{seller.slug}.example", seller, Membership.Role.OWNER)
        for name, seller in zip(("alice", "bob"), sellers, strict=True)
    )
    return Install(store, alice, bob)


def test_an_installed_app_is_a_connection(install: Install) -> None:
    client = install.client(install.alice)
    assert b"Install the app" in client.get("/s/acorn/connect/shopify/").content
    url = install.consent_page(client)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["client_id"] == "sandbox-client" and query["redirect_uri"].endswith("/oauth/callback/")
    assert "read_products,read_inventory" in query["scope"] and "sandbox-secret" not in url
    answer = client.get("/oauth/callback/", install.agree(url))
    connection = Connection.objects.get()
    assert answer.headers["Location"] == f"/s/acorn/connections/{connection.slug}/setup/"
    assert connection.seller is not None and connection.seller.slug == "acorn"
    # The app's secret is not copied, and goes nowhere else.
    assert connection.credentials == {"client_id": APP[0]} and account_for(connection).app_secret == APP[1]
    elsewhere = Connection(platform="shopify", base_url="https://x.example", credentials=connection.credentials)
    assert account_for(elsewhere).app_secret == ""
    # The token is encrypted and ends after an hour; a fresh one takes its place.
    tokens = OAuthTokens.objects.get(connection=connection)
    first = tokens.pair
    assert first.access_token.startswith("shpat_") and first.refresh_token.startswith("shprt_")
    OAuthTokens.objects.update(expires_at=tokens.expires_at - timedelta(hours=2))
    adapter = open_adapter(connection)
    assert "Alpha" in adapter.check()
    adapter.http.close()
    assert OAuthTokens.objects.get(connection=connection).pair.refresh_token != first.refresh_token
    assert AuditEvent.objects.filter(action="connection.install", user=install.alice).exists()


def test_a_connection_is_authorized_again(install: Install) -> None:
    client = install.client(install.alice)
    client.get("/oauth/callback/", install.agree(install.consent_page(client)))
    connection = Connection.objects.get()
    OAuthTokens.objects.update(state=OAuthTokens.State.RECONNECT)
    waiting, paused = connection.jobs.order_by("pk")[:2]  # both are paused; a person did the second
    require_attention(job=waiting, reason="The connection has to be authorized again.")
    page = client.post(f"/s/acorn/connections/{connection.slug}/authorize/")
    client.get("/oauth/callback/", install.agree(page.context["url"]))
    assert Connection.objects.count() == 1
    assert OAuthTokens.objects.get().state == OAuthTokens.State.VALID
    assert not Job.objects.get(pk=waiting.pk).paused and Job.objects.get(pk=paused.pk).paused
    assert AuditEvent.objects.filter(action="connection.authorize", user=install.alice).exists()
    stranger = install.client(install.bob)
    assert stranger.post(f"/s/acorn/connections/{connection.slug}/authorize/").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda: Connection.objects.update(paused_at=clock.now(), pause_reason="staging"),
        lambda: Connection.objects.update(state=Connection.State.UNINSTALLED),
        lambda: PlatformSwitch.objects.create(platform="shopify", reason="staging"),
        lambda: Seller.objects.filter(slug="acorn").update(status=Seller.Status.DELETED),
    ],
)
def test_what_must_not_be_called_is_not_authorized(install: Install, change: Callable[[], Any]) -> None:
    """Neither begun nor finished: the store gets no call."""
    client = install.client(install.alice)
    client.get("/oauth/callback/", install.agree(install.consent_page(client)))
    connection = Connection.objects.get()
    path = f"/s/acorn/connections/{connection.slug}/authorize/"
    answer = install.agree(client.post(path).context["url"])
    change()
    before = len(list(install.store.calls()))
    client.get("/oauth/callback/", answer)
    assert client.post(path).status_code in (302, 404)
    assert len(list(install.store.calls())) == before
    reasons = AuditEvent.objects.filter(action="connection.authorization_refused").values_list("detail", flat=True)
    assert "Not authorized, because" in str(list(reasons))


def installs_nothing(client: Client, answer: dict[str, Any]) -> bool:
    """Whether the callback connects nothing and says that it did not."""
    before = Connection.objects.count()
    page = client.get("/oauth/callback/", answer, follow=True)
    return b"The app was not installed" in page.content and Connection.objects.count() == before


def test_a_state_is_used_once(install: Install) -> None:
    client = install.client(install.alice)
    url = install.consent_page(client)
    assert not installs_nothing(client, answer := install.agree(url))
    assert installs_nothing(client, answer) and installs_nothing(client, install.agree(url))
    assert AuditEvent.objects.filter(action="connection.authorization_refused", user=install.alice).count() == 2


def test_a_state_belongs_to_one_person_session_and_seller(install: Install) -> None:
    """Someone who is lured to another's callback installs nothing, and does not use up the other's request."""
    client = install.client(install.alice)
    answer = install.agree(install.consent_page(client))
    assert installs_nothing(install.client(install.bob), answer)
    assert installs_nothing(install.client(install.alice), answer)  # another session of the same person
    assert Client().get("/oauth/callback/", answer).headers["Location"].startswith("/login/")
    assert not installs_nothing(client, answer)
    assert Connection.objects.get().seller == Seller.objects.get(slug="acorn")
    assert install.client(install.bob).post("/s/acorn/connect/shopify/install/").status_code == 404


def test_an_owner_who_lost_the_role_installs_nothing(install: Install) -> None:
    client = install.client(install.alice)
    answer = install.agree(install.consent_page(client))
    Membership.objects.filter(user=install.alice).update(role=Membership.Role.MEMBER)
    assert client.get("/oauth/callback/", answer).status_code == 403 and not Connection.objects.exists()
    assert client.post("/s/acorn/connect/shopify/install/", {"account": "alpha"}).status_code == 403


def test_a_request_ends(install: Install) -> None:
    client = install.client(install.alice)
    answer = install.agree(install.consent_page(client))
    row = InstallationRequest.objects.get()
    assert answer["state"] not in f"{row.state_digest}{row.session_digest}"
    InstallationRequest.objects.update(expires_at=row.created_at)
    assert installs_nothing(client, answer)


def signed(answer: dict[str, str], secret: str = APP[1]) -> dict[str, str]:
    rest = {name: value for name, value in answer.items() if name != "hmac"}
    text = urlencode(sorted(rest.items()))
    return rest | {"hmac": hmac.new(secret.encode(), text.encode(), sha256).hexdigest()}


@pytest.mark.parametrize(
    "tampered",
    [
        lambda answer: answer | {"code": "another"},
        lambda answer: answer | {"shop": "evil.myshopify.com"},
        lambda answer: answer | {"hmac": ""},
        lambda answer: {name: value for name, value in answer.items() if name != "hmac"},
        lambda answer: signed(answer, "guessed"),
        lambda answer: signed(answer | {"shop": "evil.myshopify.com"}),
        lambda answer: signed({name: value for name, value in answer.items() if name != "code"}),
        lambda answer: {name: [value, value] for name, value in answer.items()},
    ],
)
def test_an_answer_that_is_not_the_stores_is_refused(install: Install, tampered: Callable[[Any], Any]) -> None:
    """And the request is over: another try needs another one."""
    client = install.client(install.alice)
    answer = install.agree(install.consent_page(client))
    page = client.get("/oauth/callback/", tampered(answer), follow=True)
    assert (b"was not installed" in page.content or b"malformed" in page.content) and not Connection.objects.exists()


@pytest.mark.parametrize(
    ("entered", "address"),
    [
        ("example", "https://example.myshopify.com"),
        (" Example.myshopify.com/ ", "https://example.myshopify.com"),
        ("https://admin.shopify.com/store/example/products?x=1", "https://example.myshopify.com"),
        ("example.com", None),
        ("evil.com/example.myshopify.com", None),
        ("example.myshopify.com.evil.com", None),
        ("example.myshopify.com@evil.com", None),
        ("http://example.myshopify.com", None),
        ("evil.com#.myshopify.com", None),
        ("-x.myshopify.com", None),
        ("x\n.myshopify.com", None),
        ("", None),
    ],
)
def test_addresses_of_stores(entered: str, address: str | None) -> None:
    if address is None:
        with pytest.raises(ValueError, match="address in Shopify"):
            ShopifyInstallation.account_url(entered)
    else:
        assert ShopifyInstallation.account_url(entered) == address


def test_missing_scopes_are_named() -> None:
    with pytest.raises(InstallationRefused, match="read_orders"):
        ShopifyInstallation.grant(App(*APP), {"access_token": "shpat_1", "scope": "read_products"})


def test_without_an_app_there_is_no_installation(install: Install, settings: Any) -> None:
    settings.OAUTH_APPS = {}
    client = install.client(install.alice)
    assert b"Install the app" not in client.get("/s/acorn/connect/shopify/").content
    assert client.post("/s/acorn/connect/shopify/install/", {"account": "alpha"}).status_code == 404
