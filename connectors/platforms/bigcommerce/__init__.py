"""BigCommerce, via its V3 and V2 REST APIs; docs/platforms/bigcommerce.md describes it for merchants and operators.

There are two platforms rather than one with two directions, so that a connection that reads a store does not also write
to it by accident. The connection's URL is `https://api.bigcommerce.com/stores/{store_hash}`.
"""

from typing import Any, TypeVar

from connectors.platforms.bigcommerce import settings
from connectors.platforms.bigcommerce.accounts import Accounts, CurrentCustomer
from connectors.platforms.bigcommerce.assumptions import SOURCE_ASSUMPTIONS, TARGET_ASSUMPTIONS
from connectors.platforms.bigcommerce.checkouts import StoreCheckouts
from connectors.platforms.bigcommerce.client import BigCommerceClient, SourceClient, TargetClient
from connectors.platforms.bigcommerce.sources import (
    Brands,
    Categories,
    Customers,
    Orders,
    Products,
    Stock,
    StoreSettings,
)
from connectors.platforms.bigcommerce.targets import (
    BrandTarget,
    CategoryTarget,
    CustomerTarget,
    PriceTarget,
    ProductTarget,
    ShipmentTarget,
    StockTarget,
)
from connectors.platforms.bigcommerce.webhooks import BigCommerceWebhooks
from connectors.sdk.account import Account, Rate
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, Headers
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.responses import RequestRejected
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

ClientT = TypeVar("ClientT", bound=BigCommerceClient)


class _BigCommerce(Adapter[ClientT]):
    """What both directions have in common. They share the store's rate limit."""

    # The rate limit of the smaller plans; larger plans have more. After a 429, the vendor's headers say when to retry.
    rate = Rate(requests=150, seconds=30)

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        return f"bigcommerce:{account.base_url}"

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        return Headers({"X-Auth-Token": account.credentials.access_token.get_secret_value()})

    def check(self) -> str:
        try:
            info = self.client.info
        except RequestRejected as error:
            raise NeedsAttention(
                f"No store found at this URL ({error.status}).",
                fix="Enter the store's API path as shown in BigCommerce. It ends with /stores/ and a hash.",
            ) from error
        return f"{info.get('name')} ({info.get('domain')}), {info.get('currency')}"


class BigCommerce(_BigCommerce[SourceClient]):
    """Reads a store's settings, categories, brands, products, stock, customers and orders; creates shipments that other
    systems report.

    Items that have webhooks are also read by modification time, in case a webhook is lost. Changes without a
    modification time (deletions, brands, categories) are found by full imports.
    """

    key = "bigcommerce"
    name = "BigCommerce"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.SourceCredentials
    FieldMap = settings.FieldMap
    assumptions = SOURCE_ASSUMPTIONS
    streams = (StoreSettings, Categories, Brands, Products, Stock, Customers, Orders, ShipmentTarget)
    webhooks = BigCommerceWebhooks
    accounts = Accounts
    sign_ins = CurrentCustomer
    checkouts = StoreCheckouts

    def make_client(self) -> SourceClient:
        return SourceClient(self.account, self.http)


class BigCommerceTarget(_BigCommerce[TargetClient]):
    """Writes brands, categories, products with their variants, stock, price lists and customers to a store."""

    key = "bigcommerce_target"
    name = "BigCommerce (target)"
    role = Role.CUSTOM  # products come from the seller's shop
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    Credentials = settings.Credentials
    FieldMap = settings.TargetMap
    assumptions = TARGET_ASSUMPTIONS
    streams = (BrandTarget, CategoryTarget, ProductTarget, StockTarget, PriceTarget, CustomerTarget)

    def make_client(self) -> TargetClient:
        return TargetClient(self.account, self.http)
