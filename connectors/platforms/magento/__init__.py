"""Magento 2 and Adobe Commerce, via their REST API; docs/platforms/magento.md describes it for users.

The connection's URL is that of the shop, without `/rest`. The vendor documents no rate limit; a proxy in front of a
shop may have one and respond with 429.
"""

from typing import Any, TypeVar

from connectors.platforms.magento import assumptions, settings
from connectors.platforms.magento.accounts import Accounts
from connectors.platforms.magento.checkouts import ShopCheckouts
from connectors.platforms.magento.client import MagentoClient, ShopClient, TargetClient
from connectors.platforms.magento.sign_ins import CurrentCustomer
from connectors.platforms.magento.sources import Brands, Categories, Customers, Orders, Products, Stock, StoreSettings
from connectors.platforms.magento.targets import CustomerTarget, PriceTarget, ProductTarget, ShipmentTarget, StockTarget
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, OAuth1, bearer
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

ClientT = TypeVar("ClientT", bound=MagentoClient[Any, Any])


class _Magento(Adapter[ClientT]):
    """What both directions have in common."""

    Credentials = settings.Credentials

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        return f"magento:{account.base_url}"

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        """OAuth 1 with HMAC-SHA256, the only method that the vendor documents; a Bearer token if only an access token
        is set."""
        credentials = account.credentials
        token = credentials.access_token.get_secret_value()
        if not credentials.consumer_key.get_secret_value():
            return bearer(token)
        return OAuth1(
            consumer_key=credentials.consumer_key.get_secret_value(),
            consumer_secret=credentials.consumer_secret.get_secret_value(),
            token=token,
            token_secret=credentials.access_token_secret.get_secret_value(),
        )

    def check(self) -> str:
        config = self.client.config
        return f"{config.get('base_url')} ({config.get('code')}), {config.get('base_currency_code')}"


class Magento(_Magento[ShopClient]):
    """Reads a shop's settings, categories, brands, products, customers and orders; creates shipments reported by other
    systems, and customers and orders of B2B storefronts."""

    key = "magento"
    name = "Magento 2"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    FieldMap = settings.FieldMap
    assumptions = assumptions.SHOP
    accounts = Accounts
    sign_ins = CurrentCustomer
    checkouts = ShopCheckouts
    streams = (StoreSettings, Categories, Brands, Products, Stock, Customers, Orders, ShipmentTarget)

    def make_client(self) -> ShopClient:
        return ShopClient(self.account, self.http)


class MagentoTarget(_Magento[TargetClient]):
    """Writes products with their variants, stock and prices to a shop, matched by SKU; customers by email address."""

    key = "magento_target"
    name = "Magento 2 (target)"
    role = Role.CUSTOM  # products come from the seller's shop
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    FieldMap = settings.TargetMap
    assumptions = assumptions.TARGET
    streams = (ProductTarget, StockTarget, PriceTarget, CustomerTarget)

    def make_client(self) -> TargetClient:
        return MagentoClient(self.account, self.http)
