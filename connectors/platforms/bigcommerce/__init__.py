"""BigCommerce, by its V3 and V2 REST APIs; docs/platforms/bigcommerce.md tells merchants and operators.

Two platforms rather than one with two directions: a store that is read by a connection must not be written by it as
well, unless somebody wants that. The connection's address is `https://api.bigcommerce.com/stores/{store_hash}`. 150
requests per 30 seconds are the budget of the smaller plans; larger ones have more, and the vendor's own headers decide
when a 429 may be repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from connectors.contract import (
    Account,
    Adapter,
    ComparisonDepth,
    EventReference,
    HeldPage,
    IdPage,
    Operation,
    Outcome,
    Page,
    Rate,
    References,
    Schema,
)
from connectors.errors import NeedsAttention
from connectors.http import HttpClient, Refused
from connectors.platforms.bigcommerce import payloads, webhooks
from connectors.platforms.bigcommerce.brand_writer import send_brands
from connectors.platforms.bigcommerce.categories_and_brands import BRANDS, CATEGORIES, Brands, Categories
from connectors.platforms.bigcommerce.category_writer import send_categories
from connectors.platforms.bigcommerce.client import (
    PAGE_SIZE,
    BigCommerceClient,
    Credentials,
    Settings,
    SourceCredentials,
    TargetSettings,
    retry_at,
)
from connectors.platforms.bigcommerce.customers import Customers
from connectors.platforms.bigcommerce.field_map import FieldMap
from connectors.platforms.bigcommerce.orders import Orders
from connectors.platforms.bigcommerce.product_writer import ProductWriter
from connectors.platforms.bigcommerce.products import PATH as PRODUCTS
from connectors.platforms.bigcommerce.products import Products
from connectors.platforms.bigcommerce.source_base import Source, id_page_by_id, id_page_by_number, rows_by_id
from connectors.platforms.bigcommerce.stock_and_prices import send_prices, send_stock
from connectors.platforms.bigcommerce.store_settings import StoreSettings
from connectors.records import Record
from hub.kinds import DataType, Kind, Role

SOURCES: dict[DataType, type[Source]] = {
    DataType.SETTINGS: StoreSettings,
    DataType.CATEGORIES: Categories,
    DataType.BRANDS: Brands,
    DataType.PRODUCTS: Products,
    DataType.CUSTOMERS: Customers,
    DataType.ORDERS: Orders,
}


class _BigCommerce(Adapter):
    """What both directions have in common. They share the store's budget of requests."""

    Credentials: ClassVar[type[Schema]] = Credentials
    rate = Rate(requests=150, seconds=30)

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        http.parse_retry_after = retry_at

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return f"bigcommerce:{account.base_url}"

    @cached_property
    def client(self) -> BigCommerceClient:
        return BigCommerceClient(self.account, self.http)

    def authenticate(self) -> dict[str, str]:
        return {"X-Auth-Token": self.account.credentials.access_token.get_secret_value()}

    def check(self) -> str:
        try:
            info = self.client.info
        except Refused as refused:
            raise NeedsAttention(
                f"There is no store at this address ({refused.status}).",
                fix="The address ends with /stores/ and the store's hash, as its API path in BigCommerce does.",
            ) from refused
        return f"{info.get('name')} ({info.get('domain')}), {info.get('currency')}"

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        ids = list(external_ids)
        match kind:
            case Kind.PRODUCT:
                return {str(row["id"]) for row in self.client.existing(PRODUCTS, ids, include_fields="name")}
            case Kind.BRAND:
                return {str(row["id"]) for row in self.client.existing(BRANDS, ids, include_fields="name")}
            case Kind.CATEGORY:
                rows = self.client.existing(CATEGORIES, ids, name="category_id", include_fields="name")
                return {str(row["category_id"]) for row in rows}
        return super().lookup(kind, ids)

    def list_ids(self, kind: str, *, cursor: Any) -> IdPage:
        match kind:
            case Kind.PRODUCT:
                return id_page_by_id(self.client, PRODUCTS, cursor, sort="id", direction="asc")
            case Kind.BRAND:
                return id_page_by_id(self.client, BRANDS, cursor)
            case Kind.CATEGORY:
                return id_page_by_number(self.client, CATEGORIES, cursor, name="category_id")
        return super().list_ids(kind, cursor=cursor)


