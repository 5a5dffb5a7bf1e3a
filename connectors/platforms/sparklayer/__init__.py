"""SparkLayer (role: B2B storefront), via its REST API; docs/platforms/sparklayer.md describes it for users.

The connection's URL is `https://app.sparklayer.io`, or `https://test.app.sparklayer.io` for test sites.
"""

from typing import Any

from connectors.platforms.sparklayer import settings
from connectors.platforms.sparklayer.assumptions import ASSUMPTIONS
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.sync_log import SparkLayerLog
from connectors.platforms.sparklayer.targets import (
    CustomerTarget,
    OrderTarget,
    PriceTarget,
    ProductTarget,
    StockTarget,
    StoreSettingsTarget,
)
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.oauth2 import ClientCredentials, TokenEndpoint
from connectors.sdk.storefronts import ConnectionFields, ConnectsItself
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role

SparkLayerAccount = Account[settings.Settings, settings.Credentials, settings.FieldMap]


class SparkLayer(Adapter[SparkLayerClient], ConnectsItself):
    """Writes products, stock, prices, customers, orders and store settings to the B2B storefront of a seller's shop."""

    key = "sparklayer"
    name = "SparkLayer"
    role = Role.B2B
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    streams = (ProductTarget, StockTarget, PriceTarget, StoreSettingsTarget, CustomerTarget, OrderTarget)
    sync_log = SparkLayerLog
    assumptions = ASSUMPTIONS
    account_settings = ("site_id",)
    uses_shop_ids = True

    @classmethod
    def budget_key(cls, account: Account[Any, Any, Any]) -> str:
        return f"{cls.key}:{account.base_url}:{account.settings.site_id}"

    def make_authenticator(self, account: SparkLayerAccount, tokens: TokenStore) -> Authenticator:
        """Access tokens last an hour (https://docs.sparklayer.io/developers/authentication)."""
        endpoint = TokenEndpoint(
            "/api/auth/token",
            platform="SparkLayer",
            fix="Create a new API key in the SparkLayer dashboard (Settings, API), and enter site ID, client ID and "
            "client secret in the connection. API access needs the Pro or Enterprise plan.",
            body="json",
        )
        secret = account.credentials.client_secret.get_secret_value()
        own = account.settings
        self.http.headers["Site-Id"] = own.site_id
        return ClientCredentials(
            endpoint,
            identity=(account.base_url, own.site_id, own.client_id, secret),
            fields=lambda: {
                "grant_type": "client_credentials",
                "client_id": own.client_id,
                "client_secret": secret,
            },
        )

    @classmethod
    def connection_fields(
        cls, *, site_env: str, site_id: str, client_id: str, client_secret: str, shop: str
    ) -> ConnectionFields:
        """https://docs.sparklayer.io/ignite/new-platform-connection. Any environment but `test` is live's."""
        return ConnectionFields(
            base_url=settings.BASE_URLS.get(site_env, settings.BASE_URLS["live"]),
            settings={"site_id": site_id, "site_env": site_env, "client_id": client_id, "shop": shop},
            credentials={"client_secret": client_secret},
        )

    def make_client(self) -> SparkLayerClient:
        return SparkLayerClient(self.account, self.http)

    def check(self) -> str:
        own = self.client.settings
        return f"Site {own.site_id} ({own.site_env}), {self.client.price_lists.count()} price lists"
