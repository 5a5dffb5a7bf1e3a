"""NetSuite (role: ERP), via SuiteTalk REST web services; docs/platforms/netsuite.md describes it for operators.

The connection's URL is `https://ACCOUNT.suitetalk.api.netsuite.com/services/rest`, with the account ID in lower case
and `-` for `_`.
"""

from connectors.platforms.netsuite import settings
from connectors.platforms.netsuite.assumptions import ASSUMPTIONS
from connectors.platforms.netsuite.authentication import client_credentials, token_based
from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.sources import Fulfilments, Products
from connectors.platforms.netsuite.targets import CustomerTarget, OrderTarget
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role


class NetSuite(Adapter[NetSuiteClient]):
    """Exports orders and customers; imports shipments, products and stock.

    One lane reads and one writes, because an account handles only five concurrent calls, shared by all of its
    integrations.
    """

    key = "netsuite"
    name = "NetSuite"
    role = Role.ERP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    assumptions = ASSUMPTIONS
    streams = (Products, Fulfilments, CustomerTarget, OrderTarget)

    def make_authenticator(
        self, account: Account[settings.Settings, settings.Credentials, settings.FieldMap], tokens: TokenStore
    ) -> Authenticator:
        if account.settings.auth == "tba":
            return token_based(account)
        return client_credentials(account)

    def make_client(self) -> NetSuiteClient:
        return NetSuiteClient(self.account, self.http)

    def check(self) -> str:
        count = Products(self.client).count()
        return f"Connected to account {self.client.settings.account.upper()} with {count:,} items."