class BigCommerce(_BigCommerce):
    """Reads a store's settings, categories, brands, products, customers and orders."""

    key = "bigcommerce"
    name = "BigCommerce"
    role = Role.SHOP
    Settings = Settings
    Credentials = SourceCredentials
    FieldMap = FieldMap
    imports = dict.fromkeys(SOURCES, "catalog") | {DataType.CUSTOMERS: "customers", DataType.ORDERS: "orders"}
    registers_webhooks = True
    # What webhooks tell of is read by its time of change as well, lest the sender lose something. What has no time of
    # change (a deletion, a brand, a category) is found by reading everything.
    schedules = {
        DataType.SETTINGS: ("1d", ""),
        DataType.CATEGORIES: ("1d", ""),
        DataType.BRANDS: ("1h", ""),
        DataType.PRODUCTS: ("1d", "15m"),
        DataType.CUSTOMERS: ("", "15m"),
        DataType.ORDERS: ("", "15m"),
    }
    import_dependencies = {
        DataType.PRODUCTS: (DataType.SETTINGS, DataType.CATEGORIES, DataType.BRANDS),
        DataType.ORDERS: (DataType.CUSTOMERS,),
    }

    @cached_property
    def _sources(self) -> dict[DataType, Source]:
        return {data_type: source(self.client) for data_type, source in SOURCES.items()}

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        return self._sources[data_type].read_page(since, cursor)

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        return self._sources[data_type].fetch(external_ids)

    @classmethod
    def webhook_secrets(cls, account: Account, own: str) -> dict[str, str]:
        return {"standard": account.credentials.client_secret.get_secret_value(), "header": own}

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        return webhooks.parse_event(payload)

    def register_webhooks(self, destination: str, headers: Mapping[str, str]) -> int:
        return webhooks.register(self.client, destination, headers)

    def remove_webhooks(self, destination: str) -> int:
        return webhooks.remove(self.client, destination)


class BigCommerceTarget(_BigCommerce):
    """Writes brands, categories, products with their variants, stock and price lists to a store.

    All in one lane: the vendor wants stock written while nothing else is.
    """

    key = "bigcommerce_target"
    name = "BigCommerce (target)"
    role = Role.CUSTOM  # the seller's shop is where products come from
    Settings = TargetSettings
    exports = dict.fromkeys(
        (DataType.BRANDS, DataType.CATEGORIES, DataType.PRODUCTS, DataType.STOCK, DataType.PRICES), "catalog"
    )
    # Brands go one a call, and categories fifty, after the whole tree was read.
    batch_size = {
        DataType.BRANDS: 25,
        DataType.CATEGORIES: 250,
        DataType.PRODUCTS: 10,
        DataType.STOCK: 2000,
        DataType.PRICES: 1000,
    }
    comparable = {
        DataType.BRANDS: ComparisonDepth.PRESENCE,
        DataType.CATEGORIES: ComparisonDepth.PRESENCE,
        DataType.PRODUCTS: ComparisonDepth.CONTENT,
    }

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        price_list = self.account.settings.price_list
        match data_type:
            case DataType.BRANDS:
                return payloads.brand(item)
            case DataType.CATEGORIES:
                return payloads.category(item)
            case DataType.PRODUCTS:
                return payloads.product(item, refs, price_list)
            case DataType.STOCK:
                return payloads.stock(item, refs)
            case DataType.PRICES if self.account.settings.price_list_id:
                return payloads.price(item, refs, price_list)
            case DataType.PRICES:
                return None
        return super().payload(data_type, item, refs)

    def read_held(self, data_type: DataType, *, cursor: Any) -> HeldPage:
        if data_type != DataType.PRODUCTS:
            return super().read_held(data_type, cursor=cursor)
        query = {
            "include_fields": ",".join(payloads.COMPARED_FIELDS),
            "sort": "id",
            "direction": "asc",
            "limit": PAGE_SIZE,
        }
        rows, following = rows_by_id(self.client, PRODUCTS, cursor, **query)
        return HeldPage({str(row["id"]): payloads.comparable_content(row) for row in rows}, following)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        match data_type:
            case DataType.BRANDS:
                return send_brands(self.client, operations)
            case DataType.CATEGORIES:
                return send_categories(self.client, operations)
            case DataType.PRODUCTS:
                return ProductWriter(self.client).send(operations)
            case DataType.STOCK:
                return send_stock(self.client, operations)
            case DataType.PRICES:
                return send_prices(self.client, operations)
        return super().send(data_type, operations)
