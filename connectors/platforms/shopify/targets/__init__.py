"""What is written to a store."""

from connectors.platforms.shopify.targets.prices import PriceTarget
from connectors.platforms.shopify.targets.products import ProductTarget
from connectors.platforms.shopify.targets.shipments import ShipmentTarget
from connectors.platforms.shopify.targets.stock import StockTarget

__all__ = ["PriceTarget", "ProductTarget", "ShipmentTarget", "StockTarget"]
