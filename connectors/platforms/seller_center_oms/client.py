"""Signed calls to the OMS, and the client of the generic listing protocol."""

from collections.abc import Mapping
from typing import Any

from connectors.platforms.seller_center_oms.settings import Credentials, Settings
from connectors.sdk import clock
from connectors.sdk.account import Account
from connectors.sdk.http import HttpClient
from connectors.sdk.listing_protocol import ListingClient
from connectors.sdk.schemas import Schema
from connectors.sdk.signatures import signed

# Every call has to name it (sellercenter-oms-api-endpoint/api-specification).
API_VERSION = "1.0"


class OmsClient:
    def __init__(self, account: Account[Settings, Credentials, Schema], http: HttpClient) -> None:
        self.settings = account.settings
        self.http = http
        self.listing = ListingClient(self.post)
        self._credentials = account.credentials

    def post(self, path: str, body: dict[str, Any], parameters: Mapping[str, str] | None = None) -> Any:
        """The parsed JSON response. The signature covers the parameters and the time."""
        key = self._credentials.api_key.get_secret_value()
        # api-specification: Version must be 1.0.
        query = signed(
            {"Version": API_VERSION, **(parameters or {})},
            service=self._credentials.service_name,
            key=key,
            now=clock.now(),
        )
        return self.http.request("POST", path, params=query, body=body).json()
