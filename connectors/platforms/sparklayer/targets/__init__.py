"""Data types that are exported to SparkLayer."""

from connectors.platforms.sparklayer.targets.customers import CustomerTarget
from connectors.platforms.sparklayer.targets.orders import OrderTarget
from connectors.platforms.sparklayer.targets.prices import PriceTarget
from connectors.platforms.sparklayer.targets.products import ProductTarget
from connectors.platforms.sparklayer.targets.stock import StockTarget
from connectors.platforms.sparklayer.targets.store_settings import StoreSettingsTarget

__all__ = [
    "CustomerTarget",
    "OrderTarget",
    "PriceTarget",
    "ProductTarget",
    "StockTarget",
    "StoreSettingsTarget",
]
