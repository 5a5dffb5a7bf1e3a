"""NetSuite (role: ERP), by SuiteTalk REST web services; docs/platforms/netsuite.md tells operators.

The connection's address is `https://ACCOUNT.suitetalk.api.netsuite.com/services/rest`, with the account in lower case
and `-` for `_`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import Account, Adapter, Operation, Outcome, Page, References
from connectors.http import HttpClient
from connectors.platforms.netsuite import customers, orders
from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.customers import Customers
from connectors.platforms.netsuite.fulfilments import Fulfilments
from connectors.platforms.netsuite.items import Items
from connectors.platforms.netsuite.orders import Orders
from connectors.platforms.netsuite.settings import Credentials, FieldMap, Settings
from connectors.records import Record
from hub.kinds import DataType, Role


class NetSuite(Adapter):
    """Takes orders and customers; tells what it has shipped, what it sells and how much of it is there."""

    key = "netsuite"
    name = "NetSuite"
    role = Role.ERP
    Settings = Settings
    Credentials = Credentials
    FieldMap = FieldMap
    imports = {DataType.PRODUCTS: "read", DataType.ORDERS: "read"}
    # One lane to read and one to write: an account takes five calls at a time in all, from everybody.
    exports = {DataType.CUSTOMERS: "write", DataType.ORDERS: "write"}
    batch_size = {DataType.CUSTOMERS: 10, DataType.ORDERS: 10}
    schedules = {DataType.PRODUCTS: ("1d", "15m"), DataType.ORDERS: ("1d", "5m")}

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        self.settings: Settings = account.settings
        self.fields: FieldMap = account.field_map
        self.client = NetSuiteClient(account, http)
        self.items = Items(self.client, self.settings, self.fields)
        self.fulfilments = Fulfilments(self.client, self.settings)
        self.orders = Orders(self.client, self.settings, self.fields)
        self.customers = Customers(self.client, self.settings)

    def check(self) -> str:
        return f"Account {self.settings.account.upper()} answers, with {self.items.total():,} items."

    # Import side

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        match data_type:
            case DataType.PRODUCTS:
                return self.items.read_page(since, cursor)
            case DataType.ORDERS:
                return self.fulfilments.read_page(since, cursor)
        return super().read_page(data_type, since=since, cursor=cursor)

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        match data_type:
            case DataType.PRODUCTS:
                return self.items.fetch(external_ids)
            case DataType.ORDERS:
                return self.fulfilments.fetch(external_ids)
        return super().fetch(data_type, external_ids)

    # Export side

    def payload(self, data_type: DataType, item: Any, refs: References) -> Any:
        match data_type:
            case DataType.ORDERS:
                return orders.payload(item, refs, self.settings, self.fields)
            case DataType.CUSTOMERS:
                return customers.payload(item, self.settings, self.fields)
        return super().payload(data_type, item, refs)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        match data_type:
            case DataType.ORDERS:
                return self.orders.send(operations)
            case DataType.CUSTOMERS:
                return self.customers.send(operations)
        return super().send(data_type, operations)
