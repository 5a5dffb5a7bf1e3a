"""Shopify, via its Admin API in GraphQL; docs/platforms/shopify.md describes it for merchants and operators.

The connection's URL is `https://{store}.myshopify.com`.
"""

from datetime import date
from typing import Any

from connectors.platforms.shopify import settings
from connectors.platforms.shopify.assumptions import SOURCE_ASSUMPTIONS, TARGET_ASSUMPTIONS
from connectors.platforms.shopify.authentication import authenticator
from connectors.platforms.shopify.client import API_VERSION, ShopifyClient
from connectors.platforms.shopify.error_messages import describe_refusal
from connectors.platforms.shopify.installation import ShopifyInstallation
from connectors.platforms.shopify.sources import Collections, Customers, Orders, Products, StoreSettings, Vendors
from connectors.platforms.shopify.targets import PriceTarget, ProductTarget, ShipmentTarget, StockTarget
from connectors.platforms.shopify.webhooks import ShopifyTargetWebhooks, ShopifyWebhooks
from connectors.sdk.account import Account, Rate
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

_VERSION_ENDS = date(2027, 7, 1)
_WARN_DAYS = 120


class _Shopify(Adapter[ShopifyClient]):
    """What both directions have in common. They share the store's rate limit."""

    Credentials = settings.Credentials
    # The limit is one of costs, which each answer tells; this one only keeps bursts apart.
    rate = Rate(requests=1000, seconds=50)

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        return f"shopify:{account.base_url}"

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        if (_VERSION_ENDS - today).days > _WARN_DAYS:
            return []
        return [
            f"Shopify supports version {API_VERSION} of its API until {_VERSION_ENDS}. Update SyncCenter before then."
        ]

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        self.http.describe_denial = describe_refusal
        return authenticator(account, tokens)

    def make_client(self) -> ShopifyClient:
        return ShopifyClient(self.account, self.http)

    def check(self) -> str:
        shop = self.client.shop
        return f"{shop.get('name')} ({shop.get('myshopifyDomain')}), {shop.get('currencyCode')}"


class Shopify(_Shopify):
    """Reads a store's settings, collections, vendors, products, customers and orders; creates shipments that other
    systems report.

    Products, customers and orders are also read by time of change, in case an event is lost. Deletions are found by
    full imports.
    """

    key = "shopify"
    name = "Shopify"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    FieldMap = settings.FieldMap
    assumptions = SOURCE_ASSUMPTIONS
    webhooks = ShopifyWebhooks
    streams = (StoreSettings, Collections, Vendors, Products, Customers, Orders, ShipmentTarget)
    installation = ShopifyInstallation


class ShopifyTarget(_Shopify):
    """Writes products with their variants and images, stock and prices to a store."""

    key = "shopify_target"
    name = "Shopify (target)"
    role = Role.CUSTOM  # products come from the seller's shop
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    assumptions = TARGET_ASSUMPTIONS
    webhooks = ShopifyTargetWebhooks
    streams = (ProductTarget, StockTarget, PriceTarget)
