"""Tryton (role: ERP), by its REST interface; docs/platforms/tryton.md describes it for operators.

The connection's URL is that of the database: `https://HOST/DATABASE`.
"""

from connectors.platforms.tryton import settings
from connectors.platforms.tryton.assumptions import ASSUMPTIONS
from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.sources import Fulfilments, Products
from connectors.platforms.tryton.targets import CustomerTarget, OrderTarget
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, bearer
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role


class Tryton(Adapter[TrytonClient]):
    """Exports orders and customers; imports shipments, products, prices and stock.

    One lane reads and one writes: each call is a transaction of the ERP, which other people work in as well.
    """

    key = "tryton"
    name = "Tryton"
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
        return bearer(account.credentials.key.get_secret_value())

    def make_client(self) -> TrytonClient:
        return TrytonClient(self.account, self.http)

    def check(self) -> str:
        companies = self.client.companies()
        found = next((row for row in companies if row["id"] == self.client.company), None) if companies else None
        if found is None:
            raise NeedsAttention(
                "The user has no access to the company.",
                fix="Correct “Company” in the settings of this connection, or give the user access to the company.",
            )
        return f"Connected to {(found.get('party') or {}).get('name')} (company {self.client.company})."
