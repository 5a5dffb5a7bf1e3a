"""Vendure 3, via its Admin API; docs/platforms/vendure.md describes it for merchants and operators.

The connection's URL is that of the server, `https://shop.example.com`.
"""

from typing import Any, TypeVar

from connectors.platforms.vendure import settings
from connectors.platforms.vendure.assumptions import SOURCE_ASSUMPTIONS, TARGET_ASSUMPTIONS
from connectors.platforms.vendure.client import SourceClient, TargetClient, VendureClient
from connectors.platforms.vendure.sources import Brands, Categories, Customers, Orders, Products, StoreSettings
from connectors.platforms.vendure.targets import PriceTarget, ProductTarget, ShipmentTarget, StockTarget
from connectors.platforms.vendure.webhooks import VendureWebhooks
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, Headers
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.responses import RequestRejected
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

ClientT = TypeVar("ClientT", bound=VendureClient)


class _Vendure(Adapter[ClientT]):
    """What both directions have in common."""

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        return Headers({"vendure-api-key": account.credentials.api_key.get_secret_value()})

    def check(self) -> str:
        try:
            channel = self.client.channel
            self.client.query("query Check { products(options: { take: 1 }) { totalItems } }")
        except RequestRejected as error:
            raise NeedsAttention(
                f"There is no Admin API at this URL ({error.status}).",
                fix="Enter the address of the Vendure server, and check the API path in the settings.",
            ) from error
        tax = "with" if channel.pricesIncludeTax else "without"
        return f"Channel {channel.code}: {channel.defaultCurrencyCode}, prices are entered {tax} tax"


class Vendure(_Vendure[SourceClient]):
    """Reads a channel's settings, collections, brands, products with prices and stock, customers and orders; creates
    shipments that other systems report."""

    key = "vendure"
    name = "Vendure"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    assumptions = SOURCE_ASSUMPTIONS
    webhooks = VendureWebhooks
    streams = (StoreSettings, Categories, Brands, Products, Customers, Orders, ShipmentTarget)

    def make_client(self) -> SourceClient:
        return SourceClient(self.account, self.http)


class VendureTarget(_Vendure[TargetClient]):
    """Writes products with their variants, stock and prices to a channel."""

    key = "vendure_target"
    name = "Vendure (target)"
    role = Role.CUSTOM  # products come from the seller's shop
    setup_guide = settings.GUIDE
    Settings = settings.TargetSettings
    Credentials = settings.Credentials
    assumptions = TARGET_ASSUMPTIONS
    streams = (ProductTarget, StockTarget, PriceTarget)

    def make_client(self) -> TargetClient:
        return TargetClient(self.account, self.http)
