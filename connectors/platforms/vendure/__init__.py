"""Vendure 3, via its Admin API; docs/platforms/vendure.md describes it for merchants and operators.

The connection's URL is that of the server, `https://shop.example.com`.
"""

from typing import Any, TypeVar

from connectors.platforms.vendure import settings
from connectors.platforms.vendure.assumptions import SOURCE_ASSUMPTIONS
from connectors.platforms.vendure.client import SourceClient, VendureClient
from connectors.platforms.vendure.sources import Products
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
    """Reads a channel's products with prices and stock."""

    key = "vendure"
    name = "Vendure"
    role = Role.SHOP
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    assumptions = SOURCE_ASSUMPTIONS
    streams = (Products,)

    def make_client(self) -> SourceClient:
        return SourceClient(self.account, self.http)
