"""SparkLayer (role: B2B front), by its REST API; docs/platforms/sparklayer.md tells merchants and operators.

The connection's address is `https://app.sparklayer.io`, or `https://test.app.sparklayer.io` for test sites.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.contract import Account, Adapter, LogReport, Operation, Outcome, References
from connectors.http import HttpClient
from connectors.platforms.sparklayer import customers, orders, products, stock_and_prices, store_settings, sync_log
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.price_lists import PriceLists
from connectors.platforms.sparklayer.settings import Credentials, FieldMap, Settings
from hub.kinds import DataType, Role


class SparkLayer(Adapter):
    """Writes products, stock, prices, customers, orders and store settings to the B2B front on a seller's shop."""

    key = "sparklayer"
    name = "SparkLayer"
    role = Role.B2B
    Settings = Settings
    Credentials = Credentials
    FieldMap = FieldMap
    # Prices and settings both see to the price list.
    exports = {
        DataType.PRODUCTS: "products",
        DataType.STOCK: "stock",
        DataType.PRICES: "prices",
        DataType.SETTINGS: "prices",
        DataType.CUSTOMERS: "customers",
        DataType.ORDERS: "orders",
    }
    shards = {DataType.PRODUCTS: 2}
    batch_size = dict.fromkeys(exports, 10) | {DataType.STOCK: 500, DataType.PRICES: 500}
    uses_shop_ids = True
    keeps_sync_log = frozenset(sync_log.LOG_NAMES)

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        self.settings: Settings = account.settings

    @cached_property
    def client(self) -> SparkLayerClient:
        return SparkLayerClient(self.account, self.http)

    @cached_property
    def price_lists(self) -> PriceLists:
        return PriceLists(self.client)

    @classmethod
    def budget_key(cls, account: Account) -> str:
        return f"{cls.key}:{account.base_url}:{account.settings.site_id}"

    def authenticate(self) -> dict[str, str]:
        """The token is added call by call, since it ends within a turn."""
        return {"Site-Id": self.settings.site_id}

    def check(self) -> str:
        return f"Site {self.settings.site_id} ({self.settings.site_env}), {self.price_lists.number()} price lists"

    def payload(self, data_type: DataType, item: Any, refs: References) -> Any:
        own = self.settings
        match data_type:
            case DataType.PRODUCTS:
                return products.payload(item, refs, own.price_list, self.account.field_map)
            case DataType.STOCK:
                return stock_and_prices.stock_payload(item, refs, own.stock_locations)
            case DataType.PRICES:
                return stock_and_prices.price_payload(item, refs, own.price_list)
            case DataType.SETTINGS:
                return store_settings.payload(item, own.shop, own.price_list)
            case DataType.CUSTOMERS:
                return customers.payload(item, refs)
            case DataType.ORDERS:
                return orders.payload(item, refs)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        match data_type:
            case DataType.PRODUCTS:
                return products.send(self.client, operations)
            case DataType.STOCK:
                return stock_and_prices.send_stock(self.client, operations)
            case DataType.PRICES:
                return stock_and_prices.send_prices(self.client, self.price_lists, operations)
            case DataType.SETTINGS:
                return store_settings.send(self.client, self.price_lists, operations)
            case DataType.CUSTOMERS:
                return customers.send(self.client, operations)
            case DataType.ORDERS:
                return orders.send(self.client, operations)
        return super().send(data_type, operations)

    def start_log(self, data_type: DataType, *, started: datetime, finished_at: datetime | None) -> None:
        sync_log.start(self.client, self.settings.integration, data_type, started, finished_at)

    def add_to_log(self, data_type: DataType, report: LogReport) -> None:
        sync_log.add(self.client, self.settings.integration, data_type, report)

    def delete_logs(self) -> None:
        sync_log.delete(self.client)
