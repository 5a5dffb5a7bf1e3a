"""Calls to one site of SparkLayer.

https://docs.sparklayer.io/developers/api describes what all calls have in common. Paths that the current documentation
lacks are collected in `UNDOCUMENTED_PATHS`, so that they can be corrected in one place.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from connectors.platforms.sparklayer.customer_api import CustomerApi
from connectors.platforms.sparklayer.price_lists import PriceLists
from connectors.platforms.sparklayer.rejections import ConcurrentUpdate, reasons
from connectors.platforms.sparklayer.settings import Credentials, FieldMap, Settings
from connectors.sdk.account import Account
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import RequestRejected

# Products and variants: from the vendor's earlier reference ("Core API", 2023), where these paths accept either ID.
UNDOCUMENTED_PATHS = {
    "products": "/api/v1/products",
    "product": "/api/v1/products/{}",
    "variant": "/api/v1/variants/{}",
}


class SparkLayerClient:
    """The API of one site. `price_lists` are fetched once per client."""

    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http

    @cached_property
    def price_lists(self) -> PriceLists:
        return PriceLists(self)

    @cached_property
    def customers(self) -> CustomerApi:
        return CustomerApi(self)

    def call(self, method: str, path: str, *ids: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The parsed JSON response, None if it has no body; `ids` are inserted into the path's placeholders.

        Raises what `HttpClient.request` raises, and ConcurrentUpdate. The exceptions contain the path without the
        inserted values, which may be a person's email address.
        """
        url_path = path.format(*(quote(each, safe="") for each in ids))
        try:
            answer = self.http.request(method, url_path, body=body, params=params)
        except RequestRejected as rejection:
            if rejection.status == 409 and not reasons(rejection):
                raise ConcurrentUpdate(f"{method} {path}") from None
            raise
        except TryAgainLater as error:
            error.args = (str(error).replace(url_path, path),)
            raise
        return answer.json() if answer.content else None
