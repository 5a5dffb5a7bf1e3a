"""Signed calls to the shop: its JSON-RPC queue, and the generic listing protocol with the same signature."""

from typing import Any

from connectors.platforms.seller_center_shop import rpc
from connectors.platforms.seller_center_shop.settings import Credentials, FieldMap, Settings
from connectors.sdk import clock
from connectors.sdk.account import Account
from connectors.sdk.errors import BatchRejected
from connectors.sdk.http import HttpClient
from connectors.sdk.listing_protocol import ListingClient
from connectors.sdk.responses import RequestRejected
from connectors.sdk.signatures import signed
from hub.kinds import DataType

MAX_SKUS = 1000

# The shop's IDs by SKU: the ID of its product, and that of the article that the product belongs to.
IdsBySku = dict[str, tuple[str, str]]
Entry = dict[str, Any]


class ShopClient:
    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.http = http
        self.listing = ListingClient(self._post)
        # Our name of an attribute or option → its ID in the shop (S5).
        self.attribute_ids = account.field_map.attributes
        self._credentials = account.credentials

    @property
    def seller_filter(self) -> dict[str, str]:
        """Limits reads of products to those of this seller."""
        return {"seller": self.settings.seller} if self.settings.seller else {}

    def push(self, data_type: DataType, method: str, entries: list[Entry]) -> None:
        """Push entries to the shop's queue. Makes no call if there are no entries."""
        if not entries:
            return
        request_id = rpc.new_request_id(data_type, clock.now())
        try:
            answer = self._post("", rpc.call(method, entries, request_id))
        except RequestRejected as error:
            raise BatchRejected(f"{method}: {error}") from error
        rpc.check_acknowledgement(answer, method, request_id)

    def fetch_ids(self, wanted: list[Entry]) -> IdsBySku:
        """The shop's IDs of these entries: linked entries contain them, the others are looked up by SKU (our own
        protocol)."""
        known = {each["seller_sku"]: (each["product_id"], each["config_id"]) for each in wanted if "product_id" in each}
        missing = sorted({each["seller_sku"] for each in wanted} - known.keys())
        for start in range(0, len(missing), MAX_SKUS):
            skus = missing[start : start + MAX_SKUS]
            query = {"kind": "products", "seller_skus": skus} | self.seller_filter
            known |= rpc.parse_lookup(self._post("/lookup", query), skus)
        return known

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        key = self._credentials.api_key.get_secret_value()
        parameters = signed({}, service=self._credentials.service_name, key=key, now=clock.now())
        return self.http.request("POST", path, params=parameters, body=body).json()
