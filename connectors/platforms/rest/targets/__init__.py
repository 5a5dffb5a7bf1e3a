"""Data types that are exported to a custom system."""

from connectors.platforms.rest.targets.brands import BrandTarget
from connectors.platforms.rest.targets.categories import CategoryTarget
from connectors.platforms.rest.targets.customers import CustomerTarget
from connectors.platforms.rest.targets.orders import OrderTarget
from connectors.platforms.rest.targets.prices import PriceTarget
from connectors.platforms.rest.targets.products import ProductTarget
from connectors.platforms.rest.targets.stock import StockTarget

__all__ = [
    "BrandTarget",
    "CategoryTarget",
    "CustomerTarget",
    "OrderTarget",
    "PriceTarget",
    "ProductTarget",
    "StockTarget",
]
