"""What is written to a shop; shipments by the connection that reads its orders."""

from connectors.platforms.woocommerce.targets.prices import PriceTarget
from connectors.platforms.woocommerce.targets.products import ProductTarget
from connectors.platforms.woocommerce.targets.shipments import ShipmentTarget
from connectors.platforms.woocommerce.targets.stock import StockTarget

__all__ = ["PriceTarget", "ProductTarget", "ShipmentTarget", "StockTarget"]
