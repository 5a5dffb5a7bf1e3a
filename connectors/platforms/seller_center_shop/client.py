"""Signed calls to the shop: its JSON-RPC queue, and the generic listing protocol with the same signature."""

from hashlib import md5
from typing import Any

from connectors.platforms.seller_center_shop import rpc
from connectors.platforms.seller_center_shop.results import Result
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
        self.field_map = account.field_map
        self._credentials = account.credentials

    @property
    def seller_filter(self) -> dict[str, str]:
        """Limits reads of products to those of this seller."""
        return {"seller": self.settings.seller} if self.settings.seller else {}

    def push(self, data_type: DataType, method: str, entries: list[Entry]) -> list[Result | None]:
        """Push entries in batches. One result for each, None while it is queued. Makes no call without entries."""
        found: list[Result | None] = []
        for start in range(0, len(entries), self.settings.batch_size):
            batch = entries[start : start + self.settings.batch_size]
            found += self.call(data_type, method, {"productsInfo": batch}, len(batch)) or [None] * len(batch)
        return found

    def push_images(self, config_id: str, urls: list[str]) -> Result | None:
        """Replace the images of a product set, one per request. None while the request is queued.

        `productSetSrcId` and the hash identify an image there. It is a number, if the shop's ID is one.
        """
        source_id = int(config_id) if config_id.isascii() and config_id.isdecimal() else config_id
        images = [{"url": url, "hash": self._image_hash(url)} for url in urls]
        params = {"productSetSrcId": source_id, "images": images}
        results = self.call(DataType.PRODUCTS, "Product.updateImageCollection", params, 1)
        return results[0] if results else None

    def _image_hash(self, url: str) -> str:
        content = url.encode()
        if self.settings.image_hash == "content":
            content = self.http.request("GET", url, authenticate=False).content
        return md5(content, usedforsecurity=False).hexdigest()

    def call(self, data_type: DataType, method: str, params: dict[str, Any], entries: int) -> list[Result] | None:
        """Make one call of the vendor's. The results if the shop answers synchronously, None if it has queued it."""
        request_id = rpc.new_request_id(data_type, clock.now())
        username, password = self._credentials.username, self._credentials.password.get_secret_value()
        body = rpc.call(method, params, request_id, username=username, password=password)
        try:
            answer = self._post("", body, sign=self.settings.sign_pushes)
        except RequestRejected as error:
            raise BatchRejected(f"{method}: {error}") from error
        return rpc.read_answer(answer, method, request_id, entries=entries, batch=bool(username))

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

    def _post(self, path: str, body: Any, *, sign: bool = True) -> Any:
        key = self._credentials.api_key.get_secret_value()
        parameters = signed({}, service=self._credentials.service_name, key=key, now=clock.now()) if sign else {}
        return self.http.request("POST", path, params=parameters, body=body).json()
