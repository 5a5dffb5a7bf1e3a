"""What is written to a shop."""

from connectors.platforms.woocommerce.targets.prices import PriceTarget
from connectors.platforms.woocommerce.targets.products import ProductTarget
from connectors.platforms.woocommerce.targets.stock import StockTarget

__all__ = ["PriceTarget", "ProductTarget", "StockTarget"]
