"""Data types that are exported to a Magento shop."""

from connectors.platforms.magento.targets.customers import CustomerTarget
from connectors.platforms.magento.targets.prices import PriceTarget
from connectors.platforms.magento.targets.products import ProductTarget
from connectors.platforms.magento.targets.shipments import ShipmentTarget
from connectors.platforms.magento.targets.stock import StockTarget

__all__ = ["CustomerTarget", "PriceTarget", "ProductTarget", "ShipmentTarget", "StockTarget"]
