"""Calls to one site of SparkLayer.

https://docs.sparklayer.io/developers/api has what every call carries. Paths that no current page documents are gathered
in `UNDOCUMENTED_PATHS`, so that there is one place to correct.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from connectors.platforms.sparklayer.price_lists import PriceLists
from connectors.platforms.sparklayer.refusals import ConcurrentUpdate, property_errors
from connectors.platforms.sparklayer.settings import Credentials, FieldMap, Settings
from connectors.sdk.account import Account
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.responses import Refused

# Products and variants are those of the vendor's earlier reference ("Core API", 2023), which takes either ID there.
# Reading and deleting a customer are documented, their path is not: assumed to be that of the replacement.
UNDOCUMENTED_PATHS = {
    "products": "/api/v1/products",
    "product": "/api/v1/products/{}",
    "variant": "/api/v1/variants/{}",
    "customer": "/api/v2/customers/{}/{}",
}


class SparkLayerClient:
    """One site. `price_lists` are looked up once for as long as the client lives."""

    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http

    @cached_property
    def price_lists(self) -> PriceLists:
        return PriceLists(self)

    def call(self, method: str, path: str, *ids: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON, None if it has no body; `ids` are put into the path's gaps.

        Raises as `HttpClient.request`, and ConcurrentUpdate. What is raised names the path without what was put into
        it, which may be somebody's email address.
        """
        url_path = path.format(*(quote(each, safe="") for each in ids))
        try:
            answer = self.http.request(method, url_path, body=body, params=params)
        except Refused as refused:
            if refused.status == 409 and not property_errors(refused):
                raise ConcurrentUpdate(f"{method} {path}") from None
            raise
        except TryAgainLater as error:
            error.args = (str(error).replace(url_path, path),)
            raise
        return answer.json() if answer.content else None
