"""Seller Center's shop (role: shop): products are pushed into its queue, their ids come back later by a callback.

The push, its acknowledgement and the callback are the vendor's. The listing (connectors.listing) is our own addition,
because the vendor documents none; docs/platforms/seller-center.md tells one from the other, and what was assumed.

The shop knows a product for each SKU (our variant) and holds those of one article together by a `config_id` (our
product). So the external id of a product is its `config_id`, that of a variant the shop's product id.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import (
    Account,
    Action,
    Adapter,
    ComparisonDepth,
    HeldPage,
    IdPage,
    Operation,
    Outcome,
    Page,
    Receipt,
    References,
    Schema,
)
from connectors.errors import BatchRefused, Queued, SkipRecord, TryAgainLater
from connectors.http import HttpClient, Refused
from connectors.listing import Listing
from connectors.platforms.seller_center_shop import payloads, rpc
from connectors.platforms.seller_center_shop.payloads import Entry
from connectors.platforms.seller_center_shop.records import build_record
from connectors.records import Record
from connectors.signatures import signed
from hub.kinds import DataType, Kind, Role

BATCH_SIZE = 100
MAX_SKUS = 1000
MAX_RETRY_DELAY = timedelta(minutes=480)
# How long a shop may take for its queue; then what it has not made by then is sent again.
QUEUE_TIMEOUT = timedelta(hours=24)
# What the listing calls the kinds of items. A seller is none of the hub's, but is looked up all the same (L12).
LISTING_NAMES: dict[str, str] = {
    Kind.PRODUCT: "products",
    Kind.CATEGORY: "categories",
    Kind.BRAND: "brands",
    "seller": "sellers",
}
# How a value of a variant is sent, and what stands for none.
UPDATE_METHODS: dict[DataType, tuple[str, Entry]] = {
    DataType.STOCK: ("Product.updateStock", {"stock": 0}),
    DataType.PRICES: ("Product.updatePrices", {"price": None}),
}

# The shop's ids by SKU: its product's and that of the article it belongs to.
IdsBySku = dict[str, tuple[str, str]]


class Settings(Schema):
    seller: str = Field(
        "", title="Seller's id in the shop", description="Sent with each product; only its products are read."
    )
    price_list: str = Field("", title="Price list", description="Slug of the list that is sent; empty: the first.")
    page_size: int = Field(500, ge=1, le=1000, title="Items per page", description="When the shop is read.")


class FieldMap(Schema):
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Our name of an attribute or option → the shop's id of it."
    )


class Credentials(Schema):
    service_name: str = Field("SellerCenter", min_length=1, title="Service name", description="Who we are to the shop.")
    api_key: SecretStr = Field(min_length=1, title="API key", description="Signs our calls to the shop.")
    callback_key: SecretStr = Field(
        SecretStr(""), title="Callback key", description="The apiKey of the shop's callbacks; empty: none are taken."
    )


class SellerCenterShop(Adapter):
    """Reads categories, brands and products; pushes products, stock and prices; looks ids up."""

    key = "seller_center_shop"
    name = "Seller Center shop"
    role = Role.SHOP
    Settings = Settings
    Credentials = Credentials
    FieldMap = FieldMap
    imports = {DataType.CATEGORIES: "read", DataType.BRANDS: "read", DataType.PRODUCTS: "read"}
    import_dependencies = {DataType.PRODUCTS: (DataType.CATEGORIES, DataType.BRANDS)}
    # One lane: the shop works its queue off in order, so a product's stock comes behind the product.
    exports = {DataType.PRODUCTS: "push", DataType.STOCK: "push", DataType.PRICES: "push"}
    batch_size = dict.fromkeys(exports, BATCH_SIZE)
    comparable = {DataType.PRODUCTS: ComparisonDepth.PRESENCE}

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        self.settings: Settings = account.settings
        self.listing = Listing(self._post)

    def check(self) -> str:
        empty = not self.listing.ids("products", None).ids
        return "The shop answers; it has no products yet." if empty else "The shop answers and lists its products."

    # Import side

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        limit, filters = self.settings.page_size, self._filters(data_type)
        rows, following, cut = self.listing.read(data_type, since=since, cursor=cursor, limit=limit, **filters)
        return Page([build_record(data_type, row, self._attribute_names) for row in rows], following, cut=cut)

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        rows = self.listing.rows(data_type, external_ids, **self._filters(data_type))
        return [build_record(data_type, row, self._attribute_names) for row in rows]

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        """Products by `config_id`, categories, brands, and sellers (kind `seller`)."""
        return (
            self.listing.existing(LISTING_NAMES[kind], external_ids)
            if kind in LISTING_NAMES
            else super().lookup(kind, external_ids)
        )

    def list_ids(self, kind: str, *, cursor: Any) -> IdPage:
        return (
            self.listing.ids(LISTING_NAMES[kind], cursor)
            if kind in LISTING_NAMES
            else super().list_ids(kind, cursor=cursor)
        )

    def read_held(self, data_type: DataType, *, cursor: Any) -> HeldPage:
        """Of this seller alone: the list of ids knows no sellers, and others' are no business of this one's."""
        limit, filters = self.settings.page_size, self._filters(data_type)
        rows, following, _ = self.listing.read(data_type, since=None, cursor=cursor, limit=limit, **filters)
        if not all(isinstance(row, dict) and row.get("id") for row in rows):
            raise TryAgainLater(f"The shop named {data_type} without their ids.")
        return HeldPage({str(row["id"]): None for row in rows}, following)

    @property
    def _attribute_names(self) -> dict[str, str]:
        """Our name of an attribute or option → the shop's id of it (S5)."""
        names: dict[str, str] = self.account.field_map.attributes
        return names

    def _filters(self, data_type: DataType) -> dict[str, str]:
        return {"seller": self.settings.seller} if data_type == DataType.PRODUCTS and self.settings.seller else {}

    # Callbacks

    @classmethod
    def webhook_secrets(cls, account: Account, own: str) -> dict[str, str]:
        return {"json_rpc": account.credentials.callback_key.get_secret_value()}

    @classmethod
    def read_callback(cls, payload: dict[str, Any]) -> list[Receipt]:
        """`payload`: one call of the shop's batch (connectors.webhooks.json_rpc)."""
        return rpc.receipts(payload)

    # Export side

    def payload(self, data_type: DataType, item: Any, refs: References) -> Any:
        match data_type:
            case DataType.PRODUCTS:
                own = self.settings
                return payloads.product(item, refs, own.seller, own.price_list, self._attribute_names)
            case DataType.STOCK:
                return payloads.stock(item, refs)
            case DataType.PRICES:
                return payloads.prices(item, refs, self.settings.price_list)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        """A single item that is refused is tried again as the vendor does: after 1, 8, 27 … minutes, 480 at most."""
        try:
            if data_type == DataType.PRODUCTS:
                return self._send_products(operations)
            return self._send_values(data_type, operations)
        except BatchRefused as refusal:
            if len(operations) > 1:
                raise
            return [Outcome(error=TryAgainLater(str(refusal), not_before=_retry_at(operations[0])))]

    def _send_products(self, operations: Sequence[Operation]) -> list[Outcome]:
        """What the shop has is updated, what it lacks is created: looking first makes it safe to send again."""
        kept = [operation for operation in operations if operation.action is not Action.REMOVE]
        known = self._fetch_ids([entry for operation in kept for entry in operation.payload["products"]])
        updates, creates, pictures = [], [], []
        for operation in kept:
            changed = payloads.has_changed(operation, "products")
            other_images = payloads.has_changed(operation, "images")
            for entry in operation.payload["products"]:
                new = entry["seller_sku"] not in known
                if new and _is_queued(operation):
                    continue
                if new:
                    creates.append(entry)
                elif changed:
                    updates.append(payloads.without_initial_values(_with_ids(entry, known)))
                if new or other_images:
                    pictures.append((entry, operation.payload["images"]))
        gone = [operation.external_id for operation in operations if operation.action is Action.REMOVE]
        updates += [{"config_id": config_id, "status": "deleted"} for config_id in gone if config_id]
        self._push(DataType.PRODUCTS, "Product.updateProducts", updates)
        self._push(DataType.PRODUCTS, "Product.createProducts", creates)
        # A shop that works its queue off at once knows its ids by now; another tells them by its callback.
        known |= self._fetch_ids(creates)
        images = [payloads.pictures(_with_ids(entry, known), urls) for entry, urls in pictures]
        self._push(DataType.PRODUCTS, "Product.updateImageCollection", images)
        return [_outcome(operation, known) for operation in operations]

    def _send_values(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        """Stock or prices; what does not belong there any more is set to no stock, or to no price."""
        method, empty_value = UPDATE_METHODS[data_type]
        known = self._fetch_ids([each.payload for each in operations if each.action is not Action.REMOVE])
        values: list[Entry] = []
        outcomes = []
        for operation in operations:
            if operation.action is Action.REMOVE:
                if operation.external_id:
                    values.append({"product_id": operation.external_id} | empty_value)
                outcomes.append(_removal_outcome(operation))
            elif (sku := operation.payload["seller_sku"]) in known:
                values.append(_with_ids(operation.payload, known))
                outcomes.append(Outcome(external_id=known[sku][0]))
            else:
                message = f"The shop does not have {sku} yet; it is sent as soon as it does."
                outcomes.append(Outcome(error=TryAgainLater(message, not_before=_retry_at(operation), sent=False)))
        self._push(data_type, method, values)
        return outcomes

    def _fetch_ids(self, wanted: Sequence[Entry]) -> IdsBySku:
        """The shop's ids of these: what is linked carries them, the rest is asked for by SKU (our own addition)."""
        known = {each["seller_sku"]: (each["product_id"], each["config_id"]) for each in wanted if "product_id" in each}
        missing_skus = sorted({each["seller_sku"] for each in wanted} - known.keys())
        for start in range(0, len(missing_skus), MAX_SKUS):
            skus = missing_skus[start : start + MAX_SKUS]
            query = {"kind": "products", "seller_skus": skus} | self._filters(DataType.PRODUCTS)
            known |= rpc.parse_lookup(self._post("/lookup", query), skus)
        return known

    # Calls

    def _push(self, data_type: DataType, method: str, values: list[Entry]) -> None:
        """Put entries into the shop's queue. Without entries there is no call."""
        if not values:
            return
        request_id = rpc.new_request_id(data_type, datetime.now(UTC))
        try:
            answer = self._post("", rpc.call(method, values, request_id))
        except Refused as refused:
            raise BatchRefused(f"{method}: {refused}", code=refused.code) from refused
        rpc.check_acknowledgement(answer, method, request_id)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        credentials: Credentials = self.account.credentials
        key = credentials.api_key.get_secret_value()
        parameters = signed({}, service=credentials.service_name, key=key, now=datetime.now(UTC))
        return self.http.request("POST", path, params=parameters, body=body).json()


def _with_ids(entry: Entry, known: IdsBySku) -> Entry:
    """The entry with the shop's ids, where they are known."""
    ids = known.get(entry["seller_sku"])
    return entry if ids is None else entry | {"product_id": ids[0], "config_id": ids[1]}


def _is_queued(operation: Operation) -> bool:
    """Whether the shop still has an earlier request in its queue: to send it again would make it twice."""
    return operation.queued_at is not None and datetime.now(UTC) - operation.queued_at < QUEUE_TIMEOUT


def _retry_at(operation: Operation) -> datetime:
    return datetime.now(UTC) + min(timedelta(minutes=(operation.attempts + 1) ** 3), MAX_RETRY_DELAY)


def _removal_outcome(operation: Operation) -> Outcome:
    """What was made by a call whose answer was lost, and is not wanted any more, cannot be named to the shop."""
    if operation.external_id:
        return Outcome(external_id=operation.external_id)
    return Outcome(
        error=SkipRecord(
            "It may have been made in the shop by a call that was never answered.",
            code="unknown_id",
            fix="Look for it in the shop, and delete it there.",
        )
    )


def _outcome(operation: Operation, known: IdsBySku) -> Outcome:
    if operation.action is Action.REMOVE:
        return _removal_outcome(operation)
    skus = {entry["seller_sku"]: int(entry["id_catalog_product"]) for entry in operation.payload["products"]}
    if not skus.keys() <= known.keys():
        message = "The shop has it in its queue and will tell its id."
        return Outcome(error=Queued(message, not_before=_retry_at(operation)))
    links: dict[tuple[str, int], str] = {(Kind.VARIANT, pk): known[sku][0] for sku, pk in skus.items()}
    return Outcome(external_id=known[min(skus)][1], links=links)
