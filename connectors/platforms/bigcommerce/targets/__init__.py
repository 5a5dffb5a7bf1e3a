"""Data types that are exported to a store; shipments by the connection that reads its orders."""

from connectors.platforms.bigcommerce.targets.brands import BrandTarget
from connectors.platforms.bigcommerce.targets.categories import CategoryTarget
from connectors.platforms.bigcommerce.targets.customers import CustomerTarget
from connectors.platforms.bigcommerce.targets.prices import PriceTarget
from connectors.platforms.bigcommerce.targets.products import ProductTarget
from connectors.platforms.bigcommerce.targets.shipments import ShipmentTarget
from connectors.platforms.bigcommerce.targets.stock import StockTarget

__all__ = [
    "BrandTarget",
    "CategoryTarget",
    "CustomerTarget",
    "PriceTarget",
    "ProductTarget",
    "ShipmentTarget",
    "StockTarget",
]
