"""Two sellers with users, connections and API keys, for tests of access control."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Seller, User
from accounts.services import SCOPES, create_api_key
from connectors import platforms
from connectors.adapters import registry
from connectors.services.connections import install_connection
from hub.kinds import DataType
from hub.models import Connection, Job, Run
from synclog.models import SyncLog
from synclog.services import IssueDraft, log_for, upsert_issues
from tests.factories import make_seller

FAKE_PLATFORMS = Path(__file__).parent / "fake_platforms"
SECRET = "paper-token"


@dataclass
class SellerSetup:
    """A seller with an owner, a shop, a B2B storefront, a run and an open issue."""

    seller: Seller
    owner: User
    shop: Connection = field(init=False)
    storefront: Connection = field(init=False)
    run: Run = field(init=False)
    log: SyncLog = field(init=False)

    def __post_init__(self) -> None:
        slug = self.seller.slug
        common: dict[str, Any] = {"seller": self.seller, "base_url": "http://127.0.0.1:9", "start": False}
        self.shop = install_connection(
            **common,
            platform="paper",
            name=f"Shop of {slug}",
            slug=f"{slug}-shop",
            settings={"store": f"store-{slug}"},
            credentials={"user": "u", "token": SECRET},
        )
        self.storefront = install_connection(
            **common,
            platform="paper_front",
            name=f"Storefront of {slug}",
            slug=f"{slug}-front",
            settings={"site_id": f"site-{slug}"},
            credentials={"client_secret": SECRET},
        )
        job = self.job(DataType.CUSTOMERS)
        self.run = Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON)
        self.log = log_for(job=job, seller_id=self.seller.pk)
        self.log.started_full_sync = timezone.now()
        self.log.save()
        upsert_issues(
            log=self.log, job=job, drafts=[IssueDraft("customer:1", f"No email at {slug}")], now=timezone.now()
        )

    def job(self, data_type: DataType) -> Job:
        return Job.objects.select_related("connection").get(connection=self.shop, data_type=data_type)


@dataclass
class TwoSellers:
    """The two sellers."""

    north: SellerSetup
    south: SellerSetup


class ApiClient(Client):
    """A test client that sends an API key with every request."""

    def __init__(self, key: str = "") -> None:
        super().__init__(headers={"Authorization": f"Bearer {key}"} if key else {}, raise_request_exception=False)

    def send(self, method: str, path: str, data: Any = None) -> Any:
        """Send `data` as JSON."""
        return self.generic(
            method, path, "" if data is None else json.dumps(data, default=str), content_type="application/json"
        )


def key_for(seller: Seller | None = None, *, user: User | None = None, scopes: list[str] | None = None) -> ApiClient:
    """A client with a new key of the seller, of the user, or for the installation. By default it has all scopes."""
    _, text = create_api_key(name="test", seller=seller, user=user, scopes=list(SCOPES) if scopes is None else scopes)
    return ApiClient(text)


def make_person(email: str, **fields: Any) -> User:
    """A user without a password: hashing one takes longer than most tests."""
    return User.objects.create_user(email, **fields)


@pytest.fixture
def two_sellers(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoSellers]:
    """Two sellers on fake platforms, which replace the real ones in the registry."""
    monkeypatch.setattr(platforms, "__path__", [str(FAKE_PLATFORMS)])
    registry.adapters.cache_clear()
    yield TwoSellers(
        north=SellerSetup(make_seller("north", members=(alice := make_person("alice@north.example"),)), alice),
        south=SellerSetup(make_seller("south", members=(charlie := make_person("charlie@south.example"),)), charlie),
    )
    registry.adapters.cache_clear()
