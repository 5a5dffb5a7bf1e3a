"""Magento 2 and Adobe Commerce, by the REST interface; docs/platforms/magento.md tells merchants and operators.

The connection's address is that of the shop, without `/rest`. The vendor documents no limit of requests; what stands
before a shop may have one, and answers 429.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from connectors.contract import (
    Account,
    Adapter,
    ComparisonDepth,
    HeldPage,
    IdPage,
    Operation,
    Outcome,
    Page,
    References,
    Schema,
)
from connectors.http import HttpClient
from connectors.platforms.magento import payloads, shipments, stock_and_prices
from connectors.platforms.magento.categories_and_brands import Brands, Categories
from connectors.platforms.magento.client import MagentoClient, oauth1_auth
from connectors.platforms.magento.customers import Customers
from connectors.platforms.magento.held_items import HeldItems
from connectors.platforms.magento.orders import Orders
from connectors.platforms.magento.product_writer import ProductWriter
from connectors.platforms.magento.products import Products
from connectors.platforms.magento.settings import Credentials, FieldMap, Settings, TargetMap, TargetSettings
from connectors.platforms.magento.source_base import Source
from connectors.platforms.magento.store_settings import StoreSettings
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


class _Magento(Adapter):
    """What both directions have in common."""

    Credentials: ClassVar[type[Schema]] = Credentials

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        http.auth = oauth1_auth(account.credentials)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return f"magento:{account.base_url}"

    @cached_property
    def client(self) -> MagentoClient:
        return MagentoClient(self.account, self.http)

    def authenticate(self) -> dict[str, str]:
        if self.http.auth is not None:
            return {}
        return {"Authorization": f"Bearer {self.account.credentials.access_token.get_secret_value()}"}

    def check(self) -> str:
        config = self.client.config
        return f"{config.get('base_url')} ({config.get('code')}), {config.get('base_currency_code')}"


class Magento(_Magento):
    """Reads a shop's settings, categories, brands, products, customers and orders; ships what others report."""

    key = "magento"
    name = "Magento 2"
    role = Role.SHOP
    Settings = Settings
    FieldMap = FieldMap
    imports = dict.fromkeys(SOURCES, "catalog") | {DataType.CUSTOMERS: "customers", DataType.ORDERS: "orders"}
    exports: ClassVar[dict[DataType, str]] = {DataType.ORDERS: "shipments"}
    batch_size: ClassVar[dict[DataType, int]] = {DataType.ORDERS: 20}
    # There are no events without an extension: what changed is read by its time, the rest by reading everything.
    schedules = {
        DataType.SETTINGS: ("1d", ""),
        DataType.CATEGORIES: ("1d", "1h"),
        DataType.BRANDS: ("1h", ""),
        DataType.PRODUCTS: ("1d", "15m"),
        DataType.CUSTOMERS: ("", "15m"),
        DataType.ORDERS: ("", "5m"),
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

    def lookup(self, kind: str, external_ids: Iterable[str]) -> set[str]:
        ids = list(external_ids)
        match kind:
            case Kind.PRODUCT:
                return Products(self.client).existing(ids)
            case Kind.CATEGORY:
                return Categories(self.client).existing(ids)
            case Kind.BRAND:
                return {each.external_id for each in Brands(self.client).fetch(ids)}
        return super().lookup(kind, ids)

    def list_ids(self, kind: str, *, cursor: Any) -> IdPage:
        match kind:
            case Kind.PRODUCT:
                return Products(self.client).ids(cursor)
            case Kind.CATEGORY:
                return Categories(self.client).ids(cursor)
            case Kind.BRAND:
                return Brands(self.client).ids()
        return super().list_ids(kind, cursor=cursor)

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        if data_type is DataType.ORDERS:
            return shipments.payload(item, refs)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        if data_type is DataType.ORDERS:
            return shipments.send_shipments(self.client, operations)
        return super().send(data_type, operations)


class MagentoTarget(_Magento):
    """Writes products with their variants, stock and prices to a shop, by SKU."""

    key = "magento_target"
    name = "Magento 2 (target)"
    role = Role.CUSTOM  # the seller's shop is where products come from
    Settings = TargetSettings
    FieldMap = TargetMap
    exports: ClassVar[dict[DataType, str]] = {
        DataType.PRODUCTS: "products",
        DataType.STOCK: "stock",
        DataType.PRICES: "prices",
    }
    batch_size: ClassVar[dict[DataType, int]] = {DataType.PRODUCTS: 100, DataType.STOCK: 1000, DataType.PRICES: 1000}
    comparable: ClassVar[dict[DataType, ComparisonDepth]] = {
        DataType.PRODUCTS: ComparisonDepth.PRESENCE,
        DataType.STOCK: ComparisonDepth.CONTENT,
        DataType.PRICES: ComparisonDepth.CONTENT,
    }

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        match data_type:
            case DataType.PRODUCTS:
                return payloads.product(item, refs, self.account.settings.price_list)
            case DataType.STOCK:
                return stock_and_prices.stock(item, self.account.settings.source_code)
            case DataType.PRICES:
                return stock_and_prices.price(item, self.account.settings.price_list)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        match data_type:
            case DataType.PRODUCTS:
                return ProductWriter(self.client).send(operations)
            case DataType.STOCK:
                return stock_and_prices.send_stock(self.client, operations)
            case DataType.PRICES:
                return stock_and_prices.send_prices(self.client, operations)
        return super().send(data_type, operations)

    def read_held(self, data_type: DataType, *, cursor: Any) -> HeldPage:
        return HeldItems(self.client).page(data_type, cursor)

    def holds(self, data_type: DataType, external_ids: Collection[str]) -> set[str]:
        return HeldItems(self.client).holds(data_type, external_ids)
