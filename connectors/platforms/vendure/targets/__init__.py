"""What is written to Vendure."""

from connectors.platforms.vendure.targets.prices import PriceTarget
from connectors.platforms.vendure.targets.products import ProductTarget
from connectors.platforms.vendure.targets.shipments import ShipmentTarget
from connectors.platforms.vendure.targets.stock import StockTarget

__all__ = ["PriceTarget", "ProductTarget", "ShipmentTarget", "StockTarget"]
