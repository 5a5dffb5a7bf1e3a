"""WooCommerce, via its REST API of version 3; docs/platforms/woocommerce.md describes it for merchants and operators.

The connection's URL is that of the site, without `/wp-json`. The API itself has no rate limit; hosts may have one.
"""

from typing import Any, TypeVar

from connectors.platforms.woocommerce import assumptions, settings
from connectors.platforms.woocommerce.authentication import authenticator
from connectors.platforms.woocommerce.client import ShopClient, TargetClient, WooClient
from connectors.platforms.woocommerce.sources import Brands, Categories, Customers, Orders, Products, StoreSettings
from connectors.platforms.woocommerce.targets import PriceTarget, ProductTarget, ShipmentTarget, StockTarget
from connectors.platforms.woocommerce.webhooks import WooWebhooks
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

ClientT = TypeVar("ClientT", bound=WooClient[Any, Any])


class _WooCommerce(Adapter[ClientT]):
    """What both directions have in common."""

    Credentials = settings.Credentials

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        return f"woocommerce:{account.base_url}"

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        return authenticator(account)

    def check(self) -> str:
        """The site's information needs no key, so what is wrong with the address is found before the key is used."""
        name = self.client.name
        return f"{name or self.client.site}, {self.client.currency}"


class WooCommerce(_WooCommerce[ShopClient]):
    """Reads a shop's settings, categories, brands, products with their variations, customers, and orders with their
    refunds; creates shipments that other systems report."""

    key = "woocommerce"
    name = "WooCommerce"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    FieldMap = settings.FieldMap
    assumptions = assumptions.SOURCE_ASSUMPTIONS
    webhooks = WooWebhooks
    streams = (StoreSettings, Categories, Brands, Products, Customers, Orders, ShipmentTarget)

    def make_client(self) -> ShopClient:
        return ShopClient(self.account, self.http)


class WooCommerceTarget(_WooCommerce[TargetClient]):
    """Writes products with their variations, stock and prices to a shop, matched by SKU."""

    key = "woocommerce_target"
    name = "WooCommerce (target)"
    role = Role.CUSTOM  # products come from the seller's shop
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    streams = (ProductTarget, StockTarget, PriceTarget)

    def make_client(self) -> TargetClient:
        return WooClient(self.account, self.http)
