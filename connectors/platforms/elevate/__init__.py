"""Voyado Elevate (role: search), via its Admin API v4 or v3; docs/platforms/elevate.md describes it for users.

Assumptions about the API are documented in admin_api.py, v3.py and v4.py.
"""

from datetime import date
from typing import Any

from connectors.platforms.elevate import settings, v3
from connectors.platforms.elevate.assumptions import ASSUMPTIONS
from connectors.platforms.elevate.client import SWITCH_TO_V4, ElevateClient
from connectors.platforms.elevate.targets import ProductTarget
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, Headers
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.responses import RequestRejected
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role


class Elevate(Adapter[ElevateClient]):
    """Sends the catalog of one seller to one cluster. The connection's URL is that of the cluster."""

    key = "elevate"
    name = "Voyado Elevate"
    role = Role.SEARCH
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    assumptions = ASSUMPTIONS
    streams = (ProductTarget,)

    def make_authenticator(
        self, account: Account[settings.Settings, settings.Credentials, settings.FieldMap], tokens: TokenStore
    ) -> Authenticator:
        return Headers({"Api-Key": account.credentials.api_key.get_secret_value()})

    def make_client(self) -> ElevateClient:
        return ElevateClient(self.account, self.http)

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        if settings.api_version != "v3":
            return []
        left = (v3.END_OF_LIFE - today).days
        when = f"ends on {v3.END_OF_LIFE}, in {left} days" if left >= 0 else f"ended on {v3.END_OF_LIFE}"
        return [f"Admin API v3 {when}. {SWITCH_TO_V4}"]

    def check(self) -> str:
        """Verify the connection by requesting the status of an import that does not exist."""
        try:
            self.http.get(self.client.api.status, params={"id": "0"})
        except RequestRejected as error:
            raise NeedsAttention(
                f"No cluster found at this URL ({error.status}).",
                fix="Enter https://, the cluster's ID, then .api.esales.apptus.cloud or .elevate-api.cloud.",
            ) from error
        return f"Connected. Markets: {', '.join(self.account.settings.markets)}"
