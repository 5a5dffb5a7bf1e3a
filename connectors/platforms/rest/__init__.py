"""Any system that implements the small protocol of docs/platforms/rest.md: as a target, or as a shop to import from.

There are two platforms rather than one with two directions, because a system that one connection both reads and writes
would return what it was just sent.
"""

from typing import Any

from connectors.platforms.rest import settings
from connectors.platforms.rest.client import RestClient
from connectors.platforms.rest.listings import LISTINGS
from connectors.platforms.rest.sources import Brands, Categories, Customers, Orders, Products
from connectors.platforms.rest.targets import (
    BrandTarget,
    CategoryTarget,
    CustomerTarget,
    OrderTarget,
    PriceTarget,
    ProductTarget,
    StockTarget,
)
from connectors.platforms.rest.webhooks import RestWebhooks
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, bearer
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role


class _Rest(Adapter[RestClient]):
    """What both directions have in common."""

    Credentials = settings.Credentials
    listings = LISTINGS

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        return bearer(account.credentials.token.get_secret_value())

    def make_client(self) -> RestClient:
        return RestClient(self.account, self.http)

    def check(self) -> str:
        self.client.list_page("products", limit=1)
        return "Connected. Products can be read."


class RestTarget(_Rest):
    """Writes to the system: each object in a batch of up to 100 replaces what is stored under its key."""

    key = "rest"
    name = "Custom system (REST)"
    role = Role.CUSTOM
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    streams = (
        CategoryTarget,
        BrandTarget,
        ProductTarget,
        StockTarget,
        PriceTarget,
        CustomerTarget,
        OrderTarget,
    )


class RestShop(_Rest):
    """Reads products, categories, brands, customers and orders, ordered by key, and the objects that events name."""

    key = "rest_shop"
    name = "Custom shop (REST)"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    streams = (Categories, Brands, Products, Customers, Orders)
    webhooks = RestWebhooks
